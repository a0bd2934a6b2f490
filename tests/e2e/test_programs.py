"""Programs of the administrator in front of a login: external authentication, before a login."""
import json
import os
import shutil
import sqlite3
import stat
import threading

import pytest

from clients import Account
from postern_server import scratch, wait_until
from program_files import SAMPLES, Program, alive, program  # noqa: F401
from raw_ssh import RawSsh, Reader, USERAUTH_FAILURE, USERAUTH_PK_OK, USERAUTH_SUCCESS, load_key
from test_reload import reload

EXTERNAL, PRE_LOGIN = 'external_auth_program', 'pre_login_program'


@pytest.fixture
def serve(servers):
    """serve(data_provider={...}, limits={...}): a server whose programs find where homes are."""
    def make(start=True, **config):
        server = servers(config, start=False)
        server.environment = {'POSTERN_TEST_HOMES': server.homes,
                              'SFTPGO_DATA_PROVIDER__PASSWORD': 'of the database'}
        return server.start() if start else server
    return make


@pytest.fixture
def client(keys):
    made = []

    def make(server, name='test_user', password='test_password', key='ed25519'):
        made.append(scratch('postern-client-'))
        return Account(server, name, server.home(name), made[-1], keys,
                       os.path.join(keys, f'id_{key}'), password)
    yield make
    for directory in made:
        shutil.rmtree(directory, ignore_errors=True)


def enters(account, **options):
    return account.sftp('pwd\n', check=False, **options).returncode == 0


def show(server, name='test_user'):
    return json.loads(server.cli('user', 'show', name, '--json').stdout)


def answer(server, name, members=''):
    """A program that gives this account, whatever is asked."""
    return ('#!/bin/sh\necho "$SFTPGO_AUTHD_USERNAME" >> DIR/calls\n'
            f'cat <<END\n{{"username":"{name}","status":1,"home_dir":"{server.home(name)}",'
            f'"permissions":{{"/":["*"]}}{members}}}\nEND\n')


# ---- external authentication

def test_every_method(serve, program, client):
    server = serve(data_provider={EXTERNAL: program(sample='accept_test_user').path})
    account = client(server)
    assert enters(account, by_password=True)
    stored = show(server)
    assert stored['home_dir'] == server.home('test_user') and stored['last_login'] > 0
    assert 'password' not in stored
    assert not enters(account, by_password=True, password='another')
    assert enters(account)
    assert [key.split()[:2] for key in show(server)['public_keys']] == \
        [open(account.key + '.pub', encoding='utf-8').read().split()[:2]]
    account.paramiko(by_password=True).close()
    account.paramiko().close()
    # The built-in dialogue asks for a password, which the program is told.
    raw = RawSsh(server.port).ready()
    for password, kind in (('another', USERAUTH_FAILURE), ('test_password', USERAUTH_SUCCESS)):
        raw.interactive('test_user')
        raw.questions()
        raw.reply(password)
        raw.expect(kind)
    raw.close()
    assert show(server)['id'] == stored['id']
    assert not enters(client(server, name='another_user'), by_password=True)
    assert not enters(client(server, name='another_user'))
    assert server.cli('user', 'show', 'another_user', check=False).returncode == 1
    line = server.log_line(login_type='password', username='another_user')
    assert line['sender'] == 'connection_failed' and line['error'] == 'Invalid credentials'


def test_an_empty_password_is_no_question(serve, program):
    server = serve(start=False)
    allows = program(answer(server, 'bob'))
    server.configure({'data_provider': {EXTERNAL: allows.path}})
    server.start()
    raw = RawSsh(server.port).ready()
    raw.password('bob', '')
    raw.expect(USERAUTH_FAILURE)
    assert allows.calls() == []
    raw.close()


@pytest.mark.parametrize('scope, asked', [
    (0, 'password publickey keyboard-interactive'), (1, 'password keyboard-interactive'),
    (2, 'publickey'), (4, 'keyboard-interactive'), (7, 'password publickey keyboard-interactive')])
