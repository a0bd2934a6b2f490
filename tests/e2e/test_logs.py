"""The log: one JSON line an event, with keys in the order that log readers rely on."""
import gzip
import json
import os
import re

import pytest

from clients import random_file, read
from postern_server import BINARY, wait_until
from raw_ssh import RawSsh

ORDER = {
    'app': ['level', 'time', 'sender', 'connection_id', 'message'],
    'transfer': ['level', 'time', 'sender', 'elapsed_ms', 'size_bytes', 'username', 'file_path',
                 'connection_id', 'protocol'],
    'command': ['level', 'time', 'sender', 'username', 'file_path', 'target_path', 'filemode',
                'uid', 'gid', 'access_time', 'modification_time', 'ssh_command', 'connection_id',
                'protocol'],
    'failed': ['level', 'time', 'sender', 'client_ip', 'username', 'login_type', 'error'],
}
COMMANDS = ['Rename', 'Rmdir', 'Mkdir', 'Symlink', 'Remove', 'Chmod', 'Chown', 'Chtimes',
            'SSHCommand']
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}')


def kind_of(line):
    if line['sender'] in ('Upload', 'Download'):
        return 'transfer'
    if line['sender'] in COMMANDS and 'message' not in line:
        return 'command'
    return 'failed' if line['sender'] == 'connection_failed' else 'app'


@pytest.fixture
def own(servers):
    return servers()


def test_keys_and_their_order(own, accounts):
    account = accounts(own)
    random_file(account.local('up'), 12345)
    account.sftp('mkdir d\nput up d/one\nget d/one down\nrename d/one d/two\nchmod 640 d/two\n'
                 'ln -s d/two l\nrm l\nrm d/two\nrmdir d\n')
    account.sftp('pwd\n', check=False, IdentityFile=os.path.join(account.keys, 'id_stranger'))
    own.log_line(sender='connection_failed')
    lines = own.log_lines()
    for line in lines:
        assert list(line) == ORDER[kind_of(line)], line
        assert TIME.fullmatch(line['time']), line
        assert line['level'] in ('debug', 'info', 'warn', 'error')
    senders = [line['sender'] for line in lines]
    for sender in ('Mkdir', 'Upload', 'Download', 'Rename', 'Chmod', 'Symlink', 'Remove', 'Rmdir'):
        assert sender in senders


def test_transfers(own, accounts):
    account = accounts(own)
    random_file(account.local('up'), 12345)
    account.sftp('put up there\nget there down\n')
    for sender in ('Upload', 'Download'):
        line = own.log_line(sender=sender)
        assert line['level'] == 'info' and line['size_bytes'] == 12345
        assert line['username'] == account.name and line['protocol'] == 'SFTP'
        assert line['file_path'] == account.remote('there')
        assert re.fullmatch('[0-9a-f]{64}', line['connection_id'])


def test_commands(own, accounts):
    account = accounts(own)
    random_file(account.local('up'), 10)
    account.sftp('put up one\nrename one two\nchmod 640 two\n')
    line = own.log_line(sender='Rename')
    assert (line['file_path'], line['target_path']) == \
        (account.remote('one'), account.remote('two'))
    line = own.log_line(sender='Chmod')
    assert line['filemode'] == '-rw-r-----' and line['uid'] == -1


@pytest.mark.parametrize('login_type', ['password', 'public_key', 'no_auth_tryed'])
def test_connection_failed(own, accounts, login_type):
    """The line that fail2ban reads, down to its bytes."""
    account = accounts(own, password='right')
    if login_type == 'password':
        account.sftp('pwd\n', by_password=True, password='wrong', check=False)
    elif login_type == 'public_key':
        account.sftp('pwd\n', check=False,
                     IdentityFile=os.path.join(account.keys, 'id_stranger'))
    else:
        connection = RawSsh(own.port)
        connection.socket.sendall(b'nonsense\r\n')
        connection.socket.close()
    own.log_line(sender='connection_failed', login_type=login_type)
    raw = next(line for line in own.log_text().splitlines()
               if f'"login_type":"{login_type}"' in line)
    user = '' if login_type == 'no_auth_tryed' else account.name
    assert re.fullmatch(
        r'\{"level":"debug","time":"[^"]+","sender":"connection_failed",'
        r'"client_ip":"127\.0\.0\.1","username":"' + user + '","login_type":"' + login_type
        + r'","error":".*"\}', raw), raw


def test_hostile_text_stays_inside_its_line(own, accounts):
    account = accounts(own)
    name = 'a"b\\c\n{"level":"info"}\x1b[2J'
    connection = RawSsh(own.port).ready()
    connection.password(name, 'x')
    connection.expect(51)
    connection.close()
    own.log_line(sender='connection_failed', username=name)
    random_file(account.local('up'), 1)
    account.sftp('put up "we ird\\"\x07name"\n')
    own.log_line(sender='Upload')
    for text in own.log_text().splitlines():
        json.loads(text)
        assert '\x1b' not in text and '\x07' not in text


def test_secrets_are_not_logged(own, accounts):
    account = accounts(own, password='a very secret word')
    account.sftp('pwd\n', by_password=True)
    account.sftp('pwd\n', by_password=True, password='another secret word', check=False)
    own.log_line(sender='connection_failed')
    text = own.log_text() + own.error_text()
    assert 'secret word' not in text and 'argon2' not in text


def test_file_with_rotation(servers, accounts):
    server = servers(start=False)
    log = os.path.join(server.dir, 'logs', 'server.log')
    server.command = [BINARY, 'serve', '-c', server.dir, '-l', log, '-s', '1', '-b', '2', '-z']
    server.start()
    account = accounts(server)
    batch = ''.join(f'mkdir {"x" * 200}{number}\nrmdir {"x" * 200}{number}\n'
                    for number in range(1200))
    account.sftp(batch)
    files = wait_until(
        lambda: (found := os.listdir(os.path.dirname(log)))
        and any(name.endswith('.log.gz') for name in found) and found, 'a rotated file')
    assert os.path.getsize(log) <= 1 << 20
    rotated = next(name for name in files if name.endswith('.log.gz'))
    assert re.fullmatch(r'server-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log\.gz', rotated)
    with gzip.open(os.path.join(os.path.dirname(log), rotated), 'rt', encoding='utf-8') as file:
        for line in file:
            json.loads(line)
    for line in read(log).decode().splitlines():
        json.loads(line)
