"""The command line: accounts, sessions, status, check, portable mode, and exit codes."""
import json
import os
import re
import subprocess

import pytest

import postern_server
from clients import random_file, read, run
from postern_server import AS_ROOT, free_port, give, wait_until


@pytest.fixture
def own(servers):
    return servers()


def as_json(server, *arguments):
    return json.loads(server.cli(*arguments, '--json').stdout)


def test_account_life(own, accounts, keys):
    account = accounts(own, name='bob')
    assert 'bob' in own.cli('user', 'list').stdout
    shown = as_json(own, 'user', 'show', 'bob')
    assert shown['username'] == 'bob' and shown['home_dir'] == account.home
    assert shown['status'] == 1 and shown['permissions'] == {'/': ['*']}
    assert 'password' not in shown or shown['password'] == ''

    own.cli('user', 'authorize-key', 'bob', os.path.join(keys, 'id_rsa.pub'))
    account.sftp('pwd\n', IdentityFile=os.path.join(keys, 'id_rsa'))
    account.sftp('pwd\n')  # the first key still works
    own.cli('user', 'passwd', 'bob', '--password-stdin', stdin='brand new\n')
    account.sftp('pwd\n', by_password=True, password='brand new')

    own.cli('user', 'update', 'bob', '--status', '0')
    assert account.sftp('pwd\n', check=False).returncode != 0
    own.cli('user', 'update', 'bob', '--status', '1')
    account.sftp('pwd\n')
    own.cli('user', 'delete', 'bob')
    assert account.sftp('pwd\n', check=False).returncode != 0
    assert own.cli('user', 'show', 'bob', check=False).returncode == 1
    assert as_json(own, 'user', 'list') == []


def test_a_name_is_used_once(own, accounts):
    accounts(own, name='bob')
    done = own.cli('user', 'add', 'bob', '--home', '/tmp/elsewhere', '--no-password', check=False)
    assert done.returncode == 1 and done.stderr


@pytest.mark.parametrize('arguments', [
    ['user', 'show', '\udcff'], ['user', 'delete', '\udcff'], ['user', 'explain', 'x', '/\udcff'],
    ['user', 'totp', 'enrol', '\udcff'], ['admin', 'show', '\udcff'], ['quota', 'scan', '\udcff'],
    ['ban', 'add', '\udcff']])
def test_arguments_are_text(server, arguments):
    done = server.cli(*arguments, check=False)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == 'postern: an argument is not UTF-8 text\n'


@pytest.mark.parametrize('arguments', [
    ['user', 'add', 'x', '--home', '/h', '--password-stdin', '--permissions', 'fly'],
    ['user', 'add', 'x', '--home', '/h', '--key', 'ssh-ed25519 nonsense'],
    ['user', 'add', 'x', '--home', '/h'],
    ['user', 'show', 'nobody-here'], ['user', 'delete', 'nobody-here'],
    ['session', 'close', 'ffffffff']])
def test_refused_requests(server, arguments):
    done = server.cli(*arguments, check=False, stdin='password\n')
    assert done.returncode == 1 and done.stderr.startswith('postern')


@pytest.mark.parametrize('permissions, allowed, refused', [
    (['list', 'download'], ['get file down', 'ls'], ['put up x', 'rm file', 'mkdir d',
                                                      'rename file x', 'chmod 600 file',
                                                      'ln -s file l']),
    (['list', 'upload'], ['put up x', 'ls'], ['get file down', 'rm file', 'put up file']),
    (['*'], ['put up x', 'get file down', 'rm x', 'mkdir d', 'rename d e', 'rmdir e'], [])])
def test_permissions(accounts, permissions, allowed, refused):
    account = accounts(permissions=permissions)
    random_file(account.local('up'), 100)
    random_file(account.remote('file'), 100)
    give(account.remote('file'))
    before = read(account.remote('file'))
    for command in allowed:
        account.sftp(command + '\n')
    for command in refused:
        assert account.sftp(command + '\n', check=False).returncode != 0, command
    if refused:
        assert read(account.remote('file')) == before