def test_scope(serve, program, accounts, scope, asked):
    """Out of its scope the program is not asked, and the stored account is what counts."""
    server = serve(start=False)
    denies = program('#!/bin/sh\nenv > DIR/calls\nexit 1\n')
    server.configure({'data_provider': {EXTERNAL: denies.path, 'external_auth_scope': scope}})
    server.start()
    account = accounts(server, name='bob', password='secret')
    for method in ('password', 'publickey', 'keyboard-interactive'):
        raw = RawSsh(server.port).ready()
        if method == 'password':
            raw.password('bob', 'secret')
        elif method == 'publickey':
            raw.key_proof('bob', load_key(account.key))
        else:
            raw.interactive('bob')
            raw.questions()
            raw.reply('secret')
        in_scope = method in asked.split()
        raw.expect(USERAUTH_FAILURE if in_scope else USERAUTH_SUCCESS)
        raw.close()
        assert bool(denies.calls()) == in_scope, method
        if in_scope:
            by_password = method == 'password' or scope != 4 and method != 'publickey'
            assert ('SFTPGO_AUTHD_PASSWORD=secret' in denies.calls()) == by_password
            os.unlink(os.path.join(denies.dir, 'calls'))


def test_a_query_asks_once_and_lets_nobody_in(serve, program, keys):
    server = serve(start=False)
    allows = program(answer(server, 'bob'))
    server.configure({'data_provider': {EXTERNAL: allows.path}})
    server.start()
    key = load_key(os.path.join(keys, 'id_ed25519'))
    raw = RawSsh(server.port).ready()
    for _ in range(3):
        raw.key_offer('bob', key)
        raw.expect(USERAUTH_PK_OK)
    assert allows.calls() == ['bob']
    # Another login of the same user, meanwhile, with another key.
    other = RawSsh(server.port).ready()
    other.key_proof('bob', load_key(os.path.join(keys, 'id_stranger')))
    other.expect(USERAUTH_SUCCESS)
    other.close()
    assert allows.calls() == ['bob', 'bob']
    raw.key_proof('bob', key, session_id=b'x' * 32)
    raw.expect(USERAUTH_FAILURE)
    raw.key_proof('bob', key)
    raw.expect(USERAUTH_SUCCESS)
    raw.sftp()
    raw.close()
    assert allows.calls() == ['bob', 'bob']


def test_a_refused_key_is_not_asked_about_again(serve, program, keys):
    server = serve(start=False)
    denies = program('#!/bin/sh\necho x >> DIR/calls\nexit 1\n')
    server.configure({'data_provider': {EXTERNAL: denies.path}})
    server.start()
    raw = RawSsh(server.port).ready()
    for _ in range(2):
        raw.key_offer('bob', load_key(os.path.join(keys, 'id_ed25519')))
        raw.expect(USERAUTH_FAILURE)
    raw.key_proof('bob', load_key(os.path.join(keys, 'id_ed25519')))
    raw.expect(USERAUTH_FAILURE)
    assert denies.calls() == ['x']
    raw.key_offer('bob', load_key(os.path.join(keys, 'id_stranger')))
    raw.expect(USERAUTH_FAILURE)
    assert denies.calls() == ['x', 'x']
    raw.close()


OUTPUTS = {
    'nothing': ('', 'Invalid external auth response: the JSON text ends too early'),
    'text': ('echo hello', 'Invalid external auth response: the text is not JSON'),
    'half': ('echo \'{"username":"bob",\'', 'Invalid external auth response: the JSON text ends'),
    'list': ('echo "[]"', 'Invalid external auth response: a user must be a JSON object'),
    'type': ('echo \'{"username":7}\'', 'Invalid external auth response: the member "username"'),
    'bytes': ('printf \'{"username":"\\377"}\'',
              'Invalid external auth response: the JSON text is'),
    'deep': ('yes [ | head -c 100000', 'Invalid external auth response: the JSON text is nested'),
    'nobody': ('echo \'{"username":""}\'', 'Invalid credentials'),
    'other': ('echo \'{"username":"eve","status":1}\'', 'Invalid external auth response: the user'),
    'invalid': ('echo \'{"username":"bob","status":1}\'', 'External auth error: Validation error'),
    'status': ('echo \'{"username":"bob"}\'; echo "no directory" >&2; exit 3',
               'External auth error: exit status 3: no directory'),
    'signal': ('kill -9 $$', 'External auth error: signal 9'),
}


