"""Quotas: limits hold exactly, and what is stored is what a walk of the files finds."""
import os

import pytest

from quota_walk import settles


class Client:
    """One SFTP session of an account."""

    def __init__(self, account):
        import paramiko
        self.transport = account.paramiko()
        self.sftp = paramiko.SFTPClient.from_transport(self.transport)

    def put(self, name, size):
        with self.sftp.open(name, 'wb') as file:
            for at in range(0, size, 32768):
                file.write(b'x' * min(32768, size - at))

    def close(self):
        self.transport.close()


@pytest.fixture
def limited(accounts):
    """limited(server, size, files) is an account with a quota, and its server."""
    def make(server, size=0, files=0, **options):
        return accounts(server, extra=['--quota-size', str(size), '--quota-files', str(files)],
                        **options)
    return make


@pytest.mark.parametrize('mode', [0, 1, 2])
def test_bytes_at_the_limit(servers, limited, mode):
    server = servers({'sftpd': {'upload_mode': mode}})
    account = limited(server, size=100000)
    client = Client(account)
    client.put('n', 100000)
    assert os.path.getsize(account.remote('n')) == 100000
    settles(server, account.name, (1, 100000))
    with pytest.raises(OSError, match='quota'):
        client.put('more', 1)
    client.sftp.remove('n')
    with pytest.raises(OSError, match='quota'):
        client.put('n1', 100001)
    if mode == 0:
        assert os.path.getsize(account.remote('n1')) <= 100000
    else:
        assert not os.path.exists(account.remote('n1')) or mode == 2
    settles(server, account.name)
    client.close()


@pytest.mark.parametrize('mode', [0, 1])
def test_files_at_the_limit(servers, limited, mode):
    server = servers({'sftpd': {'upload_mode': mode}})
    account = limited(server, files=3)
    client = Client(account)
    for name in 'abc':
        client.put(name, 10)
    with pytest.raises(OSError, match='quota'):
        client.put('d', 10)
    client.put('a', 5)
    settles(server, account.name, (3, 25))
    client.sftp.posix_rename('a', 'b')
    settles(server, account.name, (2, 15))
    client.put('d', 1)
    with pytest.raises(OSError, match='quota'):
        client.put('e', 10)
    settles(server, account.name, (3, 16))
    client.close()
