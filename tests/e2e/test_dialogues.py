"""Keyboard-interactive dialogues that a program of the administrator holds."""
import asyncio
import contextlib
import json
import os
import time
import warnings

import pytest

from postern_server import wait_until
from program_files import Program, alive, program  # noqa: F401
from raw_ssh import (RawSsh, Reader, USERAUTH_FAILURE, USERAUTH_INFO_REQUEST, USERAUTH_SUCCESS,
                     load_key)
from test_totp import code_of, configure, enrol

PASSWORD = 'the right one'
ANSWERS = {'question 1: ': 'one', 'question 2: ': 'two', 'question 3: ': 'three'}


@pytest.fixture
def serve(servers):
    """serve(program, **config): a server whose dialogues that program holds."""
    def make(one, **config):
        return servers({**config, 'sftpd': {'keyboard_interactive_auth_program': one.path}})
    return make


@pytest.fixture
def asking(serve, program, accounts):
    """A server with the three questions, and its account bob."""
    server = serve(program(sample='three_questions'))
    return server, accounts(server, name='bob', password=PASSWORD)


def begin(server, user='bob'):
    raw = RawSsh(server.port).ready()
    raw.interactive(user)
    return raw


def update(server, **members):
    path = os.path.join(server.top, 'change.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(members, file)
    server.cli('user', 'update', 'bob', '--from-json', path)


def ending(raw):
    kind = raw.read()[0]
    raw.close()
    return kind == USERAUTH_SUCCESS


def shell(lines):
    """A program that prints these lines of JSON, reading a line after each that asks."""
    text = '#!/bin/sh\n'
    for line in lines:
        text += f"echo '{line if isinstance(line, str) else json.dumps(line)}'\n"
        if isinstance(line, dict) and 'questions' in line:
            text += ''.join('read -r answer; echo "$answer" >> DIR/calls\n'
                            for _ in line['questions'])
    return text


def asks(*questions, **more):
    return {'questions': list(questions), 'echos': [False] * len(questions), **more}


GOOD = {'auth_result': 1}


# ---- real clients

def test_openssh(asking):
    server, bob = asking
    helper = bob.local('askpass')
    for third, works in (('three', True), ('four', False)):
        with open(helper, 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\ncase "$1" in *1:*) echo one;; *2:*) echo two;; '
                       f'*3:*) echo {third};; esac\n')
        os.chmod(helper, 0o700)
        done = bob.sftp('pwd\n', by_password=True, check=False,
                        PreferredAuthentications='keyboard-interactive')
        assert (done.returncode == 0) == works, done.stderr
    line = server.log_line(login_type='keyboard-interactive', username='bob')
    assert line['error'] == 'Keyboard interactive auth failed: the program refused'
    server.log_message('user "bob" logged in from 127.0.0.1 by keyboard-interactive')


def test_paramiko(asking):
    import paramiko
    server, _ = asking
    asked = []

    def reply(title, instructions, prompts):
        asked.append((instructions, prompts))
        return [ANSWERS[text] for text, _ in prompts]
    transport = paramiko.Transport(('127.0.0.1', server.port))
    transport.connect()
    transport.auth_interactive('bob', reply)
    assert transport.is_authenticated()
    transport.close()
    assert asked == [('This is the first round', [('question 1: ', True), ('question 2: ', False)]),
                     ('This is the second round', [('question 3: ', True)])]


def test_asyncssh(asking):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        asyncssh = pytest.importorskip('asyncssh')
    server, _ = asking

    class Client(asyncssh.SSHClient):
        def kbdint_auth_requested(self):
            return ''

        def kbdint_challenge_received(self, name, instructions, lang, prompts):
            return [ANSWERS[text] for text, _ in prompts]

    async def log_in():
        connection, _ = await asyncssh.create_connection(
            Client, '127.0.0.1', server.port, username='bob', known_hosts=None, client_keys=None,
            preferred_auth='keyboard-interactive')
        async with connection, connection.start_sftp_client() as sftp:
            return await sftp.getcwd()
    assert asyncio.run(log_in()) in ('/', b'/')


