"""Bans: what is the last straw, what a ban does, what undoes it, and what is spared."""
import json
import os
import signal

import pytest

from postern_server import wait_until
from raw_ssh import Closed, RawSsh, USERAUTH_FAILURE, USERAUTH_SUCCESS, load_key
from test_proxy import speak, v1
from test_reload import Held, reload
from test_strangers import GOOD, METHODS, login

BAD = 'the wrong one'
# Three guesses are good, and a fourth is not, though scores sink; connections cost nothing.
BANS = {'enabled': True, 'threshold': 99, 'observation_minutes': 1440, 'score_unknown_user': 25,
        'score_bad_credential': 25, 'score_broken_protocol': 25, 'score_connection': 0,
        'score_login': 0}
MALLORY = '127.0.0.66'


def banned(server):
    return {ban['network'] for ban in json.loads(server.cli('ban', 'list', '--json').stdout)}


def is_served(server, source=MALLORY):
    connection = None
    try:
        connection = RawSsh(server.port, source=source)
        connection.hello()
        return True
    except (Closed, OSError):
        return False
    finally:
        if connection is not None:
            connection.close()


def wrong_password(server, name, source=MALLORY):
    connection = RawSsh(server.port, source=source).ready()
    connection.password(name, BAD)
    connection.expect(USERAUTH_FAILURE)
    connection.close()


def wrong_answer(server, name, source=MALLORY):
    connection = RawSsh(server.port, source=source).ready()
    connection.interactive(name)
    connection.questions()
    connection.reply(BAD)
    connection.expect(USERAUTH_FAILURE)
    connection.close()


def wrong_keys(server, name, source=MALLORY, keys=None):
    """Three keys that the account does not have count as one guess."""
    connection = RawSsh(server.port, source=source).ready()
    for _ in range(3):
        connection.key_offer(name, load_key(os.path.join(keys, 'id_stranger')))
        connection.expect(USERAUTH_FAILURE)
    connection.close()


def no_ssh(server, name, source=MALLORY):
    connection = RawSsh(server.port, source=source)
    connection.socket.sendall(b'GET / HTTP/1.1\r\n\r\n')
    with pytest.raises((Closed, AssertionError)):
        connection.ready()
    connection.close()


def no_common_algorithm(server, name, source=MALLORY):
    connection = RawSsh(server.port, source=source).hello()
    connection.send(connection.kexinit().replace(b'curve25519-sha256', b'curve00000-sha256'))
    connection.expect_end()
    connection.close()


GUESSES = {'unknown user': (wrong_password, 'nobody'), 'password': (wrong_password, 'known'),
           'answer': (wrong_answer, 'known'), 'keys': (wrong_keys, 'known'),
           'no SSH': (no_ssh, ''), 'no common algorithm': (no_common_algorithm, '')}


@pytest.fixture(scope='module')
def strict(host_keys):
    from conftest import Servers
    made = Servers(host_keys)
    yield made({'bans': {**BANS, 'allow_list': ['127.0.0.1'], 'block_list': ['127.0.0.44']},
                'limits': {'max_unauthenticated_per_address': 1000}})
    made.finish()


@pytest.mark.parametrize('number, guess', enumerate(GUESSES))
def test_the_last_straw(strict, accounts, keys, number, guess):
    act, name = GUESSES[guess]
    source = f'127.0.1.{number + 1}'
    account = accounts(strict, password=GOOD)
    options = {'keys': keys} if act is wrong_keys else {}
    for _ in range(3):
        act(strict, account.name if name == 'known' else name, source, **options)
    wait_until(lambda: not strict.workers(f'login {source}'), 'the workers have told')
    assert is_served(strict, source) and source not in banned(strict)
    act(strict, account.name if name == 'known' else name, source, **options)
    strict.log_message(f'^{source} is banned for 30 minutes, for the 1. time: ')
    assert not is_served(strict, source)
    line = strict.log_line(sender='connection_failed', client_ip=source,
                           error='the address is banned')
    assert line['login_type'] == 'no_auth_tryed'
    assert is_served(strict, '127.0.2.1')
    strict.cli('ban', 'remove', source)
    assert is_served(strict, source) and source not in banned(strict)


