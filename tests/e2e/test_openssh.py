"""OpenSSH's own sftp and scp: what a user does on an ordinary day."""
import os
import stat

import pytest

from clients import random_file, read, run
from postern_server import wait_until


def test_key_login_and_listing(account):
    os.mkdir(account.remote('folder'))
    random_file(account.remote('a file'), 10)
    listing = account.sftp('pwd\nls -1\nls -la\n').stdout
    assert 'Remote working directory: /' in listing
    assert 'a file' in listing and 'folder' in listing


def test_password_login(accounts):
    account = accounts(key=None, password='correct horse')
    assert 'Remote working directory: /' in account.sftp('pwd\n', by_password=True).stdout


def test_wrong_password_is_refused(accounts):
    account = accounts(key=None, password='correct horse')
    done = account.sftp('pwd\n', by_password=True, password='incorrect horse', check=False)
    assert done.returncode != 0 and 'Permission denied' in done.stderr
    account.server.log_line(sender='connection_failed', username=account.name)


@pytest.mark.parametrize('kind', ['ed25519', 'rsa', 'ecdsa', 'ecdsa384', 'ecdsa521'])
def test_key_types(accounts, kind):
    account = accounts(key=kind)
    account.sftp('pwd\n')


@pytest.mark.parametrize('algorithm', ['rsa-sha2-256', 'rsa-sha2-512'])
def test_rsa_signatures(accounts, algorithm):
    accounts(key='rsa').sftp('pwd\n', PubkeyAcceptedAlgorithms=algorithm)


def test_ssh_rsa_signature_is_refused(accounts):
    """SHA-1 signatures are for the legacy preset only."""
    done = accounts(key='rsa').sftp('pwd\n', check=False, PubkeyAcceptedAlgorithms='ssh-rsa')
    assert done.returncode != 0


def test_unknown_key_is_refused(account):
    done = account.sftp('pwd\n', check=False,
                        IdentityFile=os.path.join(account.keys, 'id_stranger'))
    assert done.returncode != 0 and 'Permission denied' in done.stderr


def test_server_sig_algs(account):
    done = account.ssh('-s', 'sftp', LogLevel='DEBUG', check=False)
    line = next(line for line in done.stderr.splitlines() if 'server-sig-algs=<' in line)
    for name in ('ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256',
                 'sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'):
        assert name in line
    assert 'ssh-rsa' not in line


@pytest.mark.parametrize('algorithm', ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-256',
                                       'rsa-sha2-512'])
def test_host_key_types(account, algorithm):
    account.sftp('pwd\n', HostKeyAlgorithms=algorithm)


@pytest.mark.parametrize('size', [0, 1, 32767, 32768, 32769, 5_000_000])
def test_put_and_get(account, size):
    random_file(account.local('up'), size)
    account.sftp('put up there\nget there down\n')
    assert read(account.local('up')) == read(account.remote('there')) == read(account.local('down'))


@pytest.mark.parametrize('buffer, requests', [(1000, 1), (32768, 64), (261120, 256)])
def test_transfer_sizes(account, buffer, requests):
    random_file(account.local('up'), 3_000_001)
    account.sftp('put up there\nget there down\n', arguments=['-B', buffer, '-R', requests])
    assert read(account.local('up')) == read(account.remote('there')) == read(account.local('down'))


def test_resume_upload_and_download(account):
    whole = read(random_file(account.local('whole'), 2_000_000))
    with open(account.remote('whole'), 'wb') as file:
        file.write(whole[:700_000])
    if os.geteuid() == 0:
        os.chown(account.remote('whole'), os.stat(account.home).st_uid, -1)
    account.sftp('reput whole\n')
    assert read(account.remote('whole')) == whole
    with open(account.local('down'), 'wb') as file:
        file.write(whole[:1_234_567])
    account.sftp('reget whole down\n')
    assert read(account.local('down')) == whole


def test_append(account):
    random_file(account.local('head'), 1000)
    account.sftp('put head log\n')
    random_file(account.local('log'), 3000)
    whole = read(account.local('head')) + read(account.local('log'))[1000:]
    account.sftp('put -a log\n')
    assert read(account.remote('log')) == whole


def test_rename_and_delete(account):
    random_file(account.local('up'), 100)
    account.sftp('put up one\nrename one two\nmkdir d\nrename two d/three\nrename d e\n')
    assert read(account.remote('e/three')) == read(account.local('up'))
    account.sftp('rm e/three\nrmdir e\n')
    assert os.listdir(account.home) == []


def test_rename_over_a_file(account):
    random_file(account.local('new'), 100)
    account.sftp('put new old\nput new fresh\nrename fresh old\n')
    assert os.listdir(account.home) == ['old']


def test_rmdir_of_a_full_directory_fails(account):
    random_file(account.local('up'), 1)
    done = account.sftp('mkdir d\nput up d/x\nrmdir d\n', check=False)
    assert done.returncode != 0 and os.path.exists(account.remote('d/x'))