def test_sessions_are_listed_and_closed(own, accounts):
    account = accounts(own)
    assert as_json(own, 'session', 'list') == []
    held = subprocess.Popen(
        ['sftp', *account.ssh_options(), '-P', str(own.port), f'{account.name}@127.0.0.1'],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        listed = wait_until(lambda: as_json(own, 'session', 'list'), 'the session is listed')
        only, = listed
        assert only['username'] == account.name and only['protocol'] == 'SFTP'
        assert only['remote_address'].startswith('127.0.0.1:')
        assert only['client_version'].startswith('SSH-2.0-OpenSSH')
        assert re.fullmatch('[0-9a-f]{64}', only['connection_id'])
        assert account.name in own.cli('session', 'list').stdout
        own.cli('session', 'close', only['connection_id'])
        wait_until(lambda: as_json(own, 'session', 'list') == [], 'the list is empty')
        held.communicate(b'ls\n', timeout=30)
        assert held.returncode != 0
    finally:
        held.kill()
        held.wait()


def test_status(own):
    status = as_json(own, 'status')
    assert status['pid'] == own.pid and status['version']
    assert own.cli('status').stdout


def test_no_server_is_exit_3(servers):
    server = servers(start=False)
    for command in (['status'], ['user', 'list'], ['session', 'list']):
        assert server.cli(*command, check=False).returncode == 3


def test_a_second_server_is_refused(own):
    second = subprocess.run([postern_server.BINARY, 'serve', '-c', own.dir, '-l', ''],
                            capture_output=True, text=True, timeout=30, cwd=own.top)
    assert second.returncode != 0
    assert own.cli('status').returncode == 0


# ---- settings

def test_check_shows_every_setting(server):
    text = server.cli('check').stdout
    for name in ('sftpd.bind_port', 'sftpd.algorithm_preset', 'data_provider.driver', 'sandbox',
                 'limits.login_grace_seconds'):
        assert name in text
    report = json.loads(server.cli('check', '--json').stdout)
    found = {row['name']: row for row in report['settings']}
    assert found['sftpd.bind_port']['value'] == server.port
    assert found['sftpd.bind_port']['from'] == 'file'
    assert found['sftpd.umask']['from'] == 'default'


@pytest.mark.parametrize('config, named', [
    ({'sftpd': {'bind_prot': 1}}, 'sftpd.bind_prot'), ({'nonsense': 1}, 'nonsense'),
    ({'sftpd': {'bind_port': 'many'}}, 'sftpd.bind_port'),
    ({'sftpd': {'bind_port': 70000}}, 'sftpd.bind_port'),
    ({'sftpd': {'ciphers': ['rot13']}}, 'sftpd.ciphers'),
    ({'sftpd': {'kex_algorithms': ['diffie-hellman-group1-sha256']}}, 'sftpd.kex_algorithms'),
    ({'sftpd': {'macs': ['hmac-none']}}, 'sftpd.macs'),
    ({'sftpd': {'algorithm_preset': 'newest'}}, 'sftpd.algorithm_preset'),
    ({'data_provider': {'driver': 'oracle'}}, 'data_provider.driver'),
    ({'sandbox': 'off'}, 'sandbox'), ({'sftpd': {'umask': '0999'}}, 'sftpd.umask')])
def test_mistakes_stop_the_start_and_are_named(servers, config, named):
    server = servers(config, start=False)
    done = server.cli('check', check=False)
    assert done.returncode == 1 and named in done.stdout + done.stderr
    server.launch()
    assert server.process.wait(30) != 0
    assert named in server.log_text() + server.error_text()
    server.stopped = 'refused'


def test_a_file_that_is_no_json(servers):
    server = servers(start=False)
    with open(os.path.join(server.dir, 'sftpgo.json'), 'w', encoding='utf-8') as file:
        file.write('{"sftpd": {')
    assert server.cli('check', check=False).returncode == 1
    server.launch()
    assert server.process.wait(30) != 0
    server.stopped = 'refused'


def test_environment_overrides(servers):
    server = servers(start=False)
    port = free_port()
    server.environment = {'SFTPGO_SFTPD__BIND_PORT': str(port),
                          'SFTPGO_SFTPD__BANNER': 'From_The_Environment'}
    server.port = port
    server.start()
    done = subprocess.run(['ssh-keyscan', '-p', str(port), '127.0.0.1'], capture_output=True,
                          text=True, timeout=30)
    assert 'From_The_Environment' in done.stdout + done.stderr


def test_a_missing_file_means_defaults(servers):
    server = servers(start=False)
    os.unlink(os.path.join(server.dir, 'sftpgo.json'))
    report = json.loads(server.cli('check', '--json').stdout)
    assert report['file'] == ''
    assert all(row['from'] == 'default' for row in report['settings'])


# ---- the rest

@pytest.mark.parametrize('arguments, status', [
    ([], 0), (['--help'], 0), (['help'], 0), (['-v'], 0), (['--version'], 0), (['fly'], 1),
    (['serve', '--help'], 0), (['user', '--help'], 0), (['user', 'fly', 'x'], 2),
    (['serve', '--no-such-flag'], 2)])
def test_exit_codes(arguments, status):
    done = run([postern_server.BINARY, *arguments], check=False)
    assert done.returncode == status
    assert (done.stdout if status == 0 else done.stderr)


def test_portable(servers, accounts, keys):
    server = servers(start=False)
    shared = os.path.join(server.top, 'shared')
    os.mkdir(shared)
    os.chmod(shared, 0o755)
    give(shared)
    random_file(os.path.join(shared, 'file'), 10_000)
    os.chmod(os.path.join(shared, 'file'), 0o644)
    server.command = [postern_server.BINARY, 'portable', '-d', shared, '-s', str(server.port),
                      '-u', 'guest', '-k', os.path.join(keys, 'id_ed25519.pub'),
                      '-g', 'list,download']
    server.start()
    from clients import Account
    guest = Account(server, 'guest', shared, server.top, keys, os.path.join(keys, 'id_ed25519'),
                    None)
    guest.sftp('get file down\n')
    assert read(guest.local('down')) == read(os.path.join(shared, 'file'))
    assert guest.sftp('put down up\n', check=False).returncode != 0


def test_sftp_server_on_standard_streams(tmp_path):
    """`postern sftp-server DIR` below OpenSSH's client, without any SSH."""
    home = postern_server.scratch()
    try:
        random_file(os.path.join(home, 'file'), 50_000)
        run(['sftp', '-b', '-', '-D', f'{postern_server.BINARY} sftp-server {home}'],
            stdin='get file down\nput down up\nrename up moved\nls\n', cwd=tmp_path)
        assert read(os.path.join(home, 'moved')) == read(os.path.join(home, 'file'))
    finally:
        subprocess.run(['rm', '-rf', home], check=True)


def test_required_sandbox_works_here(servers, accounts):
    """With "require" the server starts only where everything is confined."""
    server = servers({'sandbox': 'require'}, start=False)
    server.launch()
    wait_until(lambda: server.process.poll() is not None or server.answers(), 'a decision')
    if server.process.poll() is None:
        accounts(server).sftp('pwd\n')
    else:
        assert 'sandbox' in (server.log_text() + server.error_text()).lower()
        server.stopped = 'refused'


@pytest.mark.skipif(not AS_ROOT, reason='needs root')
def test_unknown_service_user_is_refused(servers):
    server = servers({'service_user': 'no-such-user-here'}, start=False)
    server.launch()
    assert server.process.wait(30) != 0
    assert 'no-such-user-here' in server.log_text() + server.error_text()
    server.stopped = 'refused'