# ---- rounds and answers

def test_no_question_and_any_number_of_rounds(serve, program, accounts):
    server = serve(program(shell([GOOD])))
    accounts(server, name='bob')
    assert ending(begin(server))
    one = program(shell([asks(f'{number}?') for number in range(20)] + [GOOD]))
    server = serve(one)
    accounts(server, name='bob')
    raw = begin(server)
    for number in range(20):
        assert raw.questions() == [(f'{number}?', 0)]
        raw.reply(f'answer {number}' if number else '')
    assert ending(raw)
    assert one.calls() == [''] + [f'answer {number}' for number in range(1, 20)]


def test_lines_that_come_at_once(serve, program, accounts):
    """A program may ask before it has read the answers, and end its last line with its output."""
    first, second = json.dumps(asks('a', 'b')), json.dumps(asks('c'))
    one = program(f"#!/bin/sh\nprintf '%s\\n%s\\n%s' '{first}' '{second}' '{json.dumps(GOOD)}'\n"
                  'cat > DIR/calls\n')
    server = serve(one)
    accounts(server, name='bob')
    raw = begin(server)
    assert raw.questions() == [('a', 0), ('b', 0)]
    raw.reply('1', '2')
    assert raw.questions() == [('c', 0)]
    raw.reply('3')
    # The last line has no end: the program's end is what ends it.
    pid = wait_until(lambda: server.workers('supervisor'), 'the program runs')
    assert len(pid) == 1
    raw.close()
    wait_until(lambda: not server.workers('supervisor'), 'the program has ended')


def test_keys_in_any_case(serve, program, accounts):
    server = serve(program(shell(['{"Questions":["a"],"ECHOS":[true],"more":[{}]} trailing',
                                  '{"Auth_Result":1}'])))
    accounts(server, name='bob')
    raw = begin(server)
    assert raw.questions() == [('a', 1)]
    raw.reply('x')
    assert ending(raw)


def long_line(size):
    head, tail = '{"auth_result":1,"x":"', '"}'
    return f"printf '%s' '{head}'; head -c {size - len(head) - len(tail)} /dev/zero | " \
           f"tr '\\0' x; echo '{tail}'"


LINES = {
    'text': (['hello'], 'the text is not JSON'),
    'empty': ([''], 'the JSON text ends too early'),
    'list': (['[]'], 'it is no JSON object'),
    'nothing': (['{}'], 'it has neither questions nor a result'),
    'result type': (['{"auth_result":"1"}'], '"auth_result" is no whole number'),
    'question type': (['{"questions":[1],"echos":[true]}'], 'a question is no text'),
    'echo type': (['{"questions":["a"],"echos":[1]}'], 'a question is no text'),
    'fewer echos': (['{"questions":["a","b"],"echos":[true]}'], 'it has 2 questions and 1 echos'),
    'no echos': (['{"questions":["a"]}'], 'it has 1 questions and 0 echos'),
    'too many': ([asks(*['q'] * 17)], 'it has more than 16 questions'),
    'too long': ([asks('q' * 8192)], 'the questions are too long'),
    'instruction type': ([asks('q', instruction=[])], '"instruction" is no text'),
    'instruction': ([asks('q', instruction='i' * 4097)], '"instruction" has more than 4096'),
    'check of two': ([asks('a', 'b', check_password=1)], '"check_password" goes with exactly'),
    'check type': ([asks('a', check_password=True)], '"check_password" is no whole number'),
    'refusal': ([{'auth_result': -1}], 'the program refused'),
    'another number': ([{'auth_result': 2}], 'the program refused'),
}


