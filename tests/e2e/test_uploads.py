"""The life of an upload, in every upload_mode and with real clients: what is there during it, after
it, after a failure and after a crash; times, modes, owners, the largest size, a full disk."""
import json
import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import threading

import pytest

from clients import need, random_file, read, run
from postern_server import AS_ROOT, give, wait_until

MODES = [0, 1, 2]
LONG_AGO = 946684800
SEED = int(os.environ.get('POSTERN_CRASH_SEED', '20200301'))
KILLS = int(os.environ.get('POSTERN_CRASH_KILLS', '6'))


def serve(servers, mode, **sftpd):
    return servers({'sftpd': {'upload_mode': mode, **sftpd}, 'limits': {'penalty_seconds': 0}})


def place(account, name, data):
    """A file that is there already."""
    with open(account.remote(name), 'wb') as file:
        file.write(data)
    give(account.remote(name))


def entries(account):
    """Everything in the home directory, hidden or not."""
    return sorted(os.listdir(account.home))


def filters(account, **members):
    path = account.local('filters.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'filters': members}, file)
    return account.server.cli('user', 'update', account.name, '--from-json', path, check=False)


@pytest.fixture(params=MODES, ids=lambda mode: f'mode{mode}')
def account(request, servers, accounts):
    made = accounts(serve(servers, request.param))
    made.mode = request.param
    return made


class Connection:
    """A connection and its SFTP, to be left in an orderly way or not."""

    def __init__(self, account):
        self.transport = account.paramiko()
        self.sftp = self.transport.open_sftp_client()

    def cut(self):
        self.transport.sock.close()
        self.transport.close()


def session_gone(account):
    wait_until(lambda: not account.server.workers(f'session {account.name}'), 'the session ends')


# ---- what clients see

def test_the_old_file_until_the_new_is_complete(account):
    place(account, 'f', b'older')
    connection = Connection(account)
    sftp = connection.sftp
    for name in ('f', 'new'):
        with sftp.open(name, 'wb') as file:
            file.write(b'half of ')
            file.flush()
            assert file.stat().st_size == 8
            if account.mode == 0:
                assert read(account.remote(name)) == b'half of '
            elif name == 'f':
                assert read(account.remote('f')) == b'older' and sftp.stat('f').st_size == 5
            else:
                assert sftp.listdir('.') == ['f']
                with pytest.raises(FileNotFoundError):
                    sftp.stat('new')
            file.write(b'it')
        assert read(account.remote(name)) == b'half of it'
    assert entries(account) == ['f', 'new']
    connection.transport.close()


def test_cut(account):
    """A client that goes without a word: what the mode promises is there."""
    for name, old in (('f', b'older'), ('new', None)):
        if old:
            place(account, name, old)
        connection = Connection(account)
        file = connection.sftp.open(name, 'wb')
        file.write(b'half')
        file.flush()
        assert file.stat().st_size == 4
        connection.cut()
        session_gone(account)
    wanted = {0: {'f': b'half', 'new': b'half'}, 1: {'f': b'older'},
              2: {'f': b'older', 'f.filepart': b'half', 'new': b'half'}}[account.mode]
    assert {name: read(account.remote(name)) for name in entries(account)} == wanted
    account.server.log_message('upload of .* failed after 4 bytes')


def test_resume_after_a_cut(account):
    """reput, which goes by the size, of what a cut upload left."""
    whole = read(random_file(account.local('whole'), 300_000))
    place(account, 'there', b'older')
    for name, part in (('new', 'new'), ('there', 'there.filepart' if account.mode else 'there')):
        connection = Connection(account)
        file = connection.sftp.open(name, 'wb')
        file.write(whole[:100_000])
        file.flush()
        connection.cut()
        session_gone(account)
        if account.mode == 1:
            # nothing was left, so it begins anew
            account.sftp(f'put whole {name}\n')
        else:
            assert read(account.remote(part)) == whole[:100_000]
            account.sftp(f'reput whole {part}\nrename {part} {name}\n')
        assert read(account.remote(name)) == whole
    assert entries(account) == ['new', 'there']


def test_clients(account):
    """The clients' ways to put, put again and append do not differ by mode."""
    one, two = (read(random_file(account.local(name), 200_000)) for name in ('one', 'two'))
    for local, content in (('one', one), ('two', two)):
        account.sftp(f'put {local} by-sftp\n')
        account.scp(local, f'{account.scp_target}:by-scp')
        assert read(account.remote('by-sftp')) == read(account.remote('by-scp')) == content
    place(account, 'part', one[:50_000])
    account.sftp('put -a one part\n')
    assert read(account.remote('part')) == one
    connection = Connection(account)
    with connection.sftp.open('part', 'r+b') as file:
        file.seek(10)
        file.write(b'in place')
    with connection.sftp.open('part', 'ab') as file:
        file.write(b'at the end')
    assert read(account.remote('part')) == one[:10] + b'in place' + one[18:] + b'at the end'
    with pytest.raises(OSError):
        connection.sftp.open('part', 'xb')
    connection.transport.close()
    assert entries(account) == ['by-scp', 'by-sftp', 'part']


def test_times_hold(account):
    """Of each client that sets them, before or after the close."""
    random_file(account.local('f'), 300_000)
    os.utime(account.local('f'), (LONG_AGO, LONG_AGO))
    account.sftp('put -p f by-sftp\nput -p f by-sftp\n')
    account.scp('-p', 'f', f'{account.scp_target}:by-scp')
    names = ['by-sftp', 'by-scp']
    # WinSCP and others set times by path: before the close, or after it without waiting.
    connection = Connection(account)
    for name in ('before', 'after'):
        with connection.sftp.open(name, 'wb') as file:
            file.write(b'first')
            file.flush()
            if name == 'before':
                connection.sftp.utime(name, (LONG_AGO, LONG_AGO))
                file.write(b'second')
        if name == 'after':
            connection.sftp.utime(name, (LONG_AGO, LONG_AGO))
        names.append(name)
    with connection.sftp.open('by-handle', 'wb') as file:
        file.utime((LONG_AGO, LONG_AGO))
        file.write(b'written after that')
    names.append('by-handle')
    connection.transport.close()
    if shutil.which('lftp'):
        ssh = 'ssh -a -x ' + ' '.join(f"'{part}'" for part in account.ssh_options())
        os.mkdir(account.local('tree'))
        shutil.copy2(account.local('f'), account.local('tree/by-lftp'))
        run(['lftp', '-e', f'set sftp:connect-program "{ssh}"; set net:max-retries 1; '
             f'set cmd:fail-exit yes; mirror -R tree .; exit', '-u', f'{account.name},',
             f'sftp://127.0.0.1:{account.server.port}'], cwd=account.dir,
            env={**os.environ, 'HOME': account.dir})
        names.append('by-lftp')
    if shutil.which('rclone'):
        run(['rclone', '--retries', '1', 'copyto', 'f', 's:by-rclone'], cwd=account.dir, env={
            **os.environ, 'RCLONE_CONFIG': account.local('rclone.conf'),
            'RCLONE_CONFIG_S_TYPE': 'sftp', 'RCLONE_CONFIG_S_HOST': '127.0.0.1',
            'RCLONE_CONFIG_S_PORT': str(account.server.port),
            'RCLONE_CONFIG_S_USER': account.name, 'RCLONE_CONFIG_S_KEY_FILE': account.key})
        names.append('by-rclone')
    assert {name: int(os.stat(account.remote(name)).st_mtime) for name in names} == {
        name: LONG_AGO for name in names}
    assert entries(account) == sorted(names)


def test_only_upload(servers, accounts):
    """The kernel lets our own rename through for an account that may not rename or delete."""
    for mode in (1, 2):
        account = accounts(serve(servers, mode), permissions=['list', 'upload'])
        place(account, 'there', b'older')
        random_file(account.local('f'), 100_000)
        account.sftp('put f new\n')
        assert read(account.remote('new')) == read(account.local('f'))
        for refused in ('put f there', 'rename new other', 'rm new', 'chmod 600 new'):
            assert account.sftp(refused + '\n', check=False).returncode != 0
        connection = Connection(account)
        file = connection.sftp.open('cut', 'wb')
        file.write(b'half')
        connection.cut()
        session_gone(account)
        assert entries(account) == (['cut'] if mode == 2 else []) + ['new', 'there']
        assert read(account.remote('there')) == b'older'


# ---- modes and owners

@pytest.mark.skipif(not AS_ROOT, reason='only root gives files away')
def test_owners(servers, accounts):
    for mode in MODES:
        account = accounts(serve(servers, mode, umask='0027'),
                           extra=['--uid', '4321', '--gid', '4322'])
        os.chown(account.home, 4321, 4322)
        random_file(account.local('f'), 1000)
        os.mkdir(account.remote('shared'))
        os.chown(account.remote('shared'), 4321, 4323)
        os.chmod(account.remote('shared'), 0o2770)
        account.sftp('put f new\nput f new\nmkdir d\nput f shared/new\nput f odd\nchmod 604 odd\n'
                     'put f odd\n')
        facts = {name: os.stat(account.remote(name))
                 for name in ('new', 'd', 'odd', 'shared/new')}
        assert {name: (fact.st_uid, fact.st_gid, stat.S_IMODE(fact.st_mode))
                for name, fact in facts.items()} == {
                    'new': (4321, 4322, 0o640), 'd': (4321, 4322, 0o750),
                    'odd': (4321, 4322, 0o604), 'shared/new': (4321, 4323, 0o640)}


def test_setstat_mode(servers, accounts):
    """1: each SETSTAT is answered OK and does nothing, during an upload too."""
    for mode in MODES:
        account = accounts(serve(servers, mode, setstat_mode=1))
        random_file(account.local('f'), 1000)
        os.utime(account.local('f'), (LONG_AGO, LONG_AGO))
        account.sftp('put -p f new\nchmod 600 new\n')
        facts = os.stat(account.remote('new'))
        assert facts.st_mtime > LONG_AGO and stat.S_IMODE(facts.st_mode) == 0o644


# ---- limits

def test_largest_upload(account):
    """n bytes, n + 1 bytes, and a file that was too large before."""
    assert filters(account, max_upload_file_size=-1).returncode != 0
    assert filters(account, max_upload_file_size=100_000).returncode == 0
    for name, size in (('n', 100_000), ('n1', 100_001)):
        random_file(account.local(name), size)
    account.sftp('put n f\n')
    assert account.sftp('put n1 f\n', check=False).returncode != 0
    connection = Connection(account)
    with connection.sftp.open('part', 'wb') as file:
        file.truncate(100_000)
        with pytest.raises(OSError, match='File too large'):
            file.truncate(100_001)
    connection.sftp.remove('part')
    connection.transport.close()
    kept = read(account.remote('f'))
    if account.mode == 0:
        assert len(kept) <= 100_000
    else:
        assert kept == read(account.local('n'))
    if account.mode == 1:
        assert entries(account) == ['f']
    assert account.server.cli('user', 'show', account.name, '--json').stdout.count(
        '"max_upload_file_size"') == 1


@pytest.mark.skipif(not AS_ROOT, reason='only root mounts a small disk')
def test_full_disk(account):
    """The client hears it, the old file stays, and there is room again afterwards."""
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', account.home],
                             check=False)
    if mounted.returncode != 0:
        pytest.skip('no mount')
    try:
        give(account.home)
        old = read(random_file(account.local('old'), 300_000))
        random_file(account.local('large'), 2_000_000)
        account.sftp('put old f\n')
        assert account.sftp('put large f\n', check=False).returncode != 0
        if account.mode != 0:
            assert read(account.remote('f')) == old
        if account.mode == 2:
            part = read(account.remote('f.filepart'))
            assert part == read(account.local('large'))[:len(part)] and part
            os.unlink(account.remote('f.filepart'))
        connection = Connection(account)
        with connection.sftp.open('g', 'wb') as file, \
                pytest.raises(OSError, match='No space left'):
            for _ in range(64):
                file.write(b'x' * 32768)
        for name in set(connection.sftp.listdir('.')) - {'f'}:
            connection.sftp.remove(name)
        connection.transport.close()
        account.sftp('put old f\n')
        assert read(account.remote('f')) == old and entries(account) == ['f']
    finally:
        # the session may still have a directory of it open
        wait_until(lambda: subprocess.run(['umount', account.home], check=False).returncode == 0,
                   'the small disk is free')


