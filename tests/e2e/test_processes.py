"""The processes: their names, their user, and that the death of one is nobody else's."""
import os
import pwd
import re
import resource
import shutil
import signal
import socket
import subprocess

import pytest

import postern_server
from clients import random_file, read
from postern_server import AS_ROOT, SERVICE_USER, process_stat, process_title, wait_until
from raw_ssh import Closed, RawSsh, USERAUTH_SUCCESS, load_key

CAP_SETUID_SETGID = 1 << 6 | 1 << 7


@pytest.fixture
def own(servers):
    return servers()


def log_in(account, source='127.0.0.1'):
    connection = RawSsh(account.server.port, source=source).ready()
    connection.key_proof(account.name, load_key(account.key))
    connection.expect(USERAUTH_SUCCESS)
    return connection.sftp()


def session_of(account):
    return wait_until(lambda: account.server.workers(f'session {account.name}'),
                      'a session worker')[0]


def nursery_of(server):
    return wait_until(lambda: server.workers('nursery'), 'a nursery')


def status(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as file:
        return dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)


def test_names(own, accounts):
    account = accounts(own)
    waiting = RawSsh(own.port).hello()
    wait_until(lambda: own.workers('postern: login 127.0.0.1'), 'a login worker')
    connection = log_in(account)
    assert process_title(session_of(account)).startswith(f'postern: session {account.name}')
    assert nursery_of(own)
    waiting.close()
    connection.close()
    wait_until(lambda: not own.workers('session') and not own.workers('login'), 'workers end')


def test_nobody_keeps_a_privilege(own, accounts):
    account = accounts(own)
    connection = log_in(account)
    session_of(account)
    wanted = pwd.getpwnam(SERVICE_USER).pw_uid if AS_ROOT else os.getuid()
    for pid, title in own.family().items():
        facts = status(pid)
        assert facts['Uid'].split() == [str(wanted)] * 4, title
        if 'session' in title or 'nursery' in title:
            assert facts['NoNewPrivs'] == '1' and facts['Seccomp'] == '2', title
            # Root's nursery keeps what it takes to become a session's user, and nothing else.
            allowed = CAP_SETUID_SETGID if AS_ROOT and 'nursery' in title else 0
            for which in ('CapPrm', 'CapEff', 'CapAmb'):
                assert int(facts[which], 16) & ~allowed == 0, title
    connection.close()


def test_limit_of_file_sizes(servers, accounts):
    """A limit that the server inherits is a failed write in a session, not its end."""
    megabyte = 1 << 20
    own = servers(start=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * megabyte, hard))
    try:
        own.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    transport = accounts(own).paramiko()
    sftp = transport.open_sftp_client()
    with sftp.open('file', 'wb') as file:
        file.write(b'x' * 4 * megabyte)
        file.flush()
        with pytest.raises(OSError):
            file.write(b'x' * megabyte)
            file.flush()
    assert sftp.stat('file').st_size == 4 * megabyte
    transport.close()


def test_login_worker_is_confined(own):
    connection = RawSsh(own.port).hello()
    pid = wait_until(lambda: own.workers('postern: login'), 'a login worker')[0]
    connection.exchange()
    facts = status(pid)
    assert facts['NoNewPrivs'] == '1' and facts['Seccomp'] == '2'
    assert int(facts['CapEff'], 16) == 0
    connection.close()


def test_a_crashed_session_is_nobody_elses(own, accounts):
    """One session dies by a signal in mid-transfer: the others do not notice."""
    own.faults_expected = True
    victim, other = accounts(own), accounts(own)
    before = nursery_of(own)
    theirs = log_in(victim, source='127.0.0.2')
    ours = log_in(other)
    os.kill(session_of(victim), signal.SIGSEGV)
    with pytest.raises((Closed, AssertionError)):
        while True:
            theirs.read()
    line = own.log_message(r'signal')
    assert line['level'] in ('warn', 'error')
    ours.data(b'\0\0\0\6\x10\0\0\0\1' + b'\0')  # too short for REALPATH: still the engine's to say
    assert process_stat(session_of(other))
    ours.close()
    wait_until(lambda: nursery_of(own) and not set(before) & set(own.workers('nursery')),
               'the nursery is replaced')
    random_file(other.local('up'), 100_000)
    other.sftp('put up there\n', BindAddress='127.0.0.3')
    assert read(other.remote('there')) == read(other.local('up'))


