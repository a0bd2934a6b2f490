"""The other clients that people use, each through a day's work: log in, put, get, resume, list,
rename, delete, modes, times and links, as far as the client can do it."""
import asyncio
import os
import stat
import subprocess
import warnings

import pytest

from clients import need, random_file, read, run
from postern_server import give, wait_until

warnings.filterwarnings('ignore')  # of the clients' own libraries, about their own ciphers

PASSWORD = 'pass word-7'


@pytest.fixture
def both(accounts):
    """An account with a key and a password."""
    return accounts(password=PASSWORD)


def place(account, name, data):
    """A file that is there already."""
    with open(account.remote(name), 'wb') as file:
        file.write(data)
    give(account.remote(name))


# ---- lftp

def lftp(account, commands, by_password=False):
    need('lftp')
    ssh = 'ssh -a -x ' + ' '.join(f"'{part}'" for part in account.ssh_options(by_password))
    secret = PASSWORD if by_password else ''
    return run(['lftp', '-e', f'set sftp:connect-program "{ssh}"; set net:max-retries 1; '
                f'set sftp:auto-confirm yes; set cmd:fail-exit yes; {commands}; exit',
                '-u', f'{account.name},{secret}', f'sftp://127.0.0.1:{account.server.port}'],
               cwd=account.dir, env={**os.environ, 'HOME': account.dir, 'LC_ALL': 'C.UTF-8'})


@pytest.mark.parametrize('by_password', [False, True], ids=['key', 'password'])
def test_lftp_put_get_list(both, by_password):
    random_file(both.local('up'), 400_000)
    listing = lftp(both, 'mkdir d; put up -o d/there; get d/there -o down; cls -l d',
                   by_password).stdout
    assert read(both.local('up')) == read(both.remote('d/there')) == read(both.local('down'))
    assert 'there' in listing


def test_lftp_resume_rename_delete(both):
    whole = read(random_file(both.local('whole'), 600_000))
    place(both, 'part', whole[:200_000])
    lftp(both, 'put -c whole -o part; mv part moved; chmod 640 moved')
    assert read(both.remote('moved')) == whole
    assert stat.S_IMODE(os.stat(both.remote('moved')).st_mode) == 0o640
    with open(both.local('half'), 'wb') as file:
        file.write(whole[:300_000])
    lftp(both, 'get -c moved -o half; rm moved')
    assert read(both.local('half')) == whole
    assert os.listdir(both.home) == []


def test_lftp_mirror(both):
    os.makedirs(both.local('tree/inner'))
    for name in ('tree/a', 'tree/inner/b'):
        random_file(both.local(name), 10_000)
    lftp(both, 'mirror -R tree up; mirror up back')
    assert read(both.local('back/inner/b')) == read(both.local('tree/inner/b'))


# ---- curl

def curl(account, *arguments, by_password=False, check=True):
    need('curl')
    login = f'{account.name}:{PASSWORD}' if by_password else f'{account.name}:'
    key = [] if by_password else ['--key', account.key, '--pubkey', account.key + '.pub']
    return run(['curl', '-sS', '--insecure', '-u', login, *key, *arguments], check=check,
               cwd=account.dir)


def url(account, path):
    return f'sftp://127.0.0.1:{account.server.port}/{path}'


@pytest.mark.parametrize('by_password', [False, True], ids=['key', 'password'])
def test_curl_put_get_list(both, by_password):
    random_file(both.local('up'), 300_000)
    curl(both, '-T', 'up', url(both, 'there'), by_password=by_password)
    curl(both, '-o', 'down', url(both, 'there'), by_password=by_password)
    assert read(both.local('up')) == read(both.remote('there')) == read(both.local('down'))
    assert 'there' in curl(both, url(both, ''), by_password=by_password).stdout