# ---- fsync

@pytest.mark.skipif(not AS_ROOT, reason='only root traces the workers')
@pytest.mark.parametrize('by', ['setting', 'account'])
def test_close_waits_for_the_disk(servers, accounts, by):
    """Each answer to a CLOSE comes after fsync of the file, its rename, fsync of the directory."""
    need('strace')
    for mode, wanted in ((0, ['fsync', 'fsync']), (1, ['fsync', 'renameat', 'fsync'])):
        server = serve(servers, mode, fsync='on-close' if by == 'setting' else 'none')
        account = accounts(server)
        if by == 'account':
            assert filters(account, fsync='always').returncode != 0
            assert filters(account, fsync='on-close').returncode == 0
        connection = Connection(account)
        pid = server.workers(f'session {account.name}')[0]
        trace = account.local('trace')
        tracer = subprocess.Popen(['strace', '-p', str(pid), '-o', trace, '-e',
                                   'trace=fsync,fdatasync,renameat,write,writev,sendmsg,pwritev'],
                                  stderr=subprocess.PIPE)
        try:
            if b'attached' not in tracer.stderr.readline():
                pytest.skip('no tracing here')
            for name in ('a', 'b'):
                with connection.sftp.open(name, 'wb') as file:
                    file.write(b'content')
            connection.transport.close()
            tracer.wait()
        finally:
            if tracer.poll() is None:
                tracer.kill()
                tracer.wait()
            tracer.stderr.close()
        calls = [line.split('(')[0] for line in read(trace).decode().splitlines()
                 if '(' in line and not line.startswith(('+', '-'))]
        # from the file's bytes to the first packet after them that is not their own answer
        closes = 0
        for at, call in enumerate(calls):
            if call == 'fsync' and calls[at - 1] != 'renameat' and calls[at - 1] != 'fsync':
                assert calls[at:at + len(wanted)] == wanted, calls
                assert calls[at + len(wanted)] in ('write', 'writev', 'sendmsg'), calls
                closes += 1
        assert closes == 2, calls