@pytest.fixture(scope='module')
def changing(host_keys):
    """(server with an account bob, program whose body the test writes)."""
    from conftest import Servers
    one, made = Program('#!/bin/sh\n. DIR/body\n'), Servers(host_keys)
    server = made({'sftpd': {'keyboard_interactive_auth_program': one.path},
                   'limits': {'program_seconds': 3, 'max_unauthenticated_per_address': 1000}})
    server.add_user('bob', password=PASSWORD)

    def write(text):
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(one.dir, 'calls'))  # of the program before
        with open(os.path.join(one.dir, 'body'), 'w', encoding='utf-8') as file:
            file.write(text.replace('DIR', one.dir) + '\n')
        server.since = len(server.log_text())
        return one
    yield server, write
    made.finish()


def said(server, text):
    def find():
        return json.dumps(text)[1:-1] in server.log_text()[server.since:]
    wait_until(find, f'{text}; the log:\n{server.log_text()[server.since:]}')


@pytest.mark.parametrize('name', LINES)
def test_wrong_lines(changing, name):
    server, write = changing
    lines, error = LINES[name]
    write(shell(lines).partition('\n')[2])
    assert not ending(begin(server))
    said(server, error)
    wait_until(lambda: not server.workers('supervisor'), 'the program has ended')


def test_limits(changing):
    server, write = changing
    write(long_line(64 * 1024))
    assert ending(begin(server))
    write(long_line(64 * 1024 + 1))
    assert not ending(begin(server))
    said(server, 'a line is longer than 64 KiB')
    write("head -c 100000 /dev/zero | tr '\\0' x; sleep 1000")
    assert not ending(begin(server))
    said(server, 'a line is longer than 64 KiB')
    for questions, size in ((16, 1), (1, 8192 - 5)):
        write(shell([asks(*['q' * size] * questions, instruction='i' * 4096), GOOD])
              .partition('\n')[2])
        raw = begin(server)
        assert len(raw.questions()) == questions
        raw.reply(*['a' * 1024] * questions)
        assert ending(raw)
    write(json.dumps(asks('q')).join(["echo '", "'\nyes ''"]))
    raw = begin(server)
    raw.questions()
    time_limit = time.monotonic() + 60
    while 'wrote too much' not in server.log_text()[server.since:]:
        raw.reply('x')
        if raw.read()[0] != USERAUTH_INFO_REQUEST or time.monotonic() > time_limit:
            break
    raw.close()


@pytest.mark.parametrize('answers', [('one',), ('one', 'two', 'three'), (), ('a\nb', 'two'),
                                     ('a\rb', 'two'), ('a\0b', 'two'), ('a' * 1025, 'two')])
def test_wrong_answers_never_reach_it(changing, answers):
    server, write = changing
    one = write("echo '%s'\ncat > DIR/calls" % json.dumps(asks('1', '2')))
    raw = begin(server)
    raw.questions()
    raw.reply(*answers)
    if answers and len(answers[0]) > 1024:  # no client of ours may send that
        raw.expect_end()
        raw.close()
    else:
        assert not ending(raw)
        said(server, "the client's answers do not fit the questions")
    wait_until(lambda: not server.workers('supervisor'), 'the program has ended')
    assert one.calls() == []


def test_the_end_of_the_program(changing):
    server, write = changing
    for text, error in (('exit 0', 'exit status 0'), ('echo why >&2; exit 7', 'exit status 7: why'),
                        ('kill -9 $$', 'signal 9')):
        write(text)
        assert not ending(begin(server))
        said(server, 'Keyboard interactive auth error: ' + error)
    # The exit status means nothing once there is a result.
    write('echo \'{"auth_result":1}\'; exit 9')
    assert ending(begin(server))
    # Its input is closed behind the result.
    one = write('echo \'{"auth_result":1}\'; cat > DIR/input; echo closed > DIR/calls')
    assert ending(begin(server))
    wait_until(one.calls, 'the input was closed')
    # It ends while the client thinks.
    write("echo '%s'; exit 5" % json.dumps(asks('q')))
    raw = begin(server)
    raw.questions()
    wait_until(lambda: not server.workers('supervisor'), 'the program has ended')
    raw.reply('x')
    assert not ending(raw)
    said(server, 'Keyboard interactive auth error: exit status 5')