@pytest.mark.parametrize('method', METHODS)
def test_a_ban_is_for_every_method(strict, accounts, method):
    account = accounts(strict, password=GOOD)
    strict.cli('ban', 'add', '127.0.0.32/28')
    assert not login(account, method, '127.0.0.33')
    strict.log_line(sender='connection_failed', client_ip='127.0.0.33')
    assert login(account, method, '127.0.0.31')
    strict.cli('ban', 'remove', '127.0.0.32/28')
    assert login(account, method, '127.0.0.33')


def test_a_ban_ends_attempts_on_other_connections(strict, accounts, keys):
    """Who opened many connections before has no more guesses than who opened one."""
    account = accounts(strict, password=GOOD)
    waiting = [RawSsh(strict.port, source=MALLORY).ready() for _ in range(4)]
    asked = RawSsh(strict.port, source=MALLORY).ready()
    asked.interactive(account.name)
    asked.questions()
    strict.cli('ban', 'add', MALLORY, '--for', '1h')
    key = load_key(account.key)
    waiting[0].password(account.name, GOOD)
    waiting[1].key_offer(account.name, key)
    waiting[2].key_proof(account.name, key)
    waiting[3].interactive(account.name)
    asked.reply(GOOD)
    for connection in waiting + [asked]:
        connection.expect_end()
        assert USERAUTH_SUCCESS not in [payload[0] for payload in connection.seen]
        connection.close()
    strict.cli('ban', 'remove', MALLORY)


def test_who_is_logged_in_stays(strict, accounts):
    account = accounts(strict)
    held = Held(account, BindAddress=MALLORY)
    strict.cli('ban', 'add', MALLORY)
    held.ask('pwd')
    held.end()
    strict.cli('ban', 'remove', MALLORY)


def test_lists(strict):
    """The allow list is spared whatever it does, the block list is refused whatever it does."""
    for _ in range(6):
        no_ssh(strict, '', '127.0.0.1')
    wait_until(lambda: not strict.workers('login'), 'the workers have told')
    assert is_served(strict, '127.0.0.1')
    assert not is_served(strict, '127.0.0.44')
    strict.log_line(sender='connection_failed', client_ip='127.0.0.44',
                    error='the address is in bans.block_list')
    done = strict.cli('ban', 'add', '127.0.0.1', check=False)
    assert done.returncode == 1 and 'bans.allow_list' in done.stderr
    strict.cli('ban', 'add', '127.0.0.0/8')
    assert is_served(strict, '127.0.0.1') and not is_served(strict, '127.0.0.2')
    strict.cli('ban', 'remove', '127.0.0.0/8')


def test_the_command(strict):
    for arguments, status, text in (
            (['remove', '192.0.2.1'], 1, '192.0.2.1 is not banned'),
            (['add', '192.0.2.0/33'], 1, 'is not an IP address or a range'),
            (['add', '192.0.2.1', '--for', '5x'], 2, 'is not a duration'),
            (['add'], 2, 'say "list"'), (['list', 'x'], 2, 'say "list"'), ([], 2, 'say "list"')):
        done = strict.cli('ban', *arguments, check=False)
        assert done.returncode == status and text in done.stderr, arguments
    assert strict.cli('ban', 'list').stdout == 'Nobody is banned.\n'
    strict.cli('ban', 'add', '192.0.2.77/24', '2001:db8::1', '--for', '2h')
    strict.cli('ban', 'add', '198.51.100.1')
    rows = [line.split() for line in strict.cli('ban', 'list').stdout.splitlines()]
    assert rows[0] == ['NETWORK', 'UNTIL', 'BY', 'TIMES']
    assert {row[0] for row in rows[1:]} == {'192.0.2.0/24', '2001:db8::1', '198.51.100.1'}
    assert ['198.51.100.1', 'without', 'end', 'hand', '-'] in rows
    strict.cli('ban', 'remove', '192.0.2.0/24', '2001:db8::1', '198.51.100.1')
    assert banned(strict) == set()


