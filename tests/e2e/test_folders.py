"""Virtual folders with real clients: what they see, what the log says, and sessions that idle."""
import json
import os

import pytest

from clients import random_file
from postern_server import AS_ROOT, give, wait_until


def account_with_folders(accounts, server, folders, **fields):
    """An account whose folders are {virtual path: host path}, and other fields as in its JSON."""
    path = os.path.join(server.top, 'account.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({**fields, 'virtual_folders': [
            {'virtual_path': virtual, 'mapped_path': host}
            for virtual, host in folders.items()]}, file)
    return accounts(server, extra=['--from-json', path])


def host_directory(server, name):
    path = os.path.join(server.homes, name)
    os.makedirs(path, exist_ok=True)
    give(path)
    return path


def test_clients_see_folders(server, accounts):
    near, far = (host_directory(server, f'folder-{name}') for name in ('near', 'far'))
    account = account_with_folders(accounts, server, {'/near': near, '/deep/er/far': far})
    with open(account.local('up'), 'w', encoding='utf-8') as file:
        file.write('content')
    out = account.sftp('put up near/up\nput up deep/er/far/up\nls -1\nls -1 deep\ncd deep/er\n'
                       'ls -1\ncd far\npwd\nget up down\nmkdir d\nrename up d/moved\nls -1 d\n')
    assert 'Remote working directory: /deep/er/far' in out.stdout
    for name in ('near', 'deep', 'er', 'far', 'moved'):
        assert name in out.stdout
    assert os.path.exists(os.path.join(near, 'up'))
    assert os.path.exists(os.path.join(far, 'd', 'moved'))
    assert os.listdir(account.home) == []
    with open(account.local('down'), encoding='utf-8') as file:
        assert file.read() == 'content'
    # The log names the file on the host.
    server.log_line(sender='Upload', username=account.name,
                    file_path=os.path.join(near, 'up'))
    server.log_line(sender='Rename', username=account.name, file_path=os.path.join(far, 'up'),
                    target_path=os.path.join(far, 'd', 'moved'))


def test_refusals_are_answers(server, accounts, sftp_of):
    near = host_directory(server, 'folder-refused')
    account = account_with_folders(accounts, server, {'/near': near})
    with open(account.remote('f'), 'w', encoding='utf-8') as file:
        file.write('stays')
    give(account.remote('f'))
    sftp = sftp_of(account)
    for call, text in ((lambda: sftp.posix_rename('/f', '/near/f'), 'cross-device'),
                       (lambda: sftp.rename('/f', '/near/f'), 'cross-device'),
                       (lambda: sftp.symlink('/f', '/near/f'), 'cross-device'),
                       (lambda: sftp.rmdir('/near'), 'ermission'),
                       (lambda: sftp.rename('/near', '/other'), 'ermission'),
                       (lambda: sftp.symlink('f', '/near'), 'ermission'),
                       (lambda: sftp.remove('/near'), 'directory')):
        with pytest.raises(OSError, match=text):
            call()
    assert os.path.exists(account.remote('f'))


def test_a_missing_directory_is_made(server, accounts):
    host = os.path.join(server.homes, 'made', 'by', 'login')
    account = account_with_folders(accounts, server, {'/x': host})
    account.sftp('mkdir x/inside\n')
    assert os.path.isdir(os.path.join(host, 'inside'))


def test_a_directory_that_cannot_be_opened_refuses_the_login(server, accounts):
    host = os.path.join(server.homes, 'no-directory')
    with open(host, 'w', encoding='utf-8') as file:
        file.write('a file')
    account = account_with_folders(accounts, server, {'/x': host})
    assert account.sftp('pwd\n', check=False).returncode != 0
    server.log_message(r'no-directory" of the virtual folder "/x": Not a directory')


def test_as_many_folders_as_there_may_be(server, accounts, sftp_of):
    folders = {f'/many/{n}': host_directory(server, f'many-{n}') for n in range(64)}
    account = account_with_folders(accounts, server, folders)
    sftp = sftp_of(account)
    assert sorted(sftp.listdir('/many')) == sorted(str(n) for n in range(64))
    with sftp.open('/many/63/f', 'w') as file:
        file.write('last')
    assert os.path.exists(os.path.join(server.homes, 'many-63', 'f'))
    folders['/many/64'] = '/nonexistent'
    with pytest.raises(AssertionError, match='at most 64 virtual folders'):
        account_with_folders(accounts, server, folders)