def test_the_time_limit(changing):
    server, write = changing
    one = write('setsid sleep 1000 & echo $! > DIR/pid; exec 1>&-; sleep 1000')
    assert not ending(begin(server))
    said(server, 'Keyboard interactive auth error: it was killed at its time limit')
    assert not alive(one.read('pid'))
    # The limit is one for all rounds, also while the client thinks.
    one = write("echo $$ > DIR/pid; echo '%s'; read -r x; echo '{\"auth_result\":1}'"
                % json.dumps(asks('q')))
    raw = begin(server)
    raw.questions()
    wait_until(lambda: not alive(one.read('pid')), 'the program has ended')
    raw.reply('x')
    assert not ending(raw)


def test_giving_up_kills_it(changing):
    server, write = changing
    one = write("echo '%s'; echo $$ > DIR/pid; sleep 1000" % json.dumps(asks('q')))
    for end in ('password', 'interactive', 'close'):
        raw = begin(server)
        raw.questions()
        first = wait_until(lambda: one.read('pid').strip(), 'the program runs')
        if end == 'password':
            raw.password('bob', PASSWORD)
            raw.expect(USERAUTH_SUCCESS)
        elif end == 'interactive':
            raw.interactive('bob')
            raw.questions()
        raw.close()
        wait_until(lambda: not alive(first), 'the program has ended')
    wait_until(lambda: not server.workers('supervisor'), 'no program is left')


def test_what_it_is_given(changing):
    server, write = changing
    one = write('env > DIR/env; echo \'{"auth_result":1}\'')
    assert ending(begin(server))
    told = {line.partition('=')[0]: line.partition('=')[2]
            for line in one.read('env').splitlines() if line.startswith('SFTPGO_')}
    assert set(told) == {'SFTPGO_AUTHD_USERNAME', 'SFTPGO_AUTHD_PASSWORD'}
    assert told['SFTPGO_AUTHD_USERNAME'] == 'bob'
    assert told['SFTPGO_AUTHD_PASSWORD'].startswith('$argon2id$')


def test_the_password_as_an_answer(changing):
    server, write = changing
    one = write(shell([asks('Password: ', check_password=1), asks('Colour: '), GOOD])
                .partition('\n')[2])
    before = len(one.calls())
    raw = begin(server)
    assert raw.questions() == [('Password: ', 0)]
    raw.reply('the wrong one')
    assert not ending(raw)
    said(server, 'Invalid credentials')
    assert one.calls()[before:] == []
    raw = begin(server)
    raw.questions()
    raw.reply(PASSWORD)
    assert raw.questions() == [('Colour: ', 0)]
    raw.reply('blue')
    assert ending(raw)
    assert one.calls()[before:] == ['OK', 'blue'] and PASSWORD not in one.read('calls')


# ---- who may log in so

def test_nobody_starts_no_program(serve, program, accounts):
    one = program('#!/bin/sh\necho x >> DIR/calls\necho \'{"auth_result":1}\'\n')
    server = serve(one)
    accounts(server, name='bob', password=PASSWORD)
    assert not ending(begin(server, 'nobody-here'))
    for change, error in (({'status': 0}, 'is disabled'), ({'expiration_date': 1000}, 'is expired'),
                          ({'filters': {'denied_ip': ['127.0.0.0/8']}}, 'may not log in from'),
                          ({'filters': {'denied_login_methods': ['keyboard-interactive']}},
                           'method keyboard-interactive is denied')):
        update(server, **{'status': 1, 'expiration_date': 0,
                          'filters': {'denied_ip': [], 'denied_login_methods': []}, **change})
        assert not ending(begin(server))
        server.log_message(error)
    assert one.calls() == []


