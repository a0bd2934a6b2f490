"""The PROXY protocol: what proxies say is believed, what others say is not, and what breaks it."""
import os
import shutil
import signal
import socket
import struct
import subprocess

import pytest

from clients import need, run
from postern_server import free_port, scratch, wait_until
from raw_ssh import Closed, RawSsh, USERAUTH_SUCCESS, load_key
from test_reload import reload

SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'
PROXY = '127.0.0.1'


def v1(client, port=40000):
    family, server = ('TCP6', '::1') if ':' in client else ('TCP4', '192.0.2.1')
    return f'PROXY {family} {client} {server} {port} 22\r\n'.encode()


def v2(client, port=40000, extensions=b''):
    if ':' in client:
        kind, addresses = 0x21, socket.inet_pton(socket.AF_INET6, client) + b'\0' * 15 + b'\1'
    else:
        kind, addresses = 0x11, socket.inet_aton(client) + socket.inet_aton('192.0.2.1')
    body = addresses + struct.pack('>HH', port, 22) + extensions
    return SIGNATURE + bytes([0x21, kind]) + struct.pack('>H', len(body)) + body


HEADERS = {
    'version 1': v1('203.0.113.7'), 'version 2': v2('203.0.113.7'),
    'version 1, IPv6': v1('2001:db8::7'), 'version 2, IPv6': v2('2001:db8::7'),
    'version 2 with extensions': v2('203.0.113.7', extensions=b'\x04\x10\0' + b'x' * 4000),
}
SILENT = {
    'version 1, unknown': b'PROXY UNKNOWN\r\n',
    'version 2, local': SIGNATURE + b'\x20\0\0\0',
    'version 2, unspecified': SIGNATURE + b'\x21\0\0\x07' + b'x' * 7,
}
BROKEN = {
    'too long': b'PROXY UNKNOWN ' + b'x' * 200, 'no address': b'PROXY TCP4 1.2.3 4 5 6\r\n',
    'version 3': SIGNATURE + b'\x31\x11\0\x0c' + b'x' * 12,
    'short': SIGNATURE + b'\x21\x11\0\x0b' + b'x' * 11,
    'longer than we read': SIGNATURE + b'\x20\0' + struct.pack('>H', 4081),
}


def speak(server, header, source=PROXY, piece=None):
    """A connection that begins with this header, in pieces of this size."""
    connection = RawSsh(server.port, source=source)
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for at in range(0, len(header), piece or len(header) or 1):
            connection.socket.sendall(header[at:at + (piece or len(header))])
    except OSError:  # it was refused half-way
        pass
    return connection


def logs_in(account, connection):
    try:
        connection.ready()
        connection.key_proof(account.name, load_key(account.key))
        answer = connection.read()
    except (Closed, OSError, AssertionError):  # it ended, perhaps with a DISCONNECT
        return False
    return answer[0] == USERAUTH_SUCCESS


def client_of(header):
    return '2001:db8::7' if header in (v1('2001:db8::7'), v2('2001:db8::7')) else '203.0.113.7'


@pytest.fixture(scope='module')
def behind(host_keys):
    """Servers behind a proxy on 127.0.0.1, by their mode."""
    from conftest import Servers
    made = Servers(host_keys)
    yield {mode: made({'sftpd': {'proxy_protocol': mode, 'proxy_allowed': [PROXY],
                                 'denied_addresses': ['203.0.113.66']},
                       'limits': {'max_unauthenticated_per_address': 1000}})
           for mode in (1, 2)}
    made.finish()