@pytest.fixture(scope='module')
def changing():
    """A server whose program does what the test has written into its directory."""
    one = Program('#!/bin/sh\n. DIR/body\n')
    yield one
    shutil.rmtree(one.dir, ignore_errors=True)


@pytest.fixture(scope='module')
def changing_server(host_keys, changing):
    from conftest import Servers
    made = Servers(host_keys)
    yield made({'data_provider': {EXTERNAL: changing.path}, 'limits': {'program_seconds': 2}})
    made.finish()


def try_password(server, password='secret', user='bob'):
    """True when it lets in; leaves what the log says to the caller."""
    raw = RawSsh(server.port).ready()
    raw.password(user, password)
    kind = raw.read()[0]
    raw.close()
    assert kind in (USERAUTH_SUCCESS, USERAUTH_FAILURE)
    return kind == USERAUTH_SUCCESS


def write_body(program, text):
    with open(os.path.join(program.dir, 'body'), 'w', encoding='utf-8') as file:
        file.write(text.replace('DIR', program.dir) + '\n')


@pytest.mark.parametrize('name', OUTPUTS)
def test_wrong_answers(changing_server, changing, name):
    text, error = OUTPUTS[name]
    write_body(changing, text)
    lines = len(changing_server.log_text().splitlines())
    assert not try_password(changing_server)
    log = '\n'.join(changing_server.log_text().splitlines()[lines:])
    assert json.dumps(error)[1:-1] in log, log
    assert changing_server.cli('user', 'show', 'eve', check=False).returncode == 1


def test_output_at_its_limit(changing_server, changing):
    user = json.dumps({'username': 'bob', 'status': 1, 'permissions': {'/': ['*']},
                       'home_dir': changing_server.home('bob')})
    for extra, good in ((0, True), (1, False)):
        write_body(changing, f"printf '%s' '{user}'; head -c {(1 << 20) - len(user) + extra} "
                   "/dev/zero | tr '\\0' ' '")
        assert try_password(changing_server) == good
    changing_server.log_message('External auth error: it was killed, for it wrote too much')


def test_nothing_outlives_the_time_limit(changing_server, changing):
    """Children in sessions of their own, orphans, and a program that ignores signals."""
    write_body(changing, '''trap '' TERM HUP INT
for i in 1 2 3; do
  setsid sh -c 'trap "" TERM HUP; (setsid sleep 1000 & echo $! >> DIR/pids; sleep 1000 & \\
    echo $! >> DIR/pids) & echo $$ >> DIR/pids; wait; sleep 1000' &
done
while [ "$(wc -l < DIR/pids)" -lt 9 ]; do sleep 0.05; done
echo $$ >> DIR/pids
exec 1>&- 2>&-
while :; do sleep 1000; done''')
    assert not try_password(changing_server)
    pids = changing.read('pids').split()
    assert len(pids) == 10
    assert not [pid for pid in pids if alive(pid)]
    changing_server.log_message('External auth error: it was killed at its time limit')


def test_what_it_starts_ends_with_it(changing_server, changing):
    user = {'username': 'bob', 'status': 1, 'permissions': {'/': ['*']},
            'home_dir': changing_server.home('bob')}
    write_body(changing, f"setsid sleep 1000 & echo $! > DIR/left; echo '{json.dumps(user)}'")
    assert try_password(changing_server)
    assert not alive(changing.read('left'))