def test_max_sessions(serve, program, accounts):
    server = serve(program(shell([asks('q'), GOOD])))
    accounts(server, name='bob', password=PASSWORD, extra=['--max-sessions', '1'])
    waiting = begin(server)
    waiting.questions()
    first = begin(server)
    first.questions()
    first.reply('x')
    first.expect(USERAUTH_SUCCESS)
    first.sftp()
    wait_until(lambda: json.loads(server.cli('session', 'list', '--json').stdout), 'it is listed')
    # The second one began while there was none.
    waiting.reply('x')
    assert not ending(waiting)
    server.log_message('too many open sessions: 1 of 1')
    assert not ending(begin(server))
    first.close()


def test_disabled_meanwhile(serve, program, accounts):
    server = serve(program(shell([asks('q'), GOOD])))
    accounts(server, name='bob', password=PASSWORD)
    raw = begin(server)
    raw.questions()
    update(server, status=0)
    raw.reply('x')
    assert not ending(raw)
    server.log_message('is disabled')


def test_a_code_is_asked_for_all_the_same(serve, program, accounts):
    server = serve(program(shell([asks('Colour: '), GOOD])))
    bob = accounts(server, name='bob', password=PASSWORD)
    secret = enrol(server, 'bob')['secret']
    raw = begin(server)
    assert raw.questions() == [('Colour: ', 0)]
    raw.reply('blue')
    assert raw.questions() == [('One-time code: ', 0)]
    raw.reply('000000' if code_of(secret) != '000000' else '000001')
    raw.expect(USERAUTH_FAILURE)
    # After a password only the code is missing: the program is not asked.
    raw.password('bob', PASSWORD)
    raw.expect(USERAUTH_FAILURE)
    raw.interactive('bob')
    assert raw.questions() == [('One-time code: ', 0)]
    # Where a dialogue is required for its own sake, it is held as well.
    configure(server, 'bob', {'required_methods': [['publickey', 'keyboard-interactive']]})
    raw.close()
    raw = RawSsh(server.port).ready()
    raw.key_proof('bob', load_key(bob.key))
    reader = Reader(raw.expect(USERAUTH_FAILURE)[1:])
    assert (reader.string(), reader.u8()) == (b'keyboard-interactive', 1)
    raw.interactive('bob')
    assert raw.questions() == [('Colour: ', 0)]
    raw.reply('blue')
    assert raw.questions() == [('One-time code: ', 0)]
    raw.reply(code_of(secret))
    assert ending(raw)


def test_with_external_authentication(servers, program):
    """The one gives the account, and the other one asks."""
    one, other = program(sample='three_questions'), program(sample='accept_test_user')
    server = servers({'sftpd': {'keyboard_interactive_auth_program': one.path},
                      'data_provider': {'external_auth_program': other.path}}, start=False)
    server.environment = {'POSTERN_TEST_HOMES': server.homes}
    server.start()
    raw = begin(server, 'test_user')
    assert len(raw.questions()) == 2
    raw.reply('one', 'two')
    raw.questions()
    raw.reply('three')
    assert ending(raw)
    assert not ending(begin(server, 'another_user'))


def test_others_log_in_meanwhile(serve, program, accounts):
    """Dialogues that wait hold no thread, and a full line of programs is nobody else's concern."""
    server = serve(program(shell([asks('q'), GOOD])), limits={'programs_at_once': 4})
    bob = accounts(server, name='bob', password=PASSWORD)
    raws = [begin(server) for _ in range(8)]
    for raw in raws[:2]:
        raw.questions()
    bob.sftp('pwd\n')
    bob.sftp('pwd\n', by_password=True)
    raws.pop(7).close()  # one that waited in line
    for raw in raws:
        if raw not in raws[:2]:
            raw.questions()
        raw.reply('x')
        assert ending(raw)