def test_curl_resume(both):
    whole = read(random_file(both.local('whole'), 300_000))
    place(both, 'part', whole[:100_000])
    curl(both, '-C', '-', '-T', 'whole', url(both, 'part'))
    assert read(both.remote('part')) == whole
    with open(both.local('half'), 'wb') as file:
        file.write(whole[:123_456])
    curl(both, '-C', '-', '-o', 'half', url(both, 'part'))
    assert read(both.local('half')) == whole


def test_curl_commands(both):
    place(both, 'one', b'content')
    curl(both, '-Q', 'mkdir /d', '-Q', 'rename /one /d/two', '-Q', 'chmod 600 /d/two',
         '-Q', 'symlink /d/two /link', url(both, ''))
    assert read(both.remote('d/two')) == b'content'
    assert os.path.islink(both.remote('link'))
    curl(both, '-Q', 'rm /link', '-Q', 'rm /d/two', '-Q', 'rmdir /d', url(both, ''))
    assert os.listdir(both.home) == []


def test_curl_range(both):
    place(both, 'file', bytes(range(256)) * 100)
    curl(both, '-r', '1000-1999', '-o', 'part', url(both, 'file'))
    assert read(both.local('part')) == (bytes(range(256)) * 100)[1000:2000]


# ---- rclone

def rclone(account, *arguments, by_password=False):
    need('rclone')
    environment = {
        **os.environ, 'RCLONE_CONFIG': '/dev/null', 'HOME': account.dir,
        'RCLONE_CONFIG_S_TYPE': 'sftp', 'RCLONE_CONFIG_S_HOST': '127.0.0.1',
        'RCLONE_CONFIG_S_PORT': str(account.server.port), 'RCLONE_CONFIG_S_USER': account.name,
        'RCLONE_CONFIG_S_SHELL_TYPE': 'none', 'RCLONE_CONFIG_S_MD5SUM_COMMAND': 'none',
        'RCLONE_CONFIG_S_SHA1SUM_COMMAND': 'none',
    }
    if by_password:
        environment['RCLONE_CONFIG_S_PASS'] = run(['rclone', 'obscure', PASSWORD]).stdout.strip()
    else:
        environment['RCLONE_CONFIG_S_KEY_FILE'] = account.key
    return run(['rclone', '--retries', '1', *arguments], cwd=account.dir, env=environment)


@pytest.mark.parametrize('by_password', [False, True], ids=['key', 'password'])
def test_rclone_sync_and_check(both, by_password):
    os.makedirs(both.local('tree/inner'))
    for number in range(20):
        random_file(both.local(f'tree/inner/file{number}'), 3000 * number)
    os.utime(both.local('tree/inner/file3'), (1_000_000_000, 1_000_000_000))
    rclone(both, 'sync', 'tree', 's:tree', by_password=by_password)
    assert int(os.stat(both.remote('tree/inner/file3')).st_mtime) == 1_000_000_000
    rclone(both, 'check', '--download', 'tree', 's:tree', by_password=by_password)
    rclone(both, 'copy', 's:tree', 'back', by_password=by_password)
    assert read(both.local('back/inner/file19')) == read(both.local('tree/inner/file19'))


def test_rclone_list_move_delete(both):
    place(both, 'one', b'1')
    assert 'one' in rclone(both, 'lsf', 's:').stdout
    rclone(both, 'moveto', 's:one', 's:d/two')
    assert read(both.remote('d/two')) == b'1'
    rclone(both, 'purge', 's:d')
    assert os.listdir(both.home) == []
    assert 'Total' in rclone(both, 'about', 's:').stdout


# ---- psftp

def psftp(account, batch, by_password=False):
    need('psftp', 'puttygen')
    environment = {**os.environ, 'HOME': account.dir}
    if by_password:
        login = ['-pw', PASSWORD]
    else:
        private = account.local('key.ppk')
        run(['puttygen', account.key, '-O', 'private', '-o', private], env=environment)
        login = ['-i', private]
    prints = subprocess.run(
        f'ssh-keygen -lf {account.server.dir}/id_ed25519', shell=True, check=True,
        capture_output=True, text=True).stdout.split()[1]
    script = account.local('batch')
    with open(script, 'w', encoding='utf-8') as file:
        file.write(batch)
    return run(['psftp', '-batch', '-noagent', '-hostkey', prints, *login, '-P',
                account.server.port, '-b', script, f'{account.name}@127.0.0.1'],
               cwd=account.dir, env=environment)