def test_what_it_is_given(changing_server, changing, keys):
    write_body(changing, '''env > DIR/env; cat > DIR/input; echo "$#" > DIR/arguments
cat /proc/$$/stat > DIR/stat
exec /usr/bin/python3 -c '
import os, stat
found = [(fd, stat.S_ISFIFO(os.fstat(fd).st_mode)) for fd in range(5000)
         if os.path.exists(f"/proc/self/fd/{fd}")]
open("DIR/fd", "w").write(str(found))
exit(1)' ''')
    assert not try_password(changing_server, password='pass word')
    env = changing.read('env').splitlines()
    assert {line for line in env if line.startswith('SFTPGO_')} == {
        'SFTPGO_AUTHD_USERNAME=bob', 'SFTPGO_AUTHD_PASSWORD=pass word',
        'SFTPGO_AUTHD_PUBLIC_KEY=', 'SFTPGO_AUTHD_KEYBOARD_INTERACTIVE='}
    assert f'PATH={os.environ["PATH"]}' in env
    assert changing.read('fd') == '[(0, True), (1, True), (2, True)]'
    assert changing.read('input') == '' and changing.read('arguments') == '0\n'
    pid, group, session = (changing.read('stat').split()[i] for i in (0, 4, 5))
    assert pid == group == session
    raw = RawSsh(changing_server.port).ready()
    raw.key_offer('bob', load_key(os.path.join(keys, 'id_ed25519')))
    raw.expect(USERAUTH_FAILURE)
    raw.close()
    with open(os.path.join(keys, 'id_ed25519.pub'), encoding='utf-8') as file:
        line = ' '.join(file.read().split()[:2])
    assert f'SFTPGO_AUTHD_PUBLIC_KEY={line}' in changing.read('env').splitlines()
    assert 'SFTPGO_AUTHD_PASSWORD=' in changing.read('env').splitlines()


def test_settings_do_not_reach_it(serve, program):
    sees = program('#!/bin/sh\nenv > DIR/env\nexit 1\n')
    server = serve(data_provider={EXTERNAL: sees.path})
    assert not try_password(server)
    assert 'POSTERN_TEST_HOMES' in sees.read('env')
    assert 'of the database' not in sees.read('env')


def test_a_client_that_leaves_ends_it(serve, program):
    waits = program('#!/bin/sh\necho $$ > DIR/runs\nsleep 1000\n')
    server = serve(data_provider={EXTERNAL: waits.path})
    raw = RawSsh(server.port).ready()
    raw.password('bob', 'secret')
    wait_until(lambda: waits.read('runs').strip(), 'the program runs')
    lines = server.log_text().count('connection_failed')
    raw.close()
    wait_until(lambda: not alive(waits.read('runs')), 'the program has ended')
    wait_until(lambda: server.log_text().count('connection_failed') > lines, 'it is logged')