def test_a_woken_session_has_its_folders(servers, accounts, sftp_of):
    server = servers({'limits': {'park_after_seconds': 1}})
    near = host_directory(server, 'near')
    sftp = sftp_of(account_with_folders(accounts, server, {'/near': near}))
    for turn in range(2):
        with sftp.open(f'/near/{turn}', 'w') as file:
            file.write('x')
        wait_until(lambda: json.loads(server.cli('status', '--json').stdout)['parked'] == 1,
                   'the session is parked')
    assert sorted(sftp.listdir('/near')) == ['0', '1']


@pytest.mark.skipif(not AS_ROOT, reason='ids are mapped by a server that was started by root')
def test_the_ids_of_the_account_decide(server, accounts, sftp_of):
    private = host_directory(server, 'private')
    os.chmod(private, 0o700)
    os.chown(private, 41234, 41234)
    owner, other = (account_with_folders(accounts, server, {'/p': private}, uid=uid, gid=uid)
                    for uid in (41234, 41235))
    with sftp_of(owner).open('/p/f', 'w') as file:
        file.write('mine')
    assert os.stat(os.path.join(private, 'f')).st_uid == 41234
    sftp = sftp_of(other)
    assert 'p' in sftp.listdir('/')
    for call in (lambda: sftp.listdir('/p'), lambda: sftp.open('/p/f'),
                 lambda: sftp.open('/p/g', 'w')):
        with pytest.raises(OSError, match='ermission denied'):
            call()


def test_file_extensions(server, accounts):
    account = account_with_folders(accounts, server, {}, filters={'file_extensions': [
        {'path': '/', 'denied_extensions': ['.exe']},
        {'path': '/pictures', 'allowed_extensions': ['.jpg'], 'denied_extensions': []}]})
    with open(account.local('f'), 'w', encoding='utf-8') as file:
        file.write('x')
    account.sftp('mkdir pictures\nput f f\nput f pictures/a.JPG\n')
    for command in ('put f a.EXE', 'put f pictures/a.txt', 'rename f a.exe'):
        out = account.sftp(command + '\n', check=False)
        assert out.returncode != 0 and 'ermission denied' in out.stderr, command


def test_files_move_to_another_folder(servers, accounts, sftp_of):
    server = servers({'sftpd': {'rename_across_folders': 'copy'}})
    near = host_directory(server, 'near')
    account = account_with_folders(accounts, server, {'/near': near})
    content = random_file(account.remote('large'), 40_000_000)
    with open(content, 'rb') as file:
        content = file.read()
    give(account.remote('large'))
    sftp = sftp_of(account)
    sftp.posix_rename('/large', '/near/moved')
    with open(os.path.join(near, 'moved'), 'rb') as file:
        assert file.read() == content
    assert os.listdir(account.home) == []
    with pytest.raises(OSError, match='cross-device'):
        sftp.mkdir('/d')
        sftp.rename('/d', '/near/d')
    server.log_line(sender='Rename', file_path=account.remote('large'),
                    target_path=os.path.join(near, 'moved'))


def test_explain(server, accounts):
    near = host_directory(server, 'explained')
    account = account_with_folders(
        accounts, server, {'/near': near}, permissions={'/': ['*'], '/near/in': ['list']},
        filters={'file_extensions': [{'path': '/near', 'denied_extensions': ['.exe']}]})

    def explain(path):
        answer = json.loads(server.cli('user', 'explain', account.name, path, '--json').stdout)
        return answer, {(row['operation'], row['as_target']): row for row in answer['operations']}

    answer, rows = explain('/near/in/x.exe')
    assert answer['virtual_folder'] == {'virtual_path': '/near', 'mapped_path': near}
    assert answer['host_path'] == os.path.join(near, 'in/x.exe')
    assert answer['rule'] == answer['parent_rule'] == {
        'path': '/near/in', 'permissions': ['list']}
    assert answer['file_extensions'] == {'path': '/near', 'passes': False, 'suffix': '.exe'}
    assert rows['stat', False]['file']['allowed']
    assert rows['open-read', False]['file'] == {
        'allowed': False, 'decided_by': 'permissions', 'needs': [], 'parent_needs': ['download']}
    _, rows = explain('/near/x.exe')
    assert rows['open-read', False]['file']['decided_by'] == 'file_extensions'
    assert rows['rename', True]['directory']['allowed']
    assert not rows['rename', True]['file']['allowed']
    answer, rows = explain('near')
    assert answer['path'] == '/near' and answer['holds_virtual_folder']
    assert rows['remove-directory', False]['directory']['decided_by'] == 'virtual_folder'
    text = server.cli('user', 'explain', account.name, '/near/x.exe').stdout
    assert 'a file may not have this name' in text and 'open-read' in text
    assert server.cli('user', 'explain', 'nobody', '/', check=False).returncode == 1
    assert server.cli('user', 'explain', account.name, check=False).returncode == 2
