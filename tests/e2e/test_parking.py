"""Sessions that idle are parked and woken, and their clients notice nothing."""
import json
import os
import re
import select
import signal
import socket
import subprocess
import time

import pytest

from clients import random_file, read
from postern_server import process_stat, wait_until
from raw_ssh import RawSsh, USERAUTH_SUCCESS, load_key


@pytest.fixture
def own(servers):
    return servers({'limits': {'park_after_seconds': 1}})


def status(server):
    return json.loads(server.cli('status', '--json').stdout)


def wait_parked(server, number=1):
    """Until so many sessions are parked, and their workers have ended."""
    wait_until(lambda: status(server)['parked'] == number and not server.workers('session'),
               f'{number} sessions are parked: {status(server)}')


def parking_of(server):
    return wait_until(lambda: server.workers('parking'), 'a parking worker')[0]


class Interactive:
    """OpenSSH sftp with its commands through a pipe, one at a time."""

    def __init__(self, account, *arguments, **options):
        self.account = account
        self.process = subprocess.Popen(
            ['sftp', *account.ssh_options(**options), *arguments, '-P', str(account.server.port),
             f'{account.name}@127.0.0.1'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=account.dir, start_new_session=True)
        self.output = b''

    def do(self, command, marker):
        """Gives a command, and waits until its output has the marker."""
        self.output = b''
        self.process.stdin.write(command.encode() + b'\n')
        self.process.stdin.flush()
        return self.until(marker)

    def until(self, marker):
        end = time.monotonic() + 60
        while marker.encode() not in self.output:
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            part = os.read(self.process.stdout.fileno(), 65536) if ready else b''
            assert part, f'no {marker!r} in {self.output!r}'
            self.output += part
        return self.output.decode()

    def gone(self):
        """The server has closed the connection: the end of the input is the end of the client."""
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def quit(self):
        self.process.stdin.write(b'quit\n')
        self.process.stdin.close()
        self.process.stdout.read()
        assert self.process.wait(60) == 0
        self.process.stdout.close()


def work(client, account, turn):
    """Up, down and a listing, in a session that may have been parked."""
    random_file(account.local(f'up{turn}'), 300_000 + turn)
    client.do(f'put up{turn} there{turn}\nget there{turn} down{turn}\nls -1 there{turn}',
              f'\nthere{turn}')
    assert read(account.local(f'down{turn}')) == read(account.local(f'up{turn}'))


@pytest.mark.parametrize('options', [
    {}, {'Ciphers': 'chacha20-poly1305@openssh.com'},
    {'Ciphers': 'aes128-ctr', 'MACs': 'hmac-sha2-256-etm@openssh.com'},
    {'Ciphers': 'aes256-ctr', 'MACs': 'hmac-sha2-512'},
    # New keys every few packets, with the parking in between.
    {'RekeyLimit': '64K'}], ids=lambda options: '-'.join(options.values()) or 'usual')
def test_openssh_goes_on(own, accounts, options):
    account = accounts(own)
    client = Interactive(account, **options)
    client.do('pwd', 'Remote working directory')
    connection_id = None
    for turn in range(3):
        wait_parked(own)
        sessions = json.loads(own.cli('session', 'list', '--json').stdout)
        assert len(sessions) == 1 and sessions[0]['username'] == account.name
        assert sessions[0]['protocol'] == 'SFTP' and 'parked' not in sessions[0]
        assert connection_id in (None, sessions[0]['connection_id'])
        connection_id = sessions[0]['connection_id']
        work(client, account, turn)
    wait_parked(own)
    client.quit()
    wait_until(lambda: status(own)['connections'] == 0, 'the connection has ended')
    assert status(own)['parked'] == 0 and status(own)['crashes'] == 0
    assert status(own)['breaches'] == 0


def test_paramiko_goes_on(own, accounts):
    account = accounts(own)
    transport = account.paramiko()
    import paramiko
    sftp = paramiko.SFTPClient.from_transport(transport)
    content = os.urandom(200_000)
    for turn in range(3):
        wait_parked(own)
        with sftp.open(f'file{turn}', 'wb') as file:
            file.write(content)
        assert f'file{turn}' in sftp.listdir()
        with sftp.open(f'file{turn}', 'rb') as file:
            assert file.read() == content
        if turn == 1:
            wait_parked(own)
            transport.renegotiate_keys()
            assert sftp.stat('file1').st_size == len(content)
    # A second channel is opened in a parked session, and both go on.
    wait_parked(own)
    second = paramiko.SFTPClient.from_transport(transport)
    wait_parked(own)
    assert sorted(second.listdir()) == sorted(sftp.listdir())
    wait_parked(own)
    sftp.close()
    wait_parked(own)
    assert second.stat('file0').st_size == len(content)
    transport.close()
    wait_until(lambda: status(own)['connections'] == 0, 'the connection has ended')


def test_an_open_file_keeps_the_worker(own, accounts):
    account = accounts(own)
    random_file(account.remote('file'), 1000)
    os.chmod(account.remote('file'), 0o644)
    transport = account.paramiko()
    import paramiko
    sftp = paramiko.SFTPClient.from_transport(transport)
    other = accounts(own)
    idle = Interactive(other)
    idle.do('pwd', 'Remote working directory')
    with sftp.open('file', 'rb') as file:
        assert len(file.read(10)) == 10
        # The other one is parked twice over: time enough for this one, were it wanted.
        for _ in range(2):
            wait_until(lambda: status(own)['parked'] == 1, 'the idle one is parked')
            idle.do('ls /missing', 'not found')
        wait_until(lambda: status(own)['parked'] == 1, 'the idle one is parked')
        assert own.workers(f'session {account.name}')
        assert len(file.read()) == 990
    wait_parked(own, 2)
    transport.close()
    idle.quit()


def test_several_channels(own, accounts):
    """One connection with three sftp clients, by OpenSSH's multiplexing."""
    account = accounts(own)
    path = account.local('control')
    master = subprocess.Popen(
        ['ssh', *account.ssh_options(ControlPath=path), '-M', '-N', '-p', str(own.port),
         f'{account.name}@127.0.0.1'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, cwd=account.dir, start_new_session=True)
    wait_until(lambda: os.path.exists(path), 'the control socket')
    clients = [Interactive(account, ControlPath=path) for _ in range(3)]
    for client in clients:
        client.do('pwd', 'Remote working directory')
    for turn in range(2):
        for number, client in enumerate(clients):
            wait_parked(own)
            work(client, account, 10 * turn + number)
    wait_parked(own)
    clients.pop().quit()
    wait_parked(own)
    work(clients[0], account, 99)
    for client in clients:
        client.quit()
    master.terminate()
    master.wait(60)
    wait_until(lambda: status(own)['connections'] == 0, 'the connection has ended')


def test_compression_is_never_parked(own, accounts):
    squeezed, plain = accounts(own), accounts(own)
    first = Interactive(squeezed, '-C')
    first.do('pwd', 'Remote working directory')
    second = Interactive(plain)
    second.do('pwd', 'Remote working directory')
    for _ in range(2):
        wait_until(lambda: status(own)['parked'] == 1, 'the one without compression is parked')
        assert own.workers(f'session {squeezed.name}')
        second.do('ls /missing', 'not found')
    work(first, squeezed, 1)
    first.quit()
    second.quit()


def test_keepalives_are_answered(own, accounts):
    """Each one wakes the session, and it is parked again; with three unanswered ssh would go."""
    account = accounts(own)
    client = Interactive(account, ServerAliveInterval='3', ServerAliveCountMax='1')
    client.do('pwd', 'Remote working directory')
    woken = 0
    for _ in range(3):
        wait_parked(own)
        wait_until(lambda: own.workers(f'session {account.name}'), 'a keepalive wakes it')
        woken += 1
    assert woken == 3
    wait_parked(own)
    before = json.loads(own.cli('session', 'list', '--json').stdout)[0]['last_activity']
    work(client, account, 1)
    after = json.loads(own.cli('session', 'list', '--json').stdout)[0]['last_activity']
    assert after > before
    client.quit()


def test_a_client_that_is_killed(own, accounts):
    account = accounts(own)
    client = Interactive(account)
    client.do('pwd', 'Remote working directory')
    wait_parked(own)
    os.killpg(client.process.pid, signal.SIGKILL)
    client.process.wait()
    wait_until(lambda: status(own)['connections'] == 0, 'the connection has ended')
    assert status(own)['parked'] == 0
    own.log_message(f'connection of user "{account.name}".* ended')


def test_closed_by_the_administrator(own, accounts):
    account, other = accounts(own), accounts(own)
    client, stays = Interactive(account, LogLevel='VERBOSE'), Interactive(other)
    client.do('pwd', 'Remote working directory')
    stays.do('pwd', 'Remote working directory')
    wait_parked(own, 2)
    for session in json.loads(own.cli('session', 'list', '--json').stdout):
        if session['username'] == account.name:
            own.cli('session', 'close', session['connection_id'])
    text = client.until('closed by the administrator')
    assert 'disconnect' in text.lower()
    client.gone()
    wait_until(lambda: status(own)['connections'] == 1, 'the connection has ended')
    work(stays, other, 1)
    stays.quit()


def test_parked_sessions_count(own, accounts):
    """A user may have two: parked ones are two, and when one has left there is room again."""
    account = accounts(own, extra=['--max-sessions', '2'])
    other = accounts(own)
    clients = [Interactive(account) for _ in range(2)]
    for client in clients:
        client.do('pwd', 'Remote working directory')
    wait_parked(own, 2)
    assert account.sftp('pwd\n', check=False).returncode != 0
    own.log_message('too many open sessions: 2 of 2')
    other.sftp('pwd\n')
    clients.pop().quit()
    wait_until(lambda: status(own)['connections'] == 1, 'one has left')
    account.sftp('pwd\n')
    wait_until(lambda: status(own)['connections'] == 1, 'one has left')
    work(clients[0], account, 1)
    clients.append(Interactive(account))
    clients[1].do('pwd', 'Remote working directory')
    assert account.sftp('pwd\n', check=False).returncode != 0
    for client in clients:
        client.quit()


def test_term_ends_parked_sessions(own, accounts):
    account = accounts(own)
    client = Interactive(account, LogLevel='VERBOSE')
    client.do('pwd', 'Remote working directory')
    wait_parked(own)
    own.process.send_signal(signal.SIGTERM)
    client.until('the server is going down')
    assert own.process.wait(30) == 0
    client.gone()


def test_the_parking_worker_dies(own, accounts):
    own.faults_expected = True
    victim, other, third = accounts(own), accounts(own), accounts(own)
    busy = Interactive(other)
    busy.do('pwd', 'Remote working directory')
    gone = Interactive(victim)
    gone.do('pwd', 'Remote working directory')
    wait_parked(own, 2)
    # One of the two is awake when it happens.
    busy.do('ls /missing', 'not found')
    wait_until(lambda: own.workers(f'session {other.name}') and status(own)['parked'] == 1,
               'one is awake')
    before = parking_of(own)
    os.kill(before, signal.SIGKILL)
    gone.gone()
    line = own.log_message(r'parking worker is gone: .*signal 9.*; 1 sessions')
    assert line['level'] == 'error'
    work(busy, other, 1)
    again = Interactive(third)
    again.do('pwd', 'Remote working directory')
    wait_parked(own, 2)
    assert parking_of(own) != before
    work(again, third, 1)
    work(busy, other, 2)
    again.quit()
    busy.quit()


def test_a_woken_session_dies(own, accounts):
    """A crash after being woken costs that session and no other."""
    own.faults_expected = True
    victim, other = accounts(own), accounts(own)
    ours, theirs = Interactive(other), Interactive(victim)
    ours.do('pwd', 'Remote working directory')
    theirs.do('pwd', 'Remote working directory')
    wait_parked(own, 2)
    theirs.do('ls /missing', 'not found')
    pid = wait_until(lambda: own.workers(f'session {victim.name}'), 'it is awake')[0]
    os.kill(pid, signal.SIGSEGV)
    theirs.gone()
    own.log_message(r'died by signal')
    assert status(own)['connections'] == 1
    work(ours, other, 1)
    wait_parked(own)
    work(ours, other, 2)
    ours.quit()


def test_bytes_at_the_worst_moment(own, accounts):
    """Requests that come while the session is on its way are neither lost nor answered twice."""
    account = accounts(own)
    transport = account.paramiko()
    import paramiko
    sftp = paramiko.SFTPClient.from_transport(transport)
    names = {f'directory{number}' for number in range(8)}
    for name in sorted(names):
        # Just about when the worker asks, is granted, writes, ends.
        time.sleep(0.99 + 0.005 * int(name[-1]))
        sftp.mkdir(name)
    assert set(sftp.listdir()) == names
    transport.close()


def test_the_parking_worker_is_confined(own, accounts):
    account = accounts(own)
    client = Interactive(account)
    client.do('pwd', 'Remote working directory')
    wait_parked(own)
    pid = parking_of(own)
    with open(f'/proc/{pid}/status', encoding='utf-8') as file:
        facts = dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)
    assert facts['NoNewPrivs'] == '1' and facts['Seccomp'] == '2'
    for which in ('CapPrm', 'CapEff', 'CapAmb'):
        assert int(facts[which], 16) == 0
    client.quit()


def test_never_when_switched_off(servers, accounts):
    server = servers({'limits': {'park_after_seconds': 0}})
    account = accounts(server)
    client = Interactive(account)
    client.do('pwd', 'Remote working directory')
    pid = server.workers(f'session {account.name}')[0]
    time.sleep(2.5)
    assert status(server)['parked'] == 0 and process_stat(pid)
    assert not server.workers('parking')
    client.quit()


def test_many_at_once(own, accounts):
    """More than are woken at the same time."""
    account = accounts(own)
    connections = []
    for number in range(80):
        # One address may break no more than its share of rules; many may log in.
        connection = RawSsh(own.port, source=f'127.0.0.{2 + number % 8}').ready()
        connection.key_proof(account.name, load_key(account.key))
        connection.expect(USERAUTH_SUCCESS)
        connections.append(connection.sftp())
    wait_parked(own, len(connections))
    own.process.send_signal(signal.SIGTERM)
    for connection in connections:
        connection.expect_end()
    assert own.process.wait(60) == 0
