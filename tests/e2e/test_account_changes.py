"""Accounts that are changed while their sessions run, and what the sessions may do afterwards."""
import concurrent.futures
import json
import os
import signal
import sqlite3
import threading

import paramiko
import pytest

from clients import random_file, read
from postern_server import give, wait_until
from test_parking import status, wait_parked


@pytest.fixture
def own(servers):
    return servers({'limits': {'max_unauthenticated_per_address': 1000}})


def update(account, *options):
    account.server.cli('user', 'update', account.name, *options)


def worker_of(account):
    [pid] = wait_until(lambda: account.server.workers(f'session {account.name}'), 'a worker')
    return pid


def allows(act):
    """True when it is answered with success, False when with a refusal; else it raises."""
    try:
        act()
    except (PermissionError, FileNotFoundError):
        return False
    return True


def put(sftp, name, content=b'content'):
    with sftp.open(name, 'wb') as file:
        file.write(content)


def is_over(sftp):
    """The connection has been closed, not only an operation refused."""
    try:
        sftp.listdir('.')
    except (OSError, EOFError, paramiko.SSHException) as fault:
        return not isinstance(fault, PermissionError)
    return False


def other_home(account, name):
    path = account.server.home(name)
    os.makedirs(path, exist_ok=True)
    give(path)
    return path


# ---- in the running process


def test_less_is_allowed_at_once(own, accounts, sftp_of):
    """Within the process, also while a file is open, which stays open."""
    account = accounts(own)
    sftp = sftp_of(account)
    pid = worker_of(account)
    file = sftp.open('open', 'wb')
    file.write(b'before ')
    update(account, '--permissions', 'list,download')
    assert not allows(lambda: put(sftp, 'new'))
    assert not allows(lambda: sftp.remove('open'))
    assert 'open' in sftp.listdir('.')
    file.write(b'after')
    file.close()
    assert read(account.remote('open')) == b'before after'
    assert worker_of(account) == pid
    # A permission that the process has had all the time.
    update(account, '--permissions', 'list,download', '--permission', '/d:list')
    assert not allows(lambda: put(sftp, 'new'))


def test_limits_of_uploads(own, accounts, sftp_of):
    account = accounts(own)
    sftp = sftp_of(account)
    pid = worker_of(account)
    file = sftp.open('file', 'wb')
    file.write(b'x' * 1000)
    path = os.path.join(own.top, 'limit.json')
    with open(path, 'w', encoding='utf-8') as out:
        json.dump({'filters': {'max_upload_file_size': 1500, 'fsync': 'on-close'}}, out)
    update(account, '--from-json', path)
    file.write(b'x' * 500)
    with pytest.raises(OSError):
        file.write(b'x')
    assert worker_of(account) == pid
    put(sftp, 'other', b'x' * 1500)
    assert os.path.getsize(account.remote('other')) == 1500


def test_a_password_ends_nothing(own, accounts, sftp_of):
    account = accounts(own, password='first')
    sftp = sftp_of(account)
    pid = worker_of(account)
    own.cli('user', 'update', account.name, '--password-stdin', stdin='second\n')
    update(account, '--key', os.path.join(account.keys, 'id_rsa.pub'))
    update(account, '--max-sessions', '1')
    put(sftp, 'file')
    assert worker_of(account) == pid


# ---- in another process


def test_more_is_allowed(own, accounts, sftp_of):
    account = accounts(own, permissions=['list', 'download'])
    sftp = sftp_of(account)
    pid = worker_of(account)
    [listed] = json.loads(own.cli('session', 'list', '--json').stdout)
    assert not allows(lambda: put(sftp, 'new'))
    update(account, '--permissions', '*')
    wait_until(lambda: allows(lambda: put(sftp, 'new')), 'the upload is allowed')
    assert read(account.remote('new')) == b'content'
    assert worker_of(account) != pid
    [again] = json.loads(own.cli('session', 'list', '--json').stdout)
    assert again['connection_id'] == listed['connection_id']
    assert status(own)['crashes'] == 0 and status(own)['breaches'] == 0


