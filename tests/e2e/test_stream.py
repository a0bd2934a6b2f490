"""Damage in the live stream: that connection ends, nothing else happens."""
import random
import select
import socket
import subprocess
import threading

import pytest

from clients import random_file, read
from postern_server import PATIENCE, wait_until

SILENCE_SECONDS = 3


class Proxy:
    """Forwards TCP to the server; `damage(bytes, offset)` may change what the client sends; when it
    leaves some out, the connection is cut there."""

    def __init__(self, port, damage, to_server=True):
        self.port_of_server, self.damage, self.to_server = port, damage, to_server
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        client, _ = self.listener.accept()
        server = socket.create_connection(('127.0.0.1', self.port_of_server))
        passed = {client: 0, server: 0}
        with client, server:
            while True:
                ready = select.select([client, server], [], [], SILENCE_SECONDS)[0]
                # A damaged length makes both ends wait for bytes that nobody sends.
                if not ready:
                    return
                for source in ready:
                    try:
                        data = source.recv(65536)
                        damaged = data
                        if data and (source is client) == self.to_server:
                            damaged = self.damage(data, passed[source])
                        passed[source] += len(data)
                        (server if source is client else client).sendall(damaged)
                        if not data or len(damaged) < len(data):
                            return
                    except OSError:
                        return

    def close(self):
        self.listener.close()
        self.thread.join(PATIENCE)


def flip_at(position):
    def damage(data, offset):
        at = position - offset
        if 0 <= at < len(data):
            return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]
        return data
    return damage


def cut_at(position):
    def damage(data, offset):
        return data[:max(0, position - offset)]
    return damage


def through(account, proxy, batch, **options):
    command = ['sftp', *account.ssh_options(**options), '-b', '-', '-P', str(proxy.port),
               f'{account.name}@127.0.0.1']
    return subprocess.run(command, input=batch, text=True, capture_output=True, cwd=account.dir,
                          timeout=PATIENCE * 2)


# In the version line, in KEXINIT (not its padding, which nobody protects), in the first encrypted
# packets, in the transfer.
POSITIONS = [5, 60, 700, 2500, 3000, 5000, 50_000, 1_000_000]


@pytest.mark.parametrize('damage', [flip_at, cut_at], ids=['flip', 'cut'])
@pytest.mark.parametrize('position', POSITIONS)
@pytest.mark.parametrize('cipher', ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com',
                                    'aes128-ctr'], ids=['gcm', 'chacha', 'ctr'])
def test_damage_towards_the_server(account, bystander, damage, position, cipher):
    random_file(account.local('up'), 2_000_000)
    proxy = Proxy(account.server.port, damage(position + random.randrange(3)))
    done = through(account, proxy, 'put up there\n', Ciphers=cipher)
    proxy.close()
    assert done.returncode != 0
    wait_until(lambda: not account.server.workers(f'session {account.name}'),
               'the damaged session is gone')
    bystander.check()


@pytest.fixture(scope='module')
def bystander(server, keys):
    """A session that is open all the while, and has to stay open."""
    from conftest import Accounts
    made = Accounts(server, keys)
    account = made()
    shared = {'ControlPath': account.local('control'), 'ControlMaster': 'auto',
              'ControlPersist': '600'}
    account.sftp('pwd\n', **shared)
    pids = server.workers(f'session {account.name}')
    assert len(pids) == 1

    class Bystander:
        def check(self):
            account.sftp('pwd\n', **shared)
            assert server.workers(f'session {account.name}') == pids
    yield Bystander()
    account.ssh(ssh_options=['-O', 'exit'], ControlPath=account.local('control'))
    made.finish()


def test_a_cut_upload_leaves_what_came(account):
    """The part that arrived is there, byte for byte, for a resume."""
    random_file(account.local('up'), 3_000_000)
    proxy = Proxy(account.server.port, cut_at(1_500_000))
    assert through(account, proxy, 'put up there\n').returncode != 0
    proxy.close()
    wait_until(lambda: not account.server.workers(f'session {account.name}'), 'it is gone')
    account.sftp('reput up there\n')
    assert read(account.remote('there')) == read(account.local('up'))
