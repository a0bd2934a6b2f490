"""Quotas: limits hold exactly, and what is stored is what a walk of the files finds."""
import os
import signal
import sqlite3
import threading

import pytest

from postern_server import wait_until
from quota_walk import Client, settles, stored


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


def test_what_there_is_counts(servers, limited):
    """In place, sparse, truncated, replaced, linked, removed while open, copied: as by a walk."""
    account = limited(servers({}), size=1 << 30)
    client = Client(account)
    sftp = client.sftp
    client.put('plain', 1000)
    with sftp.open('plain', 'r+') as file:
        file.write(b'y' * 10)
    settles(account.server, account.name, (1, 1000))
    with sftp.open('sparse', 'wb') as file:
        file.seek(500000)
        file.write(b'end')
    sftp.truncate('plain', 70000)
    settles(account.server, account.name, (2, 570003))
    sftp.truncate('sparse', 3)
    sftp.symlink('plain', 'link')
    os.link(account.remote('plain'), account.remote('outside'))
    settles(account.server, account.name, (2, 70003))
    sftp.remove('plain')
    settles(account.server, account.name, (2, 70003))
    sftp.remove('outside')
    settles(account.server, account.name, (1, 3))
    file = sftp.open('gone', 'wb')
    file.write(b'z' * 5000)
    sftp.remove('gone')
    client.put('new', 17)
    sftp.posix_rename('new', 'sparse')
    # What was removed counts until it is closed, because the disk is full of it.
    wait_until(lambda: stored(account.server, account.name) == (2, 5017), 'it is stored')
    file.close()
    settles(account.server, account.name, (1, 17))
    client.close()


def test_two_sessions_and_one_file(servers, limited):
    """What neither of them can know is counted."""
    account = limited(servers({}), size=1 << 30)
    one, other = Client(account), Client(account)
    files = [client.sftp.open('same', mode) for client, mode in ((one, 'wb'), (other, 'r+'))]
    for file in files:
        file.write(b'a' * 30000)
    files[1].truncate(0)
    files[0].write(b'b' * 10)
    for file in files:
        file.close()
    settles(account.server, account.name)
    one.close()
    other.close()


def test_space(servers, limited):
    """df of a client shows the quota."""
    account = limited(servers({}), size=1 << 20, files=10)
    client = Client(account)
    client.put('a', 1 << 18)
    settles(account.server, account.name)
    shown = account.sftp('df').stdout.splitlines()[-1].split()
    assert (int(shown[0]), int(shown[1])) == (1024, 256)
    shown = account.sftp('df -i').stdout.splitlines()[-1].split()
    assert (int(shown[0]), int(shown[1])) == (10, 1)
    client.close()


@pytest.mark.parametrize('settings', [{'track_quota': 0}, {'track_quota': 2},
                                      {'manage_users': 0}])
def test_what_is_written(servers, accounts, settings):
    server = servers({'data_provider': {'track_quota': 1}})
    free = accounts(server)
    bound = accounts(server, extra=['--quota-size', '1000'])
    server.stop()
    server.configure({'data_provider': settings})
    server.start()
    for account in (free, bound):
        client = Client(account)
        client.put('file', 1000)
        if account is bound and settings != {'track_quota': 0}:
            with pytest.raises(OSError, match='quota'):
                client.put('more', 1)
        else:
            client.put('more', 1)
        client.close()
    if settings == {'track_quota': 2}:
        settles(server, bound.name, (1, 1000))
    # Both have been scanned by then, and only where that is written does it show.
    for account in (free, bound):
        server.cli('quota', 'scan', account.name, '--wait')
    if settings == {'track_quota': 2}:
        settles(server, free.name, (2, 1001))
    else:
        assert stored(server, free.name) == stored(server, bound.name) == (0, 0)


def test_scans(servers, limited):
    server = servers({})
    account = limited(server, size=1 << 30)
    for number in range(300):
        with open(account.remote(f'f{number}'), 'wb') as file:
            file.write(b'x' * number)
    client = Client(account)
    running = threading.Event()

    def upload():
        while not running.is_set():
            client.put('busy', 50000)
            client.sftp.remove('busy')
    thread = threading.Thread(target=upload)
    thread.start()
    found = server.cli('quota', 'scan', account.name, '--wait').stdout
    assert 'files' in found
    running.set()
    thread.join()
    client.close()
    settles(server, account.name)
    assert server.cli('quota', 'list').stdout == 'No scan is in progress.\n'
    gone = server.cli('quota', 'cancel', account.name, check=False)
    assert gone.returncode == 1 and 'no scan' in gone.stderr
    assert server.cli('quota', 'scan', 'nobody', check=False).returncode == 1


def test_one_scan_at_a_time(servers, accounts):
    """A directory without end in sight: the scan is seen, is alone, and can be ended."""
    server = servers({})
    account = accounts(server)
    top = account.remote('deep')
    os.mkdir(top)
    for name in range(200):
        os.mkdir(os.path.join(top, str(name)))
        for number in range(100):
            with open(os.path.join(top, str(name), str(number)), 'wb'):
                pass
    server.cli('quota', 'scan', account.name)
    held = server.workers(f'scan {account.name}')
    if not held:
        pytest.skip('the scan was faster')
    os.kill(held[0], signal.SIGSTOP)
    listed = server.cli('quota', 'list').stdout
    again = server.cli('quota', 'scan', account.name, check=False)
    assert account.name in listed
    assert again.returncode == 1 and 'Another scan is already in progress' in again.stderr
    server.cli('quota', 'cancel', account.name)
    wait_until(lambda: not server.workers(f'scan {account.name}'), 'its process ends')
    assert stored(server, account.name) == (0, 0)
    server.cli('quota', 'scan', account.name, '--wait')
    settles(server, account.name, (20000, 0))


def test_a_database_that_is_away(servers, limited):
    """What cannot be written is written when it can be, and holds meanwhile."""
    server = servers({'data_provider': {'driver': 'sqlite', 'name': 'sftpgo.db'}})
    account = limited(server, size=100000)
    client = Client(account)
    client.put('before', 1000)
    settles(server, account.name, (1, 1000))
    other = sqlite3.connect(os.path.join(server.dir, 'sftpgo.db'), isolation_level=None)
    other.execute('BEGIN EXCLUSIVE')
    client.put('meanwhile', 98999)
    server.log_message('was not written yet')
    client.put('last', 1)
    with pytest.raises(OSError, match='quota'):
        client.put('more', 1)
    other.execute('ROLLBACK')
    other.close()
    settles(server, account.name)
    client.close()