def test_another_home(own, accounts, sftp_of):
    """As soon as no file is open; until then the old one, with what is not allowed any more."""
    account = accounts(own)
    with open(account.remote('old'), 'wb') as file:
        file.write(b'old content')
    os.chmod(account.remote('old'), 0o644)
    elsewhere = other_home(account, 'elsewhere')
    sftp = sftp_of(account)
    file = sftp.open('old', 'rb')
    assert file.read(3) == b'old'
    update(account, '--home', elsewhere, '--permissions', 'list,download,upload')
    assert file.read(100) == b' content'
    assert not allows(lambda: sftp.remove('old'))
    assert sftp.listdir('.') == ['old']
    file.close()
    wait_until(lambda: sftp.listdir('.') == [], 'the other home is there')
    put(sftp, 'new')
    assert os.listdir(elsewhere) == ['new']
    own.log_line(sender='Upload', file_path=os.path.join(elsewhere, 'new'))
    # Back, and a folder with it: twice in a row, the last one counts.
    update(account, '--home', elsewhere, '--permissions', '*')
    path = os.path.join(own.top, 'folders.json')
    with open(path, 'w', encoding='utf-8') as out:
        json.dump({'virtual_folders': [
            {'virtual_path': '/folder', 'mapped_path': elsewhere}]}, out)
    update(account, '--home', account.home, '--from-json', path)
    wait_until(lambda: sorted(sftp.listdir('.')) == ['folder', 'old'], 'home and folder')
    assert sftp.listdir('folder') == ['new']
    sftp.remove('folder/new')
    assert os.listdir(elsewhere) == []


def test_who_cannot_be_renewed_is_closed(own, accounts):
    """With compression no session can be written down: it ends when it idles."""
    account = accounts(own)
    transport = paramiko.Transport(('127.0.0.1', own.port))
    transport.use_compression(True)
    transport.connect(username=account.name,
                      pkey=paramiko.Ed25519Key.from_private_key_file(account.key))
    sftp = paramiko.SFTPClient.from_transport(transport)
    assert sftp.listdir('.') == []
    update(account, '--home', other_home(account, 'elsewhere'))
    wait_until(lambda: not transport.is_active(), 'the session is closed')
    own.log_message(f'connection of user "{account.name}" .*ended')
    transport.close()


# ---- parked sessions


def test_parked_sessions(servers, accounts, sftp_of):
    server = servers({'limits': {'park_after_seconds': 1}})
    account = accounts(server, permissions=['list', 'download'])
    sftp = sftp_of(account)
    assert sftp.listdir('.') == []
    wait_parked(server)
    update(account, '--permissions', '*', '--home', other_home(account, 'elsewhere'))
    assert status(server)['parked'] == 1
    put(sftp, 'file')
    assert os.listdir(server.home('elsewhere')) == ['file']
    wait_parked(server)
    # Parked sessions count: there is no place for another.
    update(account, '--max-sessions', '1')
    with pytest.raises((paramiko.SSHException, EOFError)):
        account.paramiko()
    update(account, '--status', '0')
    wait_until(lambda: is_over(sftp), 'the session is closed')
    wait_until(lambda: not server.workers('session'), 'its worker has ended')
    assert status(server)['parked'] == 0


# ---- the end


@pytest.mark.parametrize('options, reason', [
    (('--status', '0'), 'the account has been disabled'),
    (('--expiration-date', '2001-01-01'), 'the account has expired'),
    (('--denied-ip', '127.0.0.0/8'), 'the account may not be used from this address')])
def test_the_end_during_a_download(own, accounts, options, reason):
    account = accounts(own, extra=('--download-bandwidth', '1000'))
    random_file(account.remote('big'), 50_000_000)
    transport = account.paramiko()
    sftp = paramiko.SFTPClient.from_transport(transport)
    faults = []

    def download():
        try:
            sftp.get('big', account.local('big'))
        except Exception as fault:  # pylint: disable=broad-except
            faults.append(fault)
    thread = threading.Thread(target=download)
    thread.start()
    wait_until(lambda: os.path.exists(account.local('big'))
               and os.path.getsize(account.local('big')) > 0, 'the download runs')
    update(account, *options)
    thread.join(60)
    assert not thread.is_alive() and faults
    assert os.path.getsize(account.local('big')) < 50_000_000
    own.log_message(f'"{account.name}" is closed: {reason}')
    with pytest.raises((paramiko.SSHException, EOFError)):
        account.paramiko()
    transport.close()