@pytest.mark.parametrize('mode', [1, 2])
@pytest.mark.parametrize('piece', [None, 1])
@pytest.mark.parametrize('header', HEADERS)
def test_the_client_behind(behind, accounts, mode, piece, header):
    """Log, session list, filters: all see the client, also when its header comes byte by byte."""
    header = HEADERS[header]
    if piece and len(header) > 200:
        piece = 50
    server, client = behind[mode], client_of(header)
    account = accounts(server, extra=['--allowed-ip', '203.0.113.7/32,2001:db8::/32'])
    connection = speak(server, header, piece=piece)
    assert logs_in(account, connection)
    server.log_message(f'user "{account.name}" logged in from {client} ')
    connection.sftp()
    shown = f'[{client}]:40000' if ':' in client else f'{client}:40000'
    wait_until(lambda: shown in server.cli('session', 'list', '--json').stdout, 'it is listed')
    connection.close()
    other = accounts(server, extra=['--allowed-ip', '127.0.0.0/8'])
    connection = speak(server, header)
    assert not logs_in(other, connection)
    server.log_line(sender='connection_failed', username=other.name, client_ip=client)
    connection.close()


@pytest.mark.parametrize('mode', [1, 2])
@pytest.mark.parametrize('header', SILENT)
def test_a_proxy_for_itself(behind, accounts, mode, header):
    account = accounts(behind[mode])
    connection = speak(behind[mode], SILENT[header])
    assert logs_in(account, connection)
    behind[mode].log_message(f'user "{account.name}" logged in from {PROXY} ')
    connection.close()


def test_without_a_header(behind, accounts):
    """Where it is optional the client is who connects, though it waits for the server's line."""
    account = accounts(behind[1])
    account.sftp('pwd\n')
    behind[1].log_message(f'user "{account.name}" logged in from {PROXY} ')
    with socket.create_connection(('127.0.0.1', behind[1].port), timeout=60) as silent:
        assert silent.recv(8) == b'SSH-2.0-'
    account = accounts(behind[2])
    assert account.sftp('pwd\n', check=False).returncode != 0
    line = behind[2].log_line(sender='connection_failed', client_ip=PROXY,
                              error='the connection does not begin with a PROXY header')
    assert line['login_type'] == 'no_auth_tryed'


@pytest.mark.parametrize('mode', [1, 2])
@pytest.mark.parametrize('header', BROKEN)
def test_broken_headers(behind, accounts, mode, header):
    connection = speak(behind[mode], BROKEN[header])
    with pytest.raises((Closed, OSError, AssertionError)):
        connection.ready()
    connection.close()
    line = behind[mode].log_message('PROXY header is (too long|malformed)')
    assert line['sender'] == 'connection_failed' and line['client_ip'] == PROXY


@pytest.mark.parametrize('client', ['0.0.0.0', '255.255.255.255', '224.0.0.1', '::', 'ff02::1',
                                    '::ffff:0.0.0.0'])
def test_addresses_that_no_client_has(behind, accounts, client):
    account = accounts(behind[2])
    connection = speak(behind[2], v2(client))
    assert not logs_in(account, connection)
    connection.close()
    line = behind[2].log_message('the proxy named an address that no client can have')
    assert PROXY in str(line)


def test_lists_are_asked_about_the_client(behind, accounts):
    account = accounts(behind[2])
    connection = speak(behind[2], v1('203.0.113.66'))
    assert not logs_in(account, connection)
    connection.close()
    line = behind[2].log_line(sender='connection_failed', client_ip='203.0.113.66')
    assert 'is in sftpd.denied_addresses' in line['error']


def test_others_are_not_believed(behind, accounts):
    """Mode 1 skips what they say, mode 2 does not let them in."""
    account = accounts(behind[1], extra=['--allowed-ip', '127.0.0.2/32'])
    for header in (v1('203.0.113.7'), v2('203.0.113.7'), b''):
        connection = speak(behind[1], header, source='127.0.0.2')
        assert logs_in(account, connection)
        connection.close()
    behind[1].log_message(f'user "{account.name}" logged in from 127.0.0.2 ')
    assert '203.0.113.7 ' not in ''.join(
        line.get('message', '') for line in behind[1].log_lines()
        if account.name in str(line))
    connection = speak(behind[2], v1('203.0.113.7'), source='127.0.0.2')
    with pytest.raises((Closed, OSError)):
        connection.hello()
    connection.close()
    line = behind[2].log_line(sender='connection_failed', client_ip='127.0.0.2')
    assert 'is not in sftpd.proxy_allowed' in line['error']


