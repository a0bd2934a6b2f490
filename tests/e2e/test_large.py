"""Large things: a file over 4 GiB, many small files, a large directory, every name."""
import asyncio
import os
import subprocess

import pytest

from clients import random_file, read
from postern_server import give

GIB = 1 << 30


def marked(path, size):
    """A sparse file with marks where 32 bits end and elsewhere."""
    with open(path, 'wb') as file:
        for offset in (0, GIB + 12345, 2 * GIB - 100, 4 * GIB - 7, 4 * GIB + 1, size - 1000):
            file.seek(offset)
            file.write(os.urandom(1000))
        file.truncate(size)


@pytest.mark.plain_only
def test_five_gib(account):
    size = 5 * GIB + 17
    marked(account.local('big'), size)
    account.sftp('put big there\n', timeout=300)
    assert os.path.getsize(account.remote('there')) == size
    subprocess.run(['cmp', account.local('big'), account.remote('there')], check=True)
    os.unlink(account.local('big'))
    account.sftp('get there back\n', timeout=300)
    subprocess.run(['cmp', account.local('back'), account.remote('there')], check=True)
    os.unlink(account.local('back'))
    os.unlink(account.remote('there'))


def test_resume_beyond_four_gib(account):
    """Only the end of a large file is transferred, at offsets that need 64 bits."""
    size = 4 * GIB + 5_000_000
    marked(account.local('big'), size)
    with open(account.remote('big'), 'wb') as file:
        file.truncate(4 * GIB - 1_000_000)
    give(account.remote('big'))
    account.sftp('reput big\n')
    with open(account.local('big'), 'rb') as one, open(account.remote('big'), 'rb') as two:
        for file in (one, two):
            file.seek(4 * GIB - 1_000_000)
        assert one.read() == two.read()
    assert os.path.getsize(account.remote('big')) == size
    os.unlink(account.local('big'))
    os.unlink(account.remote('big'))


@pytest.mark.plain_only
def test_twenty_thousand_small_files(account):
    for folder in range(20):
        os.makedirs(account.local(f'tree/{folder}'))
        for number in range(1000):
            with open(account.local(f'tree/{folder}/{number}'), 'wb') as file:
                file.write(b'%d of %d' % (number, folder))
    account.sftp('put -r tree\n', timeout=300)
    account.sftp('get -r tree back\n', timeout=300)
    subprocess.run(['diff', '-r', account.local('tree'), account.local('back')], check=True)
    subprocess.run(['diff', '-r', account.local('tree'), account.remote('tree')], check=True)


@pytest.mark.plain_only
def test_a_hundred_thousand_entries(account):
    import paramiko
    folder = account.remote('many')
    os.mkdir(folder)
    give(folder)
    for number in range(100_000):
        os.close(os.open(f'{folder}/entry-{number:06}', os.O_CREAT | os.O_WRONLY, 0o644))
    listing = account.sftp('ls -1f many\n').stdout.splitlines()
    assert sum('entry-' in line for line in listing) == 100_000
    transport = account.paramiko()
    names = paramiko.SFTPClient.from_transport(transport).listdir('/many')
    transport.close()
    assert len(names) == len(set(names)) == 100_000


def hard_names():
    """Every byte that a name may hold, alone, in the middle, and names that look like paths."""
    bytes_allowed = [bytes([number]) for number in range(1, 256) if number != ord('/')]
    names = [b'x' + byte + b'y' for byte in bytes_allowed]
    names += [byte for byte in bytes_allowed if byte != b'.']
    names += [b'...', b'-rf', b'~root', b'$(id)', b'a b  c', b'\xff\xfe',
              'ü\u202e'.encode(), b'x' * 255, b'\xff' * 255, b'con\r\nname']
    return names


def test_every_name(account):
    import asyncssh

    async def work():
        async with asyncssh.connect('127.0.0.1', account.server.port, username=account.name,
                                    known_hosts=None, config=None, agent_path=None,
                                    client_keys=[account.key]) as connection:
            async with connection.start_sftp_client(path_encoding=None) as sftp:
                for name in hard_names():
                    async with sftp.open(b'/' + name, 'wb') as file:
                        await file.write(name)
                listed = set(await sftp.listdir(b'/')) - {b'.', b'..'}
                for name in hard_names():
                    assert (await sftp.stat(b'/' + name)).size == len(name)
                    assert (await sftp.realpath(b'/' + name)) == b'/' + name
                    await sftp.rename(b'/' + name, b'/moved')
                    async with sftp.open(b'/moved', 'rb') as file:
                        assert await file.read() == name
                    await sftp.rename(b'/moved', b'/' + name)
                on_disk = set(os.listdir(os.fsencode(account.home)))
                for name in hard_names():
                    await sftp.remove(b'/' + name)
                return listed, on_disk
    listed, on_disk = asyncio.run(work())
    assert listed == on_disk == set(hard_names())
    assert os.listdir(account.home) == []


def test_too_long_names_are_refused(account):
    random_file(account.local('up'), 10)
    done = account.sftp(f'put up {"x" * 256}\n', check=False)
    assert done.returncode != 0
    done = account.sftp(f'put up {"/".join(["y" * 200] * 30)}\n', check=False)
    assert done.returncode != 0
    assert os.listdir(account.home) == []


def test_a_full_disk_is_said(account):
    """ENOSPC reaches the client as such."""
    import paramiko
    if os.geteuid() != 0:
        pytest.skip('needs root to mount a small file system')
    small = account.remote('small')
    os.mkdir(small)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=777', 'small', small], check=True)
    try:
        random_file(account.local('up'), 3_000_000)
        assert account.sftp('put up small/there\n', check=False).returncode != 0
        transport = account.paramiko()
        with paramiko.SFTPClient.from_transport(transport).open('/small/other', 'wb') as file:
            with pytest.raises(OSError, match='(?i)space'):
                file.write(bytes(2_000_000))
        transport.close()
    finally:
        subprocess.run(['umount', small], check=True)


def test_sparse_offsets(account):
    import paramiko
    transport = account.paramiko()
    sftp = paramiko.SFTPClient.from_transport(transport)
    with sftp.open('/sparse', 'wb') as file:
        file.seek(6 * GIB)
        file.write(b'far away')
    with sftp.open('/sparse', 'rb') as file:
        file.seek(6 * GIB - 4)
        assert file.read(100) == b'\0\0\0\0far away'
    transport.close()
    assert read_tail(account.remote('sparse'), 8) == b'far away'
    assert os.stat(account.remote('sparse')).st_blocks < 10_000


def read_tail(path, count):
    with open(path, 'rb') as file:
        file.seek(-count, os.SEEK_END)
        return file.read()


def test_downloads_see_a_growing_file_end(account):
    random_file(account.remote('file'), 100_000)
    os.chmod(account.remote('file'), 0o644)
    account.sftp('get file down\n')
    assert read(account.local('down')) == read(account.remote('file'))