def test_account_is_replaced_but_what_counts_is_kept(serve, program, accounts):
    server = serve(start=False)
    allows = program(answer(server, 'bob', ',"max_sessions":5,"used_quota_size":1,"id":77,'
                            '"last_login":1'))
    server.configure({'data_provider': {EXTERNAL: allows.path}})
    server.start()
    accounts(server, name='bob', password='stored', extra=['--max-sessions', '3'])
    path = os.path.join(server.top, 'change.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'filters': {'required_methods': [['password']]}}, file)
    server.cli('user', 'update', 'bob', '--from-json', path)
    server.cli('user', 'totp', 'enrol', 'bob')
    before = show(server, 'bob')
    with sqlite3.connect(os.path.join(server.dir, 'sftpgo.db')) as database:
        database.execute("UPDATE users SET used_quota_size = 4711 WHERE username = 'bob'")
    raw = RawSsh(server.port).ready()
    raw.password('bob', 'anything')  # good, but a code must follow
    reader = Reader(raw.expect(USERAUTH_FAILURE)[1:])
    assert (reader.string(), reader.u8()) == (b'keyboard-interactive', 1)
    raw.close()
    after = show(server, 'bob')
    assert after['id'] == before['id'] and after['used_quota_size'] == 4711
    assert after['max_sessions'] == 5 and 'public_keys' not in after
    assert after['filters']['required_methods'] == [['password']]
    assert after['filters']['totp'] == before['filters']['totp']


def test_normal_rules_still_hold(serve, program):
    server = serve(start=False)
    changing = program('#!/bin/sh\n. DIR/body\n')
    server.configure({'data_provider': {EXTERNAL: changing.path}})
    server.start()
    for members, error in ((',"status":0', 'disabled'), (',"expiration_date":1000', 'expired'),
                           (',"filters":{"denied_login_methods":["password"]}', 'is denied'),
                           (',"filters":{"denied_ip":["127.0.0.0/8"]}', 'may not log in from')):
        write_body(changing, answer(server, 'bob', members).replace('DIR', changing.dir))
        assert not try_password(server)
        server.log_message(error)


def test_many_at_once(serve, program, keys):
    """20 logins of one address, with half of six places: none is lost, never are there four."""
    server = serve(start=False)
    counts = program('#!/bin/sh\nmkdir DIR/run-$$\nls -d DIR/run-* | wc -l >> DIR/calls\n'
                     'sleep 0.2\nrmdir DIR/run-$$\n' + answer(server, 'bob').split('\n', 2)[2])
    server.configure({'data_provider': {EXTERNAL: counts.path},
                      'limits': {'programs_at_once': 6, 'max_unauthenticated_per_address': 100}})
    server.start()
    results = []
    key = load_key(os.path.join(keys, 'id_ed25519'))

    def log_in():
        raw = RawSsh(server.port).ready()
        raw.key_proof('bob', key)
        results.append(raw.read()[0] == USERAUTH_SUCCESS)
        raw.close()
    threads = [threading.Thread(target=log_in) for _ in range(20)]
    for thread in threads:
        thread.start()
    # Others are served meanwhile: this one needs no program.
    server.cli('user', 'list')
    for thread in threads:
        thread.join()
    assert results == [True] * 20
    seen = [int(count) for count in counts.calls()]
    assert len(seen) == 20 and max(seen) <= 3


def test_it_is_taken_away(serve, program):
    gone = program(sample='accept_test_user')
    server = serve(data_provider={EXTERNAL: gone.path})
    assert try_password(server, 'test_password', 'test_user')
    os.rename(gone.path, gone.path + '.old')
    assert not try_password(server, 'test_password', 'test_user')
    server.log_message('External auth error: it could not be run: No such file')
    # A configuration with it changes nothing more, and the server goes on.
    assert 'nothing has changed' in reload(server)['message']
    os.rename(gone.path + '.old', gone.path)
    assert try_password(server, 'test_password', 'test_user')


@pytest.mark.parametrize('section, key', [
    ('data_provider', EXTERNAL), ('data_provider', PRE_LOGIN),
    ('sftpd', 'keyboard_interactive_auth_program')])
def test_wrong_paths_stop_the_start(serve, program, section, key):
    plain = program('no program')
    os.chmod(plain.path, 0o644)
    for path, reason in (('relative', 'an absolute path'), ('/no/such', 'No such file'),
                         (plain.path, 'Permission denied'), (plain.dir, 'it is no file')):
        server = serve(start=False, **{section: {key: path}})
        server.launch()
        assert server.process.wait(60) != 0
        server.stopped = 0
        error = server.error_text()
        assert f'{section}.{key}' in error and reason in error and 'sftpgo.json' in error


def test_accounts_that_cannot_be_managed(serve, program):
    """What the program gives is written although manage_users is 0."""
    server = serve(start=False)
    server.cli('initprovider')
    allows = program(answer(server, 'bob'))
    server.configure({'data_provider': {EXTERNAL: allows.path, 'manage_users': 0}})
    server.start()
    assert try_password(server)
    assert show(server, 'bob')['username'] == 'bob'
    assert server.cli('user', 'delete', 'bob', check=False).returncode == 1
    assert try_password(server, 'a new one')


def test_a_password_that_looks_like_a_hash(serve, program):
    server = serve(start=False)
    allows = program(answer(server, 'bob'))
    server.configure({'data_provider': {EXTERNAL: allows.path, 'external_auth_scope': 1}})
    server.start()
    hashed = '$2a$04$abcdefghijklmnopqrstuu/H.lJFjaSiZfTHhMpDr7TruFgBe68Eu'
    assert try_password(server, hashed)
    server.configure({})
    assert '2 settings changed' in reload(server)['message']
    assert not try_password(server, 'the password')
    assert try_password(server, hashed)


def test_the_server_goes_down_while_it_runs(serve, program):
    waits = program('#!/bin/sh\necho $$ > DIR/runs\nsleep 1000\n')
    server = serve(data_provider={EXTERNAL: waits.path})
    raw = RawSsh(server.port).ready()
    raw.password('bob', 'secret')
    wait_until(lambda: waits.read('runs').strip(), 'the program runs')
    server.stop()
    wait_until(lambda: not alive(waits.read('runs')), 'the program has ended')
    raw.close()


# ---- before a login

@pytest.fixture
def before(serve, program, accounts):
    """before(text, **data_provider): (server, program, account bob)."""
    def make(text, **settings):
        server = serve(start=False)
        one = program(text)
        server.configure({'data_provider': {PRE_LOGIN: one.path, **settings}})
        server.start()
        return server, one, accounts(server, name='bob', password='secret')
    return make


def test_before_a_login_nothing_changes(before):
    server, one, account = before('#!/bin/sh\nenv > DIR/env\necho $SFTPGO_LOGIND_METHOD '
                                  '>> DIR/calls\necho\n')
    stored = show(server, 'bob')
    assert enters(account, by_password=True) and enters(account)
    raw = RawSsh(server.port).ready()
    raw.interactive('bob')
    raw.questions()
    raw.reply('secret')
    raw.expect(USERAUTH_SUCCESS)
    raw.close()
    assert one.calls() == ['password', 'publickey', 'keyboard-interactive']
    told = [line for line in one.read('env').splitlines() if line.startswith('SFTPGO_')]
    assert len(told) == 2
    user = json.loads([line for line in told if 'LOGIND_USER' in line][0].partition('=')[2])
    assert user['username'] == 'bob' and user['id'] == stored['id'] and 'password' not in user
    assert {**show(server, 'bob'), 'last_login': 0} == {**stored, 'last_login': 0}


def test_before_a_login_a_part_changes(before):
    server, one, account = before('''#!/bin/sh
echo '{"max_sessions":7,"permissions":{"/":["list"]},"used_quota_size":5,"last_login":5}'
''')
    stored = show(server, 'bob')
    assert enters(account, by_password=True)
    after = show(server, 'bob')
    assert after['max_sessions'] == 7 and after['permissions'] == {'/': ['list']}
    assert after['used_quota_size'] == 0 and after['last_login'] != 5
    assert after['home_dir'] == stored['home_dir'] and after['id'] == stored['id']
    assert account.sftp('mkdir new\n', check=False).returncode != 0


@pytest.mark.parametrize('text, error', [
    ('echo \'{"status":0}\'', 'user \\"bob\\" is disabled'),
    ('echo \'{"username":"eve"}\'', 'Invalid pre-login program response: a login cannot change'),
    ('echo \'{"id":4711}\'', 'Invalid pre-login program response: user ID'),
    ('echo nonsense', 'Invalid pre-login program response: the text is not JSON'),
    ('echo \'{"home_dir":"not absolute"}\'', 'Invalid pre-login program response: Validation'),
    ('echo "{}"; exit 9', 'Pre-login program error: exit status 9')])
def test_before_a_login_it_refuses(before, text, error):
    server, one, account = before('#!/bin/sh\n' + text + '\n')
    stored = show(server, 'bob')
    assert not try_password(server)
    assert error in server.log_text()
    assert {**show(server, 'bob'), 'status': 1} == stored


def test_before_a_login_of_nobody(before):
    server, one, account = before('#!/bin/sh\necho x >> DIR/calls\n')
    assert not try_password(server, user='nobody-here')
    assert one.calls() == []
    server.log_message('username nobody-here does not exist')


def test_before_a_login_the_external_one_comes_first(before, program):
    other = program(sample='accept_test_user')
    server, one, account = before('#!/bin/sh\necho x >> DIR/calls\n', external_auth_scope=1,
                                  external_auth_program=other.path)
    assert try_password(server, 'test_password', 'test_user')
    assert one.calls() == []
    assert enters(account)  # its key is not in the other's scope
    assert one.calls() == ['x']


def test_samples_can_be_run():
    for name in os.listdir(SAMPLES):
        assert os.stat(os.path.join(SAMPLES, name)).st_mode & stat.S_IXUSR