def test_modes_and_times(account):
    random_file(account.local('up'), 100)
    os.chmod(account.local('up'), 0o640)
    os.utime(account.local('up'), (1_000_000_000, 1_100_000_000))
    account.sftp('put -p up there\n')
    there = os.stat(account.remote('there'))
    assert (int(there.st_atime), int(there.st_mtime)) == (1_000_000_000, 1_100_000_000)
    account.sftp('chmod 600 there\nget -p there down\n')
    assert stat.S_IMODE(os.stat(account.remote('there')).st_mode) == 0o600
    assert int(os.stat(account.local('down')).st_mtime) == 1_100_000_000


def test_links(account):
    random_file(account.local('up'), 100)
    account.sftp('put up file\nln file hard\nln -s file soft\nln -s nowhere dangling\n')
    assert os.stat(account.remote('hard')).st_ino == os.stat(account.remote('file')).st_ino
    assert os.path.islink(account.remote('soft'))
    listing = account.sftp('ls -l\nget soft down\n').stdout
    assert read(account.local('down')) == read(account.local('up'))
    assert any(line.startswith('l') and 'dangling' in line for line in listing.splitlines())


def test_free_space(account):
    assert '%Capacity' in account.sftp('df -h\n').stdout


def test_server_side_copy(account):
    random_file(account.local('up'), 300_000)
    account.sftp('put up one\ncp one two\n')
    assert read(account.remote('two')) == read(account.local('up'))


def tree(top):
    return {os.path.relpath(os.path.join(root, name), top): read(os.path.join(root, name))
            for root, _, names in os.walk(top) for name in names}


def test_recursive_put_and_get(account):
    os.makedirs(account.local('tree/a/b/c'))
    for number, folder in enumerate(('', 'a', 'a/b', 'a/b/c')):
        random_file(account.local(os.path.join('tree', folder, f'file{number}')), 1000 * number)
    account.sftp('put -r tree\nget -r tree back\n')
    assert tree(account.local('tree')) == tree(account.remote('tree')) == tree(account.local('back'))


def test_scp_both_ways(account):
    random_file(account.local('up'), 1_000_000)
    account.scp('-p', 'up', f'{account.scp_target}:there')
    account.scp(f'{account.scp_target}:there', 'down')
    assert read(account.local('up')) == read(account.remote('there')) == read(account.local('down'))


def test_scp_recursive(account):
    os.makedirs(account.local('tree/inner'))
    random_file(account.local('tree/inner/file'), 5000)
    account.scp('-r', 'tree', f'{account.scp_target}:')
    account.scp('-r', f'{account.scp_target}:tree', 'back')
    assert tree(account.local('tree')) == tree(account.local('back'))


def test_no_shell_and_no_forwarding(account):
    """A virtual account never gets a shell, a terminal or a way into the network."""
    assert account.ssh('id', check=False).returncode != 0
    assert account.ssh(check=False).returncode != 0
    done = account.ssh('-s', 'sftp', check=False, ssh_options=[
        '-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:1'])
    assert done.returncode != 0


def test_compression(account):
    with open(account.local('up'), 'wb') as file:
        file.write(b'the same line again\n' * 100_000)
    account.sftp('put up there\nget there down\n', Compression='yes')
    assert read(account.local('up')) == read(account.remote('there')) == read(account.local('down'))


@pytest.mark.parametrize('cipher', ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com',
                                    'aes128-ctr'])
def test_rekey_by_volume(account, cipher):
    """The client asks for new keys each MiB, in both directions, during a transfer."""
    random_file(account.local('up'), 12_000_000)
    account.sftp('put up there\nget there down\n', RekeyLimit='1M', Ciphers=cipher)
    assert read(account.local('up')) == read(account.remote('there')) == read(account.local('down'))


def test_rekey_with_compression(account):
    random_file(account.local('up'), 5_000_000)
    account.sftp('put up there\nget there down\n', RekeyLimit='1M', Compression='yes')
    assert read(account.local('up')) == read(account.local('down'))


def test_several_channels_on_one_connection(account):
    """ControlMaster: five sessions share one TCP connection, and all of them work."""
    path = account.local('control')
    shared = {'ControlPath': path, 'ControlMaster': 'auto', 'ControlPersist': '60'}
    for number in range(5):
        random_file(account.local(f'up{number}'), 200_000)
    account.sftp('pwd\n', **shared)
    try:
        assert os.path.exists(path)
        for number in range(5):
            account.sftp(f'put up{number}\n', **shared)
        assert len(account.server.workers(f'session {account.name}')) == 1
    finally:
        run(['ssh', '-F', '/dev/null', '-o', f'ControlPath={path}', '-O', 'exit', 'any'])
    for number in range(5):
        assert read(account.local(f'up{number}')) == read(account.remote(f'up{number}'))
    wait_until(lambda: not account.server.workers(f'session {account.name}'), 'the session ends')


def test_keepalives_are_answered(account):
    random_file(account.local('up'), 100)
    account.sftp('put up there\n!sleep 2.5\nls\n', ServerAliveInterval='1', ServerAliveCountMax='1')