def test_no_fsync_unless_asked(account):
    assert filters(account, fsync='none').returncode == 0
    random_file(account.local('f'), 1000)
    account.sftp('put f new\nput -f f synced\n')
    assert read(account.remote('new')) == read(account.remote('synced'))


# ---- crashes

class Uploader(threading.Thread):
    """Puts file after file on one name, each the same number all over, until it is cut off."""
    SIZE = 64 * 1024

    def __init__(self, account, first):
        super().__init__(daemon=True)
        self.account, self.opened, self.closed = account, first, first - 1

    def run(self):
        try:
            connection = Connection(self.account)
            while True:
                self.opened = max(self.opened, self.closed + 1)
                with connection.sftp.open('f', 'wb') as file:
                    for _ in range(4):
                        file.write(struct.pack('>Q', self.opened) * (self.SIZE // 32))
                    file.flush()
                    file.stat()
                    # raises what a plain close would keep to itself
                    connection.sftp._request(4, file.handle)
                    file._closed = True
                self.closed = self.opened
        except (OSError, EOFError, AttributeError) as fault:
            self.fault = fault
        except Exception as fault:  # whatever paramiko makes of a dead server
            self.fault = fault


def check_survivor(account, uploader, existed):
    path = account.remote('f')
    if not os.path.exists(path):
        assert not existed and uploader.closed == 0, 'the file is gone'
        return
    data = read(path)
    numbers = set(struct.unpack(f'>{len(data) // 8}Q', data[:len(data) // 8 * 8]))
    assert len(numbers) <= 1, f'a mixture of {numbers}'
    if account.mode != 0:
        assert len(data) == Uploader.SIZE
        assert uploader.closed <= numbers.pop() <= uploader.opened + 1


@pytest.mark.parametrize('what', ['session', 'server'])
def test_killed(servers, accounts, what):
    """kill -9 at any point, of one worker or of everything."""
    chance = random.Random(SEED)
    print(f'seed {SEED}')
    for mode in MODES:
        server = serve(servers, mode)
        account = accounts(server)
        account.mode = mode
        for turn in range(KILLS if what == 'session' else max(KILLS // 3, 1)):
            if turn % 2 == 0:
                shutil.rmtree(account.home)
                os.mkdir(account.home, 0o755)
                give(account.home)
            else:
                place(account, 'f', struct.pack('>Q', 1) * (Uploader.SIZE // 8))
            uploader = Uploader(account, 2 if turn % 2 else 1)
            aim = uploader.closed + chance.randrange(4)
            uploader.start()
            wait_until(lambda: uploader.closed >= aim or not uploader.is_alive(), 'uploads')
            if what == 'session':
                wait_until(lambda: server.workers(f'session {account.name}'), 'a session')
                for pid in server.workers(f'session {account.name}'):
                    os.kill(pid, signal.SIGKILL)
            else:
                for pid in server.family():
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                server.process.wait()
            uploader.join(60)
            assert not uploader.is_alive()
            check_survivor(account, uploader, turn % 2 == 1)
            if what == 'server':
                wait_until(lambda: not server.family(), 'all of it has ended')
                server.start()
            wait_until(lambda: account.sftp('ls\n', check=False).returncode == 0, 'a listing')
            check_survivor(account, uploader, turn % 2 == 1)
            assert [name for name in entries(account) if name.startswith('.')] == []


@pytest.mark.parametrize('account', [1, 2], indirect=True, ids=lambda mode: f'mode{mode}')
def test_two_clients_on_one_name(account):
    """The last that is complete wins, without a mixture."""
    place(account, 'f', struct.pack('>Q', 0) * (Uploader.SIZE // 8))
    one, two = Connection(account), Connection(account)
    for turn in range(10):
        files = [each.sftp.open('f', 'wb') for each in (one, two)]
        for at, file in enumerate(files):
            file.write(struct.pack('>Q', 2 * turn + at) * (Uploader.SIZE // 8))
        order = [0, 1] if turn % 2 else [1, 0]
        for at in order:
            files[at].close()
            data = read(account.remote('f'))
            assert data == struct.pack('>Q', 2 * turn + at) * (Uploader.SIZE // 8)
    for each in (one, two):
        each.transport.close()
    assert entries(account) == ['f']
