"""One-time codes and logins of several steps: enrolled by the command line, used over SSH."""
import base64
import hashlib
import hmac
import json
import struct
import time
import urllib.parse

import pytest

from raw_ssh import RawSsh, Reader, USERAUTH_FAILURE, USERAUTH_SUCCESS, load_key


@pytest.fixture
def own(servers):
    return servers()


def code_of(secret, when=None, algorithm='SHA1', digits=6):
    """RFC 6238, written apart from the server's."""
    key = base64.b32decode(secret + '=' * (-len(secret) % 8))
    step = struct.pack('>Q', int(when if when is not None else time.time()) // 30)
    mac = hmac.new(key, step, getattr(hashlib, algorithm.lower())).digest()
    offset = mac[-1] & 15
    return str((int.from_bytes(mac[offset:offset + 4], 'big') & 0x7fffffff) % 10**digits).zfill(
        digits)


def enrol(server, name, *options):
    return json.loads(server.cli('user', 'totp', 'enrol', name, *options, '--json').stdout)


def show(server, name):
    return json.loads(server.cli('user', 'totp', 'show', name, '--json').stdout)


def test_enrol_show_disable(own, accounts):
    accounts(own, name='bob')
    assert show(own, 'bob')['enabled'] is False
    enrolled = enrol(own, 'bob', '--algorithm', 'SHA256', '--digits', '8')
    uri = urllib.parse.urlparse(enrolled['uri'])
    query = urllib.parse.parse_qs(uri.query)
    assert (uri.scheme, uri.netloc, uri.path) == ('otpauth', 'totp', '/Postern:bob')
    assert query == {'secret': [enrolled['secret']], 'issuer': ['Postern'],
                     'algorithm': ['SHA256'], 'digits': ['8'], 'period': ['30']}
    assert len(code_of(enrolled['secret'], algorithm='SHA256', digits=8)) == 8
    assert len(set(enrolled['recovery_codes'])) == 10
    assert show(own, 'bob') == {'username': 'bob', 'enabled': True, 'algorithm': 'SHA256',
                                'digits': 8, 'recovery_codes_left': 10}
    # What opens the account is in no other answer.
    for answer in (own.cli('user', 'show', 'bob', '--json').stdout,
                   own.cli('user', 'list', '--json').stdout, own.log_text()):
        assert enrolled['secret'] not in answer and '$aes$' not in answer
        assert not any(code in answer for code in enrolled['recovery_codes'])
    assert json.loads(own.cli('user', 'show', 'bob', '--json').stdout)['filters']['totp'] == {
        'algorithm': 'SHA256', 'digits': 8}

    again = own.cli('user', 'totp', 'enrol', 'bob', check=False)
    assert again.returncode == 1 and 'disable' in again.stderr
    # Other changes of the account keep them.
    own.cli('user', 'update', 'bob', '--max-sessions', '3')
    assert show(own, 'bob')['enabled'] is True
    own.cli('user', 'totp', 'disable', 'bob')
    assert show(own, 'bob') == {'username': 'bob', 'enabled': False, 'algorithm': '',
                                'digits': 0, 'recovery_codes_left': 0}


def test_enrolment_for_people(own, accounts):
    accounts(own, name='bob')
    text = own.cli('user', 'totp', 'enrol', 'bob').stdout
    assert 'otpauth://totp/Postern:bob?secret=' in text and 'Recovery codes' in text


@pytest.mark.parametrize('arguments, status', [
    (['enrol', 'nobody-here'], 1), (['show', 'nobody-here'], 1), (['disable', 'nobody-here'], 1),
    (['enrol'], 2), ([], 2), (['forget', 'bob'], 2), (['enrol', 'bob', '--digits', '5'], 2),
    (['enrol', 'bob', '--digits', '9'], 2)])
def test_wrong_arguments(server, arguments, status):
    assert server.cli('user', 'totp', *arguments, check=False).returncode == status


def test_impossible_kinds(own, accounts):
    accounts(own, name='bob')
    for options in (['--algorithm', 'MD5'], ['--digits', '7']):
        done = own.cli('user', 'totp', 'enrol', 'bob', *options, check=False)
        assert done.returncode == 1 and done.stderr
    assert show(own, 'bob')['enabled'] is False


# ---- logging in

PASSWORD = 'the right one'
REPEAT = ('password', 'publickey', 'keyboard-interactive')


@pytest.fixture
def raw(own):
    made = []

    def connect():
        made.append(RawSsh(own.port).ready())
        return made[-1]
    yield connect
    for connection in made:
        connection.close()


def methods(connection):
    """(names, partial) of the refusal that comes now."""
    reader = Reader(connection.expect(USERAUTH_FAILURE)[1:])
    return reader.string().decode().split(','), reader.u8()


def configure(server, name, filters):
    path = f'{server.top}/filters.json'
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'filters': filters}, file)
    return server.cli('user', 'update', name, '--from-json', path, check=False)