def test_no_login_slips_through(own, accounts):
    """However the two fall together: after the account was disabled nobody is in."""
    account = accounts(own, password='secret')
    for _ in range(4):
        update(account, '--status', '1')
        start = threading.Barrier(9)

        def log_in(number):
            start.wait(60)
            try:
                return account.paramiko(by_password=number % 2 == 0)
            except (paramiko.SSHException, EOFError):
                return None
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            transports = [pool.submit(log_in, number) for number in range(8)]
            start.wait(60)
            update(account, '--status', '0')
            transports = [t for t in (future.result() for future in transports) if t]
        wait_until(lambda: not any(t.is_active() for t in transports), 'all are out')
        wait_until(lambda: not own.workers(f'session {account.name}'), 'all workers have ended')


def test_a_deleted_account(own, accounts, sftp_of):
    account, other = accounts(own), accounts(own)
    sftp, others = sftp_of(account), sftp_of(other)
    own.cli('user', 'delete', account.name)
    wait_until(lambda: is_over(sftp), 'the session is closed')
    assert others.listdir('.') == []


def test_accounts_that_are_read_again(servers, accounts, sftp_of):
    """SIGHUP with the driver that keeps them in memory."""
    server = servers(start=False)
    dump = os.path.join(server.dir, 'dump.json')

    def user(number, **fields):
        os.makedirs(server.home(f'user{number}'), exist_ok=True)
        give(server.home(f'user{number}'))
        return {'id': number, 'username': f'user{number}', 'password': 'secret', 'status': 1,
                'home_dir': server.home(f'user{number}'),
                'permissions': {'/': ['*']}, **fields}

    def write(*users):
        with open(dump, 'w', encoding='utf-8') as file:
            json.dump({'users': users}, file)
        os.chmod(dump, 0o600)
        give(dump)

    def log_in(number):
        transport = paramiko.Transport(('127.0.0.1', server.port))
        transport.connect(username=f'user{number}', password='secret')
        return paramiko.SFTPClient.from_transport(transport)
    write(user(1), user(2), user(3), user(4))
    server.configure({'data_provider': {'driver': 'memory', 'name': 'dump.json'}})
    server.start()
    sessions = [log_in(number) for number in (1, 2, 3, 4)]
    write(user(1), user(2, permissions={'/': ['list']}), user(3, status=0))
    os.kill(server.pid, signal.SIGHUP)
    for number in (3, 4):
        wait_until(lambda: is_over(sessions[number - 1]), f'user{number} is out')
    wait_until(lambda: not allows(lambda: put(sessions[1], 'file')), 'user2 may only list')
    put(sessions[0], 'file')
    for sftp in sessions:
        sftp.get_channel().get_transport().close()


def test_accounts_that_others_changed(own, accounts, sftp_of):
    """In the database, behind the server's back: at SIGHUP."""
    account, other = accounts(own), accounts(own)
    sftp, others = sftp_of(account), sftp_of(other)
    with sqlite3.connect(os.path.join(own.dir, 'sftpgo.db')) as database:
        assert database.execute('UPDATE users SET status = 0 WHERE username = ?',
                                (account.name,)).rowcount == 1
    database.close()
    os.kill(own.pid, signal.SIGHUP)
    wait_until(lambda: is_over(sftp), 'the session is closed')
    assert others.listdir('.') == []


# ---- how many


def test_sixteen_logins_for_four_places(own, accounts):
    account = accounts(own, extra=('--max-sessions', '4'))
    start = threading.Barrier(16)

    def log_in(_):
        start.wait(60)
        try:
            return account.paramiko()
        except (paramiko.SSHException, EOFError):
            return None
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        transports = [t for t in pool.map(log_in, range(16)) if t is not None]
    assert len(transports) == 4
    own.log_line(sender='connection_failed', username=account.name, login_type='public_key',
                 error=f'user "{account.name}" has too many open sessions: 4 of 4')
    # A place is free as soon as one has ended, and there is one of them.
    transports.pop().close()
    own.log_message(f'connection of user "{account.name}" .*ended')
    transports.append(account.paramiko())
    with pytest.raises((paramiko.SSHException, EOFError)):
        account.paramiko()
    # Who is over a limit that was lowered stays.
    update(account, '--max-sessions', '2')
    assert all(t.is_active() for t in transports)
    for transport in transports:
        transport.close()
