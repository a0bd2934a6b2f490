"""Clients of the HTTP API that break its rules, or take their time: a 4xx and nothing else."""
import socket
import time

import pytest

from conftest import Servers
from http_api import Api, with_http
from postern_server import PATIENCE, wait_until

GOOD = b'GET /api/v1/version HTTP/1.1\r\nHost: localhost\r\n'
POST = b'POST /api/v1/user HTTP/1.1\r\nHost: localhost\r\n'


@pytest.fixture(scope='module')
def api(host_keys):
    made = Servers(host_keys)
    config = with_http(max_connections_per_address=60)
    made(config)
    yield Api(config).wait()
    made.finish()


@pytest.mark.parametrize('request_bytes, status', [
    (POST + b'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' + GOOD, 400),
    (POST + b'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}' + GOOD, 400),
    (POST + b'Content-Length: -1\r\n\r\n' + GOOD, 400),
    (POST + b'Content-Length : 2\r\n\r\n{}' + GOOD, 400),
    (POST + b'Transfer-Encoding: chunked\r\n\r\nzz\r\n' + GOOD, 400),
    (POST + b'Transfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\n\r\n' + GOOD, 400),
    (POST + b'Transfer-Encoding: chunked\r\n\r\n2\r\n{}X0\r\n\r\n' + GOOD, 400),
    (POST + b'Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n' + GOOD, 501),
    (GOOD + b'A: b\r\n c\r\n\r\n' + GOOD + b'\r\n', 400),
    (GOOD + b'A: b\0c\r\n\r\n' + GOOD + b'\r\n', 400),
    (GOOD + b'A: b\rC: d\r\n\r\n' + GOOD + b'\r\n', 400),
    (GOOD.replace(b'\r\n', b'\n') + b'\n' + GOOD + b'\r\n', 400),
    (GOOD + b'Host: localhost\r\n\r\n' + GOOD + b'\r\n', 400),
    (GOOD + b'A: ' + b'b' * 70000 + b'\r\n\r\n', 431),
    (GOOD + b'A: b\r\n' * 200 + b'\r\n', 431),
    (b'GET /' + b'a' * 9000 + b' HTTP/1.1\r\nHost: localhost\r\n\r\n', 414),
    (POST + b'Content-Length: 1048577\r\n\r\n' + b'x' * 1000, 413),
    (POST + b'Transfer-Encoding: chunked\r\n\r\n100001\r\n' + b' ' * 0x100001 + b'\r\n', 413),
    (b'GET /api/v1/version HTTP/3.0\r\nHost: localhost\r\n\r\n', 505),
    (b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505),
    (b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + b'\n' * 20, 400),
    (GOOD.replace(b'localhost', b'local\x80host') + b'\r\n', 403),
])
def test_refused_once_and_closed(api, request_bytes, status):
    """No second answer: whatever stands behind is not taken for a request."""
    assert api.raw_status(request_bytes) == [status]
    assert api.ask('GET', 'version').status == 200


def test_every_beginning_of_a_request(api):
    whole = POST + b'Content-Length: 2\r\n\r\n{}'
    for n in range(0, len(whole), 7):
        assert set(api.raw_status(whole[:n])) <= {400}
    assert api.raw_status(whole) == [400]


def test_a_slow_client_holds_nobody_up(api):
    slow = []
    for n in range(30):
        one = socket.create_connection(('127.0.0.1', api.port), timeout=PATIENCE)
        one.sendall((POST + b'Content-Length: 100\r\n\r\n{"a":')[:20 + 3 * n])
        slow.append(one)
    for one in slow:
        one.sendall(b' ')
        assert api.ask('GET', 'user').status == 200
    for one in slow:
        one.close()


def test_a_client_that_does_not_read(api):
    """Its answers wait in its own socket, and in nobody else's way."""
    for number in range(30):
        api.ask('POST', 'user', {'username': f'long{number}', 'home_dir': '/tmp/' + 'x' * 200,
                                 'password': '$1$saltsalt$8uRSd9sS3Jb0ipNqvGbVz.', 'status': 1,
                                 'permissions': {'/': ['*']}})
    deaf = []
    for _ in range(8):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(('127.0.0.1', api.port))
        one.settimeout(1)
        try:
            for _ in range(2000):
                one.sendall(b'GET /api/v1/user HTTP/1.1\r\nHost: localhost\r\n\r\n')
        except OSError:
            pass
        deaf.append(one)
    for _ in range(20):
        assert api.ask('GET', 'user').status == 200
    for one in deaf:
        one.close()


def is_open(one):
    """True when a request on this connection is answered."""
    one.settimeout(PATIENCE)
    try:
        one.sendall(GOOD + b'\r\n')
        return one.recv(1) == b'H'
    except OSError:
        return False


def hold(api, held, count):
    """True when so many connections are held, all of them served."""
    while len(held) < count:
        one = socket.create_connection(('127.0.0.1', api.port), timeout=PATIENCE)
        if not is_open(one):
            one.close()
            time.sleep(0.02)
            return False
        held.append(one)
    return True


def at_the_limit(api, count):
    """So many are served, one more is closed, and there is room again when one has gone."""
    held = []
    wait_until(lambda: hold(api, held, count), f'{count} are served')
    with socket.create_connection(('127.0.0.1', api.port), timeout=PATIENCE) as more:
        assert not is_open(more)
    held.pop().close()
    wait_until(lambda: hold(api, held, count), 'there is room again')
    for one in held:
        one.close()


def test_connections_of_one_address(api):
    wait_until(lambda: api.ask('GET', 'version').status == 200, 'others have gone')
    at_the_limit(api, 60)


def test_connections_of_all(servers):
    config = with_http(max_connections=5)
    servers(config)
    at_the_limit(Api(config).wait(), 5)


@pytest.mark.parametrize('beginning', [
    b'', GOOD, POST + b'Content-Length: 2\r\n\r\n{', GOOD + b'\r\n'],
    ids=['nothing', 'half a head', 'half a body', 'a request, and no other'])
def test_who_takes_too_long_is_closed(servers, beginning):
    """With a limit of an hour only the client ends it."""
    for seconds, closed in ((1, True), (3600, False)):
        config = with_http(request_seconds=seconds, idle_seconds=seconds)
        servers(config)
        api = Api(config).wait()
        with socket.create_connection(('127.0.0.1', api.port), timeout=PATIENCE) as slow:
            slow.sendall(beginning)
            if closed:
                while slow.recv(65536):
                    pass
            else:
                assert api.ask('GET', 'version').status == 200
                slow.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    while slow.recv(65536):
                        pass