@pytest.fixture
def bob(own, accounts):
    return accounts(own, name='bob', password=PASSWORD)


def test_password_in_a_dialogue(bob, raw):
    connection = raw()
    for user, answer in (('bob', 'the wrong one'), ('nobody-here', PASSWORD)):
        connection.interactive(user)
        assert connection.questions() == [('Password: ', 0)]
        connection.reply(answer)
        assert methods(connection) == (list(REPEAT), 0)
    connection.interactive('bob')
    connection.questions()
    connection.reply(PASSWORD)
    connection.expect(USERAUTH_SUCCESS)
    connection.sftp()


def test_password_and_code_in_a_dialogue(own, bob, raw):
    secret = enrol(own, 'bob')['secret']
    connection = raw()
    connection.interactive('bob')
    connection.questions()
    connection.reply('the wrong one')  # no word of a code
    assert methods(connection) == (list(REPEAT), 0)
    connection.interactive('bob')
    assert connection.questions() == [('Password: ', 0)]
    connection.reply(PASSWORD)
    assert connection.questions() == [('One-time code: ', 0)]
    connection.reply('000000' if code_of(secret) != '000000' else '000001')
    assert methods(connection)[1] == 0
    # A code alone is nothing: the password is asked for again.
    connection.interactive('bob')
    assert connection.questions() == [('Password: ', 0)]
    connection.reply(PASSWORD)
    connection.questions()
    connection.reply(code_of(secret))
    connection.expect(USERAUTH_SUCCESS)
    connection.sftp()


@pytest.mark.parametrize('first', ['password', 'publickey'])
def test_code_after_another_method(own, bob, raw, first):
    secret = enrol(own, 'bob')['secret']
    connection = raw()
    key = load_key(bob.key)
    if first == 'password':
        connection.password('bob', PASSWORD)
    else:
        connection.key_proof('bob', key)
    assert methods(connection) == (['keyboard-interactive'], 1)
    # The same again is no second step.
    connection.password('bob', PASSWORD)
    assert methods(connection)[1] == 0
    connection.key_proof('bob', key)
    assert methods(connection)[1] == 0
    connection.interactive('bob')
    assert connection.questions() == [('One-time code: ', 0)]
    connection.reply(code_of(secret))
    connection.expect(USERAUTH_SUCCESS)
    connection.sftp()


def try_code(connection, code):
    connection.password('bob', PASSWORD)
    assert methods(connection)[1] == 1
    connection.interactive('bob')
    connection.questions()
    connection.reply(code)
    return connection.read()[0] == USERAUTH_SUCCESS


def test_a_code_works_once(own, bob, raw):
    secret = enrol(own, 'bob')['secret']
    code = code_of(secret)
    assert try_code(raw(), code)
    assert not try_code(raw(), code)
    own.stop()
    own.start()  # and it is not forgotten
    assert not try_code(raw(), code)
    assert try_code(raw(), code_of(secret, time.time() + 30))


def test_a_code_is_taken_once_by_many_at_once(own, bob, raw):
    code = code_of(enrol(own, 'bob')['secret'])
    connections = [raw() for _ in range(6)]
    for connection in connections:
        connection.password('bob', PASSWORD)
    for connection in connections:
        assert methods(connection)[1] == 1
        connection.interactive('bob')
    for connection in connections:
        connection.questions()
    for connection in connections:
        connection.reply(code)
    answers = [connection.read()[0] for connection in connections]
    assert sorted(answers) == [USERAUTH_FAILURE] * 5 + [USERAUTH_SUCCESS]


