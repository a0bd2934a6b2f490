"""Quotas of virtual folders: each change counts where it should, and every limit is exact."""
import json
import os
import signal
import threading

import pytest

from postern_server import give, wait_until
from quota_walk import Client, quota, settles, stored, walk


@pytest.fixture
def boxed(accounts):
    """boxed(server, {'/box': (path, size, files)}) is an account with such folders."""
    def make(server, folders, **fields):
        path = os.path.join(server.top, 'account.json')
        with open(path, 'w', encoding='utf-8') as file:
            json.dump({**fields, 'virtual_folders': [
                {'virtual_path': virtual, 'mapped_path': host, 'quota_size': size,
                 'quota_files': files}
                for virtual, (host, size, files) in folders.items()]}, file)
        return accounts(server, extra=['--from-json', path])
    return make


@pytest.fixture
def clients():
    """clients(account) is a session; all are closed in the end."""
    opened = []

    def make(account):
        opened.append(Client(account))
        return opened[-1]
    yield make
    for client in opened:
        client.close()


def directory(server, name, size=0):
    path = os.path.join(server.homes, name)
    os.makedirs(path, exist_ok=True)
    if size > 0:
        with open(os.path.join(path, 'before'), 'wb') as file:
            file.write(b'b' * size)
        give(os.path.join(path, 'before'))
    give(path)
    return path


def shown(account, virtual='/box'):
    """Files and bytes that are used of a folder, and may be."""
    for folder in quota(account.server, account.name)['folders']:
        if folder['virtual_path'] == virtual:
            return (folder['used_quota_files'], folder['used_quota_size'],
                    folder['quota_files'], folder['quota_size'])
    return None


def folder_settles(account, path, virtual='/box'):
    wait_until(lambda: shown(account, virtual)[:2] == walk(path),
               f'{virtual} is what a walk finds')


@pytest.mark.parametrize('mode', [0, 1])
def test_bytes_at_the_limit(servers, boxed, clients, mode):
    server = servers({'sftpd': {'upload_mode': mode}})
    box = directory(server, 'box', size=40000)
    account = boxed(server, {'/box': (box, 100000, 0)}, quota_size=5000)
    client = clients(account)
    assert shown(account) == (None, None, 0, 100000)
    client.put('box/n', 60000)
    with pytest.raises(OSError, match='quota'):
        client.put('box/more', 1)
    folder_settles(account, box)
    # The account's own quota is another one.
    client.put('home', 5000)
    with pytest.raises(OSError, match='quota'):
        client.put('home1', 1)
    settles(server, account.name, (1, 5000))
    client.sftp.truncate('box/n', 10)
    client.sftp.remove('box/before')
    with pytest.raises(OSError, match='quota'):
        client.put('box/n1', 99991)
    folder_settles(account, box)
    assert walk(box)[1] <= 100000
    text = server.cli('quota', 'show', account.name).stdout
    assert f'folder /box ({box})' in text and ' of 100000' in text


def test_files_at_the_limit(server, boxed, clients):
    box = directory(server, 'box-files', size=7)
    account = boxed(server, {'/box': (box, 0, 3)})
    client = clients(account)
    client.put('box/a', 10)
    client.put('box/b', 10)
    with pytest.raises(OSError, match='quota'):
        client.put('box/c', 10)
    client.put('box/a', 5)
    client.sftp.posix_rename('box/a', 'box/b')
    client.put('box/c', 1)
    with pytest.raises(OSError, match='quota'):
        client.put('box/d', 0)
    folder_settles(account, box)
    assert shown(account) == (3, 13, 3, 0)
    assert stored(server, account.name) == (0, 0)


def test_space(server, boxed, clients):
    """df shows the folder's quota in the folder, also before anybody has changed anything."""
    account = boxed(server, {'/box': (directory(server, 'box-space', size=1 << 18), 1 << 20, 10)},
                    quota_size=1 << 22)
    client = clients(account)
    lines = account.sftp('df /box\ndf -i /box\ndf /').stdout.splitlines()
    numbers = [tuple(int(word) for word in line.split()[:2]) for line in lines
               if line.split()[0].isdigit()]
    assert numbers == [(1024, 256), (10, 1), (4096, 0)]
    client.put('box/more', (1 << 20) - (1 << 18))


