"""Caps and time limits, each at n and at n + 1."""
import pytest

from postern_server import wait_until
from raw_ssh import Closed, RawSsh


def greeted(port, source='127.0.0.1'):
    """A connection that the server talks to, or None."""
    connection = None
    try:
        connection = RawSsh(port, source=source)
        return connection.hello()
    except (Closed, OSError):
        if connection:
            connection.close()
        return None


@pytest.mark.parametrize('limit, sources', [
    ('max_unauthenticated', ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']),
    ('max_unauthenticated_per_address', ['127.0.0.1'] * 4)])
def test_unauthenticated_connections(servers, accounts, limit, sources):
    """Three are served, the fourth is not; when one of the three leaves there is room again."""
    server = servers({'limits': {limit: 3}})
    account = accounts(server)
    wait_until(lambda: not server.workers('login'), 'the probe of the start is gone')
    held = [wait_until(lambda: greeted(server.port, source), 'room') for source in sources[:3]]
    assert greeted(server.port, sources[3]) is None
    server.log_message('too many|refused')
    held.pop().close()
    held.append(wait_until(lambda: greeted(server.port, sources[3]), 'room again'))
    for connection in held:
        connection.close()
    wait_until(lambda: not server.workers('login'), 'all are gone')
    account.sftp('pwd\n')


def test_other_addresses_are_not_affected(servers):
    server = servers({'limits': {'max_unauthenticated_per_address': 1}})
    wait_until(lambda: not server.workers('login'), 'the probe of the start is gone')
    one = wait_until(lambda: greeted(server.port), 'room')
    assert greeted(server.port) is None
    other = greeted(server.port, '127.0.0.2')
    assert other is not None
    one.close()
    other.close()


def test_logged_in_connections_do_not_count(servers, accounts):
    server = servers({'limits': {'max_unauthenticated': 1}})
    account = accounts(server)
    wait_until(lambda: not server.workers('login'), 'the probe of the start is gone')
    shared = {'ControlPath': account.local('control'), 'ControlMaster': 'auto',
              'ControlPersist': '60'}
    account.sftp('pwd\n', **shared)
    account.sftp('pwd\n')
    account.ssh(ssh_options=['-O', 'exit'], ControlPath=account.local('control'))


def test_login_grace(servers):
    """Whoever has not logged in when the time is over is sent away."""
    server = servers({'limits': {'login_grace_seconds': 1}})
    silent = RawSsh(server.port)
    slow = RawSsh(server.port).ready()
    for connection in (silent, slow):
        connection.expect_end()
        connection.close()
    server.log_line(sender='connection_failed', client_ip='127.0.0.1')
    wait_until(lambda: not server.workers('login'), 'the workers are gone')


def test_grace_ends_with_the_login(servers, accounts):
    server = servers({'limits': {'login_grace_seconds': 2}})
    account = accounts(server)
    account.sftp('pwd\n!sleep 3\nls\n')
