"""Who may come in: each way to log in against each reason not to, as one table; hours; reload."""
import json
import os
import socket
import time

import pytest

from clients import run
from postern_server import wait_until
from test_reload import Held, reload

GOOD = 'the right one'
METHODS = {'password': 'password', 'publickey': 'public_key',
           'keyboard-interactive': 'keyboard-interactive'}
# A day that it is not, also when midnight passes meanwhile (tm_wday counts from Monday).
TOMORROW = (time.localtime().tm_wday + 2) % 7
YESTERDAY = str(int((time.time() - 86400) * 1000))

# restriction -> (options of the account, where the client comes from, words of the log)
ALLOWED = {
    'none': ([], '127.0.0.1'),
    'address in the list': (['--allowed-ip', '127.0.0.0/31'], '127.0.0.1'),
    'address not in the list': (['--denied-ip', '127.0.0.3/32,::/0'], '127.0.0.1'),
    'the whole week': (['--access-time', ','.join(f'{day}/00:00-23:59' for day in range(7))],
                       '127.0.0.1'),
}
REFUSED = {
    'account, address not allowed': (['--allowed-ip', '192.0.2.0/24,::/0'], '127.0.0.1',
                                     'may not log in from 127.0.0.1'),
    'account, address denied': (['--denied-ip', '127.0.0.0/31'], '127.0.0.1',
                                'may not log in from 127.0.0.1'),
    'hours': (['--access-time', f'{TOMORROW}/00:00-23:59'], '127.0.0.1', 'at this hour'),
    'status': (['--status', '0'], '127.0.0.1', 'is disabled'),
    'expiry': (['--expiration-date', YESTERDAY], '127.0.0.1', 'is expired'),
}
# Refused before anybody asks who it is: no account, no method, no process.
REFUSED_AT_THE_DOOR = {
    'service, address denied': ('127.0.0.2', 'is in sftpd.denied_addresses'),
    'service, address not allowed': ('127.0.0.9', 'is not in sftpd.allowed_addresses'),
}


@pytest.fixture(scope='module')
def picky(host_keys):
    """A server that serves 127.0.0.0/29, but not 127.0.0.2."""
    from conftest import Servers
    made = Servers(host_keys)
    yield made({'sftpd': {'allowed_addresses': ['127.0.0.0/29', '::1'],
                          'denied_addresses': ['127.0.0.2']}})
    made.finish()


def login(account, method, source='127.0.0.1', host='127.0.0.1', password=GOOD):
    """Logs in with OpenSSH by this method alone. True when that worked."""
    options = account.ssh_options(by_password=method != 'publickey', BindAddress=source,
                                  PreferredAuthentications=method)
    done = run(['sftp', *options, '-b', '-', '-P', account.server.port,
                f'{account.name}@{host if ":" not in host else f"[{host}]"}'], stdin='pwd\n',
               check=False, cwd=account.dir, env=account.environment(password),
               start_new_session=True)
    return done.returncode == 0


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('restriction', ALLOWED)
def test_allowed(picky, accounts, method, restriction):
    options, source = ALLOWED[restriction]
    account = accounts(picky, password=GOOD, extra=options)
    assert login(account, method, source)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('restriction', REFUSED)
def test_refused(picky, accounts, method, restriction):
    options, source, words = REFUSED[restriction]
    account = accounts(picky, password=GOOD, extra=options)
    assert not login(account, method, source)
    line = picky.log_line(sender='connection_failed', username=account.name,
                          login_type=METHODS[method])
    assert line['client_ip'] == source and words in line['error']


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('restriction', REFUSED_AT_THE_DOOR)
def test_refused_at_the_door(picky, accounts, method, restriction):
    source, words = REFUSED_AT_THE_DOOR[restriction]
    account = accounts(picky, password=GOOD)
    assert not login(account, method, source)
    line = picky.log_line(sender='connection_failed', client_ip=source)
    assert line['username'] == '' and line['login_type'] == 'no_auth_tryed'
    assert words in line['error']
    assert list(line)[:3] == ['level', 'time', 'sender']
    picky.log_message(f'refused a connection from {source}: the address {words}')
    assert login(account, method, '127.0.0.3')


def test_too_many_sessions_are_logged(picky, accounts):
    account = accounts(picky, password=GOOD, extra=['--max-sessions', '1'])
    held = Held(account)
    for method, label in METHODS.items():
        assert not login(account, method)
        line = picky.log_line(sender='connection_failed', username=account.name, login_type=label)
        assert 'too many open sessions' in line['error']
    held.end()
    wait_until(lambda: login(account, 'password'), 'there is room again')