def test_off_a_header_is_no_ssh(server):
    connection = speak(server, v1('203.0.113.7'))
    with pytest.raises((Closed, OSError, AssertionError)):
        connection.ready()
    connection.close()


def test_limits_are_the_clients(servers, accounts):
    """A client that fills its own measure leaves the others' and the proxy's alone."""
    server = servers({'sftpd': {'proxy_protocol': 1, 'proxy_allowed': [PROXY]},
                      'limits': {'max_unauthenticated_per_address': 2}})
    wait_until(lambda: not server.workers('login'), 'the probe of the start is gone')
    account = accounts(server)
    waiting = [RawSsh(server.port) for _ in range(6)]  # whose header has not come
    held = [speak(server, v1('203.0.113.7')).hello() for _ in range(2)]
    for connection in held:
        connection.exchange()
    third = speak(server, v1('203.0.113.7'))
    with pytest.raises((Closed, OSError, AssertionError)):
        third.ready()
    server.log_message('refused a connection from 203.0.113.7: too many connections of this')
    other = speak(server, v1('203.0.113.8'))
    assert logs_in(account, other)
    for connection in waiting + held + [third, other]:
        connection.close()


def test_a_slow_header_has_the_time_of_a_login(servers):
    server = servers({'sftpd': {'proxy_protocol': 2, 'proxy_allowed': [PROXY]},
                      'limits': {'login_grace_seconds': 1}})
    slow = speak(server, v1('203.0.113.7')[:20])
    with pytest.raises(Closed):
        slow.receive(100_000)
    slow.close()
    server.log_line(sender='connection_failed', client_ip=PROXY,
                    error='the PROXY header did not come in time')


def test_modes_change_while_the_server_runs(servers, accounts):
    server = servers()
    account = accounts(server)
    told = reload(server, sftpd={'proxy_protocol': 2, 'proxy_allowed': [PROXY]})
    assert '2 settings changed, 0 wait' in told['message']
    connection = speak(server, v2('203.0.113.7'))
    assert logs_in(account, connection)
    reload(server, sftpd={})
    account.sftp('pwd\n')
    connection.close()


def test_without_a_list_the_server_warns(servers):
    server = servers({'sftpd': {'proxy_protocol': 1}})
    assert 'sftpd.proxy_allowed: is empty while' in server.error_text()


@pytest.mark.parametrize('version', ['send-proxy', 'send-proxy-v2'])
def test_haproxy(behind, accounts, version):
    """The real one; its clients come from another address of loopback."""
    need('haproxy')
    server, port, directory = behind[2], free_port(), scratch('postern-haproxy-')
    account = accounts(server, password='the right one', extra=['--allowed-ip', '127.0.0.5/32'])
    path = os.path.join(directory, 'haproxy.cfg')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('defaults\n  mode tcp\n  timeout connect 60s\n  timeout client 60s\n'
                   f'  timeout server 60s\nlisten sftp\n  bind 127.0.0.1:{port}\n'
                   f'  server one 127.0.0.1:{server.port} {version}\n')
    proxy = subprocess.Popen(['haproxy', '-db', '-f', path], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def through(by_password):
            options = account.ssh_options(by_password=by_password, BindAddress='127.0.0.5')
            return run(['sftp', *options, '-b', '-', '-P', port, f'{account.name}@127.0.0.1'],
                       stdin='pwd\n', check=False, cwd=account.dir,
                       env=account.environment(), start_new_session=True).returncode == 0
        wait_until(lambda: through(False), 'haproxy passes on')
        assert through(True)
    finally:
        proxy.send_signal(signal.SIGTERM)
        proxy.wait(60)
        shutil.rmtree(directory, ignore_errors=True)
    server.log_message(f'user "{account.name}" logged in from 127.0.0.5 by password')