def test_a_crashed_address_is_penalised(own, accounts):
    own.faults_expected = True
    account = accounts(own)
    connection = log_in(account, source='127.0.0.2')
    os.kill(session_of(account), signal.SIGSEGV)
    own.log_message(r'signal')
    connection.close()

    def refused():
        try:
            RawSsh(own.port, source='127.0.0.2').hello()
        except (Closed, OSError):
            return True
        return False
    wait_until(refused, 'connections from the address are refused')
    account.sftp('pwd\n', BindAddress='127.0.0.3')


def test_a_crashed_login_is_nobody_elses(own, accounts):
    own.faults_expected = True
    account = accounts(own)
    waiting = RawSsh(own.port, source='127.0.0.2').hello()
    os.kill(wait_until(lambda: own.workers('postern: login'), 'a login worker')[0],
            signal.SIGSEGV)
    assert waiting.expect_end() is None
    own.log_message(r'signal')
    account.sftp('pwd\n', BindAddress='127.0.0.3')


def test_a_killed_nursery_is_replaced(own, accounts):
    own.faults_expected = True
    account = accounts(own)
    before = nursery_of(own)
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: set(own.workers('nursery')) - set(before), 'a new nursery')
    account.sftp('pwd\n')


def test_term_drains(own, accounts):
    """SIGTERM: nobody new comes in, and a transfer that runs is finished."""
    account = accounts(own)
    random_file(account.local('up'), 40_000_000)
    transfer = subprocess.Popen(
        ['sftp', *account.ssh_options(), '-l', '160000', '-b', '-', '-P', str(own.port),
         f'{account.name}@127.0.0.1'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, cwd=account.dir)
    transfer.stdin.write(b'put up there\n')
    transfer.stdin.close()
    wait_until(lambda: os.path.exists(account.remote('there'))
               and os.path.getsize(account.remote('there')) > 0, 'the upload has begun')
    own.process.send_signal(signal.SIGTERM)

    def closed():
        try:
            with socket.create_connection(('127.0.0.1', own.port), timeout=1) as probe:
                return probe.recv(4) != b'SSH-'
        except OSError:
            return True
    wait_until(closed, 'the listener is closed')
    transfer.wait(120)
    assert read(account.remote('there')) == read(account.local('up'))
    own.process.wait(60)


def test_works_as_an_ordinary_user(servers, accounts, host_keys):
    """No root anywhere: the whole server runs as somebody without a privilege."""
    if not AS_ROOT:
        pytest.skip('the other tests run so already')
    server = servers(start=False)
    copy = os.path.join(server.top, 'postern')
    shutil.copyfile(postern_server.BINARY, copy)
    os.chmod(copy, 0o755)
    entry = pwd.getpwnam(SERVICE_USER)
    server.command = ['setpriv', f'--reuid={entry.pw_uid}', f'--regid={entry.pw_gid}',
                      '--clear-groups', copy, 'serve', '-c', server.dir, '-l', '']
    server.start()
    account = accounts(server)
    random_file(account.local('up'), 100_000)
    account.sftp('put up there\nget there down\n')
    assert read(account.local('up')) == read(account.local('down'))


def test_two_installs_have_different_host_keys(servers):
    seen = []
    for _ in range(2):
        server = servers(own_host_keys=True)
        for name in ('id_rsa', 'id_ecdsa', 'id_ed25519'):
            path = os.path.join(server.dir, name)
            assert os.stat(path).st_mode & 0o777 == 0o600
            public = subprocess.run(['ssh-keygen', '-yf', path], capture_output=True, check=True)
            seen.append(public.stdout)
        scanned = subprocess.run(['ssh-keyscan', '-p', str(server.port), '127.0.0.1'],
                                 capture_output=True, text=True, check=True).stdout
        assert re.findall(r' (ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp256) ', scanned)
    assert len(set(seen)) == 6


def test_host_keys_stay(servers, accounts):
    server = servers(own_host_keys=True)
    account = accounts(server)
    account.sftp('pwd\n')
    server.stop()
    server.start()
    account.sftp('pwd\n', StrictHostKeyChecking='yes')