@pytest.mark.parametrize('by_password', [False, True], ids=['key', 'password'])
def test_psftp(both, by_password):
    random_file(both.local('up'), 500_000)
    listing = psftp(both, 'mkdir d\nput up d/one\nmv d/one d/two\nget d/two down\n'
                    'chmod 640 d/two\nls d\nquit\n', by_password).stdout
    assert read(both.local('up')) == read(both.remote('d/two')) == read(both.local('down'))
    assert stat.S_IMODE(os.stat(both.remote('d/two')).st_mode) == 0o640
    assert 'two' in listing
    psftp(both, 'rm d/two\nrmdir d\nquit\n', by_password)
    assert os.listdir(both.home) == []


def test_psftp_resume(both):
    whole = read(random_file(both.local('whole'), 400_000))
    place(both, 'whole', whole[:150_000])
    psftp(both, 'reput whole\nquit\n')
    assert read(both.remote('whole')) == whole
    with open(both.local('half'), 'wb') as file:
        file.write(whole[:99_999])
    psftp(both, 'reget whole half\nquit\n')
    assert read(both.local('half')) == whole


# ---- paramiko

@pytest.mark.parametrize('how', ['ed25519', 'ecdsa', 'rsa', 'password'])
def test_paramiko(accounts, how):
    import paramiko
    account = accounts(key='ed25519' if how == 'password' else how, password=PASSWORD)
    transport = account.paramiko(by_password=how == 'password')
    try:
        sftp = paramiko.SFTPClient.from_transport(transport)
        whole = read(random_file(account.local('up'), 700_000))
        sftp.put(account.local('up'), '/there')
        sftp.get('/there', account.local('down'))
        assert read(account.remote('there')) == read(account.local('down')) == whole
        with sftp.open('/there', 'r+') as file:
            file.seek(350_000)
            file.write(b'in the middle')
            file.truncate(600_000)
        assert read(account.remote('there')) == \
            whole[:350_000] + b'in the middle' + whole[350_013:600_000]
        sftp.mkdir('/d')
        sftp.posix_rename('/there', '/d/moved')
        sftp.symlink('/d/moved', '/link')
        assert stat.S_ISLNK(sftp.lstat('/link').st_mode) and sftp.stat('/link').st_size == 600_000
        assert os.path.join('/', sftp.readlink('/link')) == '/d/moved'
        sftp.chmod('/d/moved', 0o600)
        sftp.utime('/d/moved', (1_234_567_890, 1_234_567_891))
        seen = sftp.stat('/d/moved')
        assert (stat.S_IMODE(seen.st_mode), seen.st_atime, seen.st_mtime) == \
            (0o600, 1_234_567_890, 1_234_567_891)
        assert sorted(sftp.listdir('/')) == ['d', 'link']
        sftp.remove('/link')
        sftp.remove('/d/moved')
        sftp.rmdir('/d')
        with pytest.raises(FileNotFoundError):
            sftp.stat('/d')
        assert sftp.normalize('.') == '/'
    finally:
        transport.close()


# ---- asyncssh