def test_whose_quota(servers, boxed, clients):
    """0 for both is the account's, below 0 nobody's; a move to another folder changes both."""
    server = servers({'sftpd': {'rename_across_folders': 'copy'}})
    shared, free, box = (directory(server, name) for name in ('shared', 'free', 'own'))
    account = boxed(server, {'/shared': (shared, 0, 0), '/free': (free, -1, -1),
                             '/box': (box, 50000, 0)}, quota_size=30000)
    client = clients(account)
    client.put('home', 10000)
    client.put('shared/n', 20000)
    for name in ('home1', 'shared/n1'):
        with pytest.raises(OSError, match='quota'):
            client.put(name, 1)
    client.put('free/any', 100000)
    client.sftp.posix_rename('home', 'box/moved')
    folder_settles(account, box)
    wait_until(lambda: stored(server, account.name) == (1, 20000), 'the account has less')
    with pytest.raises(OSError):
        client.sftp.posix_rename('free/any', 'box/large')
    assert os.path.getsize(os.path.join(free, 'any')) == 100000
    folder_settles(account, box)
    assert shown(account)[:2] == (1, 10000)
    client.sftp.posix_rename('box/moved', 'shared/back')
    wait_until(lambda: stored(server, account.name) == (2, 30000), 'the account has it again')
    wait_until(lambda: shown(account)[:2] == (0, 0), 'the folder has nothing')
    # A scan of the account counts its home and what counts to it.
    server.cli('quota', 'scan', account.name, '--wait')
    assert stored(server, account.name) == (2, 30000)


def test_two_accounts_share_a_folder(server, boxed, clients):
    """Four sessions of two accounts, which know the directory by different names: one limit."""
    limit = 1_000_000
    box = directory(server, 'box-shared')
    alias = os.path.join(server.homes, 'box-alias')
    os.symlink(box, alias)
    pair = [boxed(server, {'/box': (path, limit, 0)}) for path in (box, alias)]
    sessions = [clients(account) for account in pair * 2]
    refused = []

    def fill(number):
        try:
            for i in range(40):
                sessions[number].put(f'box/{number}-{i}', 10007)
        except OSError as error:
            refused.append(str(error))
    threads = [threading.Thread(target=fill, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 4 and all('quota' in text for text in refused), refused
    assert walk(box)[1] <= limit
    # The last byte can be had, by whoever wants it.
    sessions[1].sftp.remove('box/0-0')
    folder_settles(pair[0], box)
    sessions[0].put('box/last', limit - walk(box)[1])
    assert walk(box)[1] == limit
    with pytest.raises(OSError, match='quota'):
        sessions[3].put('box/over', 1)
    for account in pair:
        folder_settles(account, box)


def test_each_account_has_its_own_limit(server, boxed, clients):
    """Of what both use together; a new one holds for the sessions that there are."""
    box = directory(server, 'box-two')
    small, large = (boxed(server, {'/box': (box, size, 0)}) for size in (1000, 3000))
    one, other = clients(small), clients(large)
    other.put('box/a', 900)
    one.put('box/b', 100)
    with pytest.raises(OSError, match='quota'):
        one.put('box/c', 1)
    other.put('box/d', 2000)
    with pytest.raises(OSError, match='quota'):
        other.put('box/e', 1)
    folder_settles(large, box)
    path = os.path.join(server.top, 'account.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'virtual_folders': [{'virtual_path': '/box', 'mapped_path': box,
                                        'quota_size': 3010}]}, file)
    server.cli('user', 'update', small.name, '--from-json', path)
    one.put('box/f', 10)
    with pytest.raises(OSError, match='quota'):
        one.put('box/g', 1)
    with pytest.raises(OSError, match='quota'):
        other.put('box/h', 1)


def test_session_that_dies(server, boxed, clients):
    """What it had borrowed is not lost: the folder is counted."""
    box = directory(server, 'box-dead')
    account = boxed(server, {'/box': (box, 100000, 0)})
    dead = clients(account)
    pid, = server.workers(f'session {account.name}')
    alive = clients(account)
    alive.put('box/alive', 10)
    file = dead.sftp.open('box/dead', 'wb')
    file.write(b'd' * 30000)
    os.kill(pid, signal.SIGKILL)
    folder_settles(account, box)
    alive.put('box/rest', 100000 - walk(box)[1])
    with pytest.raises(OSError, match='quota'):
        alive.put('box/over', 1)


def test_parked_session_holds_nothing(servers, boxed, clients):
    """And it is back in its folder's quota when it is woken."""
    server = servers({'limits': {'park_after_seconds': 1}})
    box = directory(server, 'box-parked')
    account = boxed(server, {'/box': (box, 100000, 0)})
    parked = clients(account)
    parked.put('box/a', 10)
    wait_until(lambda: json.loads(server.cli('status', '--json').stdout)['parked'] == 1
               and not server.workers('session'), 'the session is parked')
    other = clients(account)
    other.put('box/b', 99990)
    with pytest.raises(OSError, match='quota'):
        other.put('box/c', 1)
    with pytest.raises(OSError, match='quota'):
        parked.put('box/d', 1)
    parked.sftp.remove('box/b')
    parked.put('box/e', 99990)
    folder_settles(account, box)