def test_a_restart(servers):
    server = servers({'bans': {**BANS, 'threshold': 25}})
    no_ssh(server, '')
    wait_until(lambda: banned(server) == {MALLORY}, 'the address is banned')
    server.cli('ban', 'add', '127.0.0.77')
    before = server.cli('ban', 'list', '--json').stdout
    server.stop()
    server.start()
    shown = json.loads(server.cli('ban', 'list', '--json').stdout)
    assert {ban['network']: ban['times'] for ban in shown} == \
        {ban['network']: ban['times'] for ban in json.loads(before)}
    assert not is_served(server) and not is_served(server, '127.0.0.77')
    server.stop()
    with open(os.path.join(server.dir, 'bans.json'), 'w', encoding='utf-8') as file:
        file.write('{broken')
    server.start()
    server.log_message('bans.state_file: .*bans.json: not all bans of before the restart hold')
    assert is_served(server)


def test_the_file_is_written_while_the_server_runs(servers):
    """Who kills the server sets nobody free."""
    server = servers()
    server.cli('ban', 'add', MALLORY)
    path = os.path.join(server.dir, 'bans.json')
    wait_until(lambda: os.path.exists(path), 'the file is written')
    assert os.stat(path).st_mode & 0o777 == 0o600
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(60)
    wait_until(lambda: len(server.family()) == 0, 'all its processes have ended')
    server.start()
    assert banned(server) == {MALLORY}


def test_settings_change_while_the_server_runs(servers):
    """Off by default; switched on, changed and switched off without a restart."""
    server = servers()
    for _ in range(5):
        no_ssh(server, '')
    wait_until(lambda: not server.workers('login'), 'the workers have told')
    assert banned(server) == set() and is_served(server)
    reload(server, bans={**BANS, 'threshold': 25})
    no_ssh(server, '')
    wait_until(lambda: banned(server) == {MALLORY}, 'the address is banned')
    assert not is_served(server)
    reload(server, bans={**BANS, 'threshold': 25, 'allow_list': ['127.0.0.64/26']})
    assert is_served(server)
    reload(server, bans={**BANS, 'threshold': 25, 'block_list': ['127.0.0.99']})
    assert not is_served(server) and not is_served(server, '127.0.0.99')
    reload(server, bans={**BANS, 'enabled': False})
    assert banned(server) == set() and is_served(server) and is_served(server, '127.0.0.99')


def test_connections_and_logins(servers, accounts, keys):
    """A connection costs half of what a login pays; keys before the right one cost nothing."""
    server = servers({'bans': {**BANS, 'threshold': 39, 'score_connection': 10,
                               'score_login': 20,
                               'allow_list': ['127.0.0.1']}})
    account = accounts(server)
    key = load_key(account.key)
    for _ in range(6):
        connection = RawSsh(server.port, source=MALLORY).ready()
        connection.key_offer(account.name, load_key(os.path.join(keys, 'id_stranger')))
        connection.expect(USERAUTH_FAILURE)
        connection.key_proof(account.name, key)
        connection.expect(USERAUTH_SUCCESS)
        connection.close()
    assert [is_served(server) for _ in range(5)] == [True] * 4 + [False]
    server.log_message('the last straw was one connection more')


def test_behind_a_proxy_the_client_is_banned(servers):
    server = servers({'bans': {**BANS, 'threshold': 25},
                      'sftpd': {'proxy_protocol': 1, 'proxy_allowed': ['127.0.0.1']}})
    connection = speak(server, v1('203.0.113.7')).ready()
    connection.password('nobody', BAD)
    connection.expect(USERAUTH_FAILURE)
    connection.close()
    assert banned(server) == {'203.0.113.7'}
    for client in ('203.0.113.8', '2001:db8::1'):
        connection = speak(server, v1(client)).ready()
        connection.close()
    connection = speak(server, v1('203.0.113.7'))
    with pytest.raises((Closed, OSError, AssertionError)):
        connection.ready()
    connection.close()
    server.log_line(sender='connection_failed', client_ip='203.0.113.7',
                    error='the address is banned')
    connection = speak(server, v1('2001:db8:1::1')).ready()
    connection.password('nobody', BAD)
    connection.expect(USERAUTH_FAILURE)
    connection.close()
    assert '2001:db8:1::/64' in banned(server)
    connection = speak(server, v1('2001:db8:1::2'))
    with pytest.raises((Closed, OSError, AssertionError)):
        connection.ready()
    connection.close()