@pytest.mark.parametrize('by_password', [False, True], ids=['key', 'password'])
def test_asyncssh(both, by_password):
    import asyncssh
    login = {'password': PASSWORD, 'client_keys': None} if by_password \
        else {'client_keys': [both.key]}

    async def work():
        async with asyncssh.connect('127.0.0.1', both.server.port, username=both.name,
                                    known_hosts=None, config=None, agent_path=None,
                                    **login) as connection:
            async with connection.start_sftp_client() as sftp:
                random_file(both.local('up'), 900_000)
                await sftp.put(both.local('up'), '/there', preserve=True)
                await sftp.get('/there', both.local('down'))
                await sftp.mkdir('/d')
                await sftp.rename('/there', '/d/one')
                await sftp.link('/d/one', '/d/two')
                # To a server that it does not know, this client sends the two paths in the
                # order of the draft, which is the reverse of everybody else's.
                await sftp.symlink('/d/soft', 'one')
                await sftp.chmod('/d/one', 0o640)
                names = sorted(await sftp.listdir('/d'))
                space = await sftp.statvfs('/')
                return names, await sftp.readlink('/d/soft'), space.bsize
    names, target, size = asyncio.run(work())
    assert names == ['.', '..', 'one', 'soft', 'two'] or names == ['one', 'soft', 'two']
    assert target == 'one' and size > 0
    assert read(both.local('up')) == read(both.remote('d/two')) == read(both.local('down'))
    assert stat.S_IMODE(os.stat(both.remote('d/one')).st_mode) == 0o640


# ---- dbclient, as the ssh below OpenSSH's sftp

@pytest.mark.parametrize('by_password', [False, True], ids=['key', 'password'])
def test_dbclient(both, by_password):
    need('dbclient', 'dropbearconvert')
    environment = {**os.environ, 'HOME': both.dir}
    login = ''
    if by_password:
        environment['DROPBEAR_PASSWORD'] = PASSWORD
    else:
        run(['dropbearconvert', 'openssh', 'dropbear', both.key, both.local('key.db')])
        login = f'-i {both.local("key.db")}'
    random_file(both.local('up'), 800_000)
    run(['sftp', '-D', f'dbclient -y -y {login} -p {both.server.port} -s '
         f'{both.name}@127.0.0.1 sftp'], cwd=both.dir, env=environment,
        stdin='put up there\nget there down\nrename there moved\nchmod 600 moved\n')
    assert read(both.local('up')) == read(both.remote('moved')) == read(both.local('down'))


# ---- sshfs

@pytest.fixture
def mounted(both):
    need('sshfs', 'fusermount3')
    if not os.path.exists('/dev/fuse'):
        pytest.skip('/dev/fuse is not there')
    point = both.local('mount')
    os.mkdir(point)
    run(['sshfs', *both.ssh_options(), '-p', both.server.port, f'{both.name}@127.0.0.1:/', point],
        cwd=both.dir)
    yield both, point
    run(['fusermount3', '-u', point])
    wait_until(lambda: not both.server.workers(f'session {both.name}'), 'the mount is gone')


def test_sshfs(mounted):
    account, point = mounted
    data = read(random_file(os.path.join(point, 'file'), 2_000_000))
    assert read(account.remote('file')) == data
    assert read(os.path.join(point, 'file')) == data
    os.mkdir(os.path.join(point, 'd'))
    os.rename(os.path.join(point, 'file'), os.path.join(point, 'd/moved'))
    os.chmod(os.path.join(point, 'd/moved'), 0o600)
    os.utime(os.path.join(point, 'd/moved'), (1_000_000_000, 1_000_000_001))
    os.symlink('d/moved', os.path.join(point, 'link'))
    assert os.readlink(os.path.join(point, 'link')) == 'd/moved'
    os.truncate(os.path.join(point, 'd/moved'), 1000)
    assert read(account.remote('d/moved')) == data[:1000]
    with open(os.path.join(point, 'd/moved'), 'ab') as file:
        file.write(b'end')
    assert read(account.remote('d/moved')) == data[:1000] + b'end'
    assert sorted(os.listdir(point)) == ['d', 'link']
    os.unlink(os.path.join(point, 'link'))
    os.unlink(os.path.join(point, 'd/moved'))
    os.rmdir(os.path.join(point, 'd'))
    assert os.listdir(account.home) == []
    assert os.statvfs(point).f_blocks > 0