def ipv6_works():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(('::1', 0))
        return True
    except OSError:
        return False


@pytest.mark.skipif(not ipv6_works(), reason='no IPv6 here')
def test_both_families_on_one_socket(servers, accounts):
    """An IPv4 client of an IPv6 socket is an IPv4 client; rules for the one spare the other."""
    server = servers({'sftpd': {'bind_address': '', 'denied_addresses': ['127.0.0.2', '::1']}})
    four = accounts(server, password=GOOD, extra=['--allowed-ip', '127.0.0.1/32'])
    six = accounts(server, password=GOOD, extra=['--denied-ip', '0.0.0.0/0'])
    assert login(four, 'password')
    assert not login(six, 'password')
    server.log_line(sender='connection_failed', username=six.name, client_ip='127.0.0.1')
    assert not login(four, 'password', '127.0.0.2')
    server.log_line(sender='connection_failed', client_ip='127.0.0.2')
    assert not login(six, 'password', '::1', '::1')
    server.log_line(sender='connection_failed', client_ip='::1', login_type='no_auth_tryed')
    reload(server, sftpd={'bind_address': '', 'denied_addresses': ['127.0.0.0/8']})
    assert login(six, 'password', '::1', '::1')
    assert not login(four, 'password', '::1', '::1')
    server.log_line(sender='connection_failed', username=four.name, client_ip='::1')


def test_lists_change_while_the_server_runs(servers, accounts):
    server = servers()
    account = accounts(server, password=GOOD)
    held = Held(account)
    reload(server, sftpd={'denied_addresses': ['127.0.0.1']})
    assert not login(account, 'password')
    assert login(account, 'password', '127.0.0.2')
    held.ask('pwd')
    reload(server, sftpd={'allowed_addresses': ['127.0.0.1']})
    assert login(account, 'password')
    assert not login(account, 'password', '127.0.0.2')
    reload(server, sftpd={'allowed_addresses': ['127.0.0.1/33']})
    server.log_message('sftpd.allowed_addresses.*127.0.0.1/33')
    assert login(account, 'password')
    held.end()


def clock_that_shows(day_seconds):
    """A time zone in which it is so late now, to the second."""
    ahead = (day_seconds - int(time.time())) % 86400
    ahead -= 86400 if ahead >= 43200 else 0
    sign, ahead = ('-', ahead) if ahead >= 0 else ('', -ahead)
    return f'TST{sign}{ahead // 3600}:{ahead // 60 % 60:02}:{ahead % 60:02}'


def test_a_session_ends_with_its_hours(servers, accounts):
    """The server's clock stands shortly before noon, when the window ends."""
    morning = [{'day_of_week': day, 'from': '00:00', 'to': '11:59'} for day in range(7)]
    for seconds in (10, 40, 160):
        server = servers(environment={'TZ': clock_that_shows(12 * 3600 - seconds)})
        account, other = accounts(server), accounts(server)
        change = json.dumps({'filters': {'access_time': morning}})
        server.cli('user', 'update', account.name, '--from-json', '-', stdin=change)
        spared = Held(other)
        try:
            held = Held(account)
            break
        except AssertionError:  # so slow a machine that it was noon already
            spared.end()
    server.log_message(f'"{account.name}" is closed: the hours in which')
    assert 'the hours in which this account may be used are over' in held.last_words()
    spared.ask('pwd')
    spared.end()
    shown = json.loads(server.cli('user', 'show', account.name, '--json').stdout)
    assert shown['filters']['access_time'] == morning
    assert account.sftp('pwd\n', check=False).returncode != 0
    server.log_line(sender='connection_failed', username=account.name, login_type='public_key',
                    error=f'user "{account.name}" may not log in at this hour')


def test_a_bad_window_is_told(picky, accounts):
    account = accounts(picky)
    done = picky.cli('user', 'update', account.name, '--access-time', '1/22:00-06:00', check=False)
    assert done.returncode == 1 and 'give a night as two windows' in done.stderr
    done = picky.cli('user', 'update', account.name, '--idle-timeout', '-2', check=False)
    assert done.returncode == 2


def test_home_directories_stay_closed(picky, accounts):
    """What is refused makes nothing: no home directory, no date of a login."""
    account = accounts(picky, password=GOOD, extra=['--denied-ip', '127.0.0.1/32'])
    os.rmdir(account.home)
    for method in METHODS:
        assert not login(account, method)
    assert not os.path.exists(account.home)
    shown = json.loads(picky.cli('user', 'show', account.name, '--json').stdout)
    assert shown['last_login'] == 0