def test_recovery_codes(own, bob, raw):
    codes = enrol(own, 'bob')['recovery_codes']
    assert try_code(raw(), codes[3].lower())
    assert not try_code(raw(), codes[3])
    assert show(own, 'bob')['recovery_codes_left'] == 9


def test_another_user_has_proved_nothing(own, bob, accounts, raw):
    enrol(own, 'bob')
    accounts(own, name='eve', password=PASSWORD)
    connection = raw()
    connection.password('bob', PASSWORD)
    assert methods(connection)[1] == 1
    connection.interactive('eve')
    assert connection.questions() == [('Password: ', 0)]
    connection.reply('the wrong one')
    assert methods(connection) == (list(REPEAT), 0)
    connection.interactive('bob')
    assert connection.questions() == [('Password: ', 0)]


def test_a_dialogue_given_up(own, bob, raw):
    secret = enrol(own, 'bob')['secret']
    connection = raw()
    connection.interactive('bob')
    connection.questions()
    connection.reply(PASSWORD)
    connection.questions()
    # The right code after a new request answers nothing any more.
    connection.auth('bob', 'none')
    assert methods(connection)[1] == 0
    connection.reply(code_of(secret))
    connection.expect_end()


def test_wrong_numbers_of_answers(bob, raw):
    connection = raw()
    for answers in ((), (PASSWORD, PASSWORD)):
        connection.interactive('bob')
        connection.questions()
        connection.reply(*answers)
        assert methods(connection)[1] == 0


def test_required_methods(own, bob, raw):
    assert configure(own, 'bob', {'required_methods': [['publickey', 'password']]}).returncode == 0
    connection = raw()
    connection.password('bob', PASSWORD)
    assert methods(connection) == (list(REPEAT), 0)  # as if it were wrong
    connection.key_proof('bob', load_key(bob.key))
    assert methods(connection) == (['password'], 1)
    connection.password('bob', 'the wrong one')
    assert methods(connection) == (['password'], 0)
    connection.password('bob', PASSWORD)
    connection.expect(USERAUTH_SUCCESS)
    connection.sftp()


def test_denied_password_is_denied_in_a_dialogue(own, bob, raw):
    assert configure(own, 'bob', {'denied_login_methods': ['password']}).returncode == 0
    connection = raw()
    connection.interactive('bob')
    connection.questions()
    connection.reply(PASSWORD)
    assert methods(connection)[1] == 0
    # As a second step it asks for the code, and not for the password.
    secret = enrol(own, 'bob')['secret']
    connection = raw()
    connection.key_proof('bob', load_key(bob.key))
    assert methods(connection) == (['keyboard-interactive'], 1)
    connection.interactive('bob')
    assert connection.questions() == [('One-time code: ', 0)]
    connection.reply(code_of(secret))
    connection.expect(USERAUTH_SUCCESS)


def test_status_and_expiry_hold_in_a_dialogue(own, bob, raw):
    for options in (['--status', '0'], ['--status', '1', '--expiration-date', '2001-01-01']):
        own.cli('user', 'update', 'bob', *options)
        connection = raw()
        connection.interactive('bob')
        connection.questions()
        connection.reply(PASSWORD)
        assert methods(connection)[1] == 0
    line = own.log_line(sender='connection_failed', login_type='keyboard-interactive')
    assert line['username'] == 'bob'


def test_impossible_filters(own, bob):
    for filters in ({'required_methods': [['telepathy']]}, {'required_methods': 'password'},
                    {'required_methods': [['password', 'password']]}):
        assert configure(own, 'bob', filters).returncode == 1


def test_openssh(own, bob):
    """The usual client: password by dialogue; then key and code."""
    options = {'PreferredAuthentications': 'keyboard-interactive'}
    assert bob.sftp('pwd\n', by_password=True, **options).returncode == 0
    assert bob.sftp('pwd\n', by_password=True, password='wrong', check=False,
                    **options).returncode != 0
    secret = enrol(own, 'bob')['secret']
    bob.sftp('pwd\n', by_password=True, password=code_of(secret), PubkeyAuthentication='yes',
             IdentityFile=bob.key, PreferredAuthentications='publickey,keyboard-interactive')
    assert bob.sftp('pwd\n', check=False).returncode != 0
