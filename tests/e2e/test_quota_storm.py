"""Many sessions of one account at once: nothing is lost, and no limit is exceeded."""
import os
import random
import signal
import struct
import threading

import pytest

import sftp_wire as wire
from quota_walk import settles, temporaries, walk
from sftp_wire import Gone, Wire

SESSIONS, OPERATIONS, SEED = 16, 10000, 20261126
LIMIT_BYTES, LIMIT_FILES = 2_000_000, 60
NAMES = [f'{directory}f{number}' for directory in ('', 'd0/', 'd1/') for number in range(25)]


class Storm:
    """One client that does what comes to its mind, and comes back when its session is killed."""

    def __init__(self, account, seed, operations):
        self.account, self.random, self.left = account, random.Random(seed), operations
        self.session, self.kills = None, 0
        self.thread = threading.Thread(target=self.run)

    def name(self):
        return wire.string(self.random.choice(NAMES))

    def flags(self):
        r = self.random
        flags = wire.WRITE_FLAG | r.choice([0, wire.CREAT]) | r.choice([0, 0, wire.READ_FLAG])
        return flags | r.choice([0, wire.TRUNC, wire.TRUNC, wire.APPEND, wire.EXCL | wire.CREAT])

    def write(self, handle):
        r = self.random
        offset = r.choice([0, 0, r.randrange(40000), r.randrange(400000)])
        return wire.WRITE, handle + struct.pack('>Q', offset) + wire.string(
            b'w' * r.randrange(1, 30000))

    def by_path(self):
        r = self.random
        return r.choice([
            lambda: (wire.REMOVE, self.name()),
            lambda: (wire.REMOVE, self.name()),
            lambda: (wire.RENAME, self.name() + self.name()),
            lambda: (wire.EXTENDED, wire.string('posix-rename@openssh.com') + self.name()
                     + self.name()),
            lambda: (wire.EXTENDED, wire.string('hardlink@openssh.com') + self.name()
                     + self.name()),
            lambda: (wire.SYMLINK, self.name() + self.name()),
            lambda: (wire.SETSTAT, self.name() + wire.size_attributes(r.randrange(60000))),
            lambda: (wire.RENAME, wire.string(r.choice(['d0', 'd1', 'd2']))
                     + wire.string(r.choice(['d0', 'd1', 'd2']))),
            lambda: (wire.MKDIR, wire.string(r.choice(['d0', 'd1'])) + wire.NO_ATTRIBUTES),
        ])()

    def ask(self, requests):
        self.left -= len(requests)
        return self.session.ask(requests)

    def round(self):
        r = self.random
        opened = [handle for answer in self.ask(
            [(wire.OPEN, self.name() + struct.pack('>I', self.flags()) + wire.NO_ATTRIBUTES)
             for _ in range(4)]) if (handle := wire.handle(answer))]
        requests = [self.write(handle) for handle in opened for _ in range(r.randrange(4))]
        requests += [self.by_path() for _ in range(8)]
        requests += [(wire.FSETSTAT, handle + wire.size_attributes(r.randrange(50000)))
                     for handle in opened if r.random() < 0.2]
        if len(opened) > 1:
            requests.append((wire.EXTENDED, wire.string('copy-data') + opened[0]
                             + struct.pack('>QQ', 0, 0) + opened[1] + struct.pack('>Q', 0)))
        r.shuffle(requests)
        self.ask(requests)
        self.ask([(wire.CLOSE, handle) for handle in opened])

    def kill_somebody(self):
        for pid in self.account.server.workers(f'session {self.account.name}'):
            if self.random.random() < 0.2:
                self.kills += 1
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def run(self):
        while self.left > 0:
            try:
                self.session = self.session or Wire(self.account)
                self.round()
            except Gone:
                if self.session is not None:
                    self.session.close()
                self.session = None
            if self.random.random() < 0.02:
                self.kill_somebody()
        if self.session is not None:
            self.session.close()


@pytest.mark.parametrize('mode', [0, 1, 2])
def test_random_operations_and_kills(servers, accounts, mode):
    """What is stored in the end is what there is, to the byte."""
    server = servers({'sftpd': {'upload_mode': mode}, 'limits': {'penalty_seconds': 0}})
    account = accounts(server, extra=['--quota-size', str(LIMIT_BYTES),
                                      '--quota-files', str(LIMIT_FILES)])
    storms = [Storm(account, SEED + number, OPERATIONS // SESSIONS)
              for number in range(SESSIONS)]
    print(f'seed {SEED}')
    for storm in storms:
        storm.thread.start()
    for storm in storms:
        storm.thread.join()
    print(f'{sum(storm.kills for storm in storms)} kills')
    settles(server, account.name)
    files, size = walk(account.home)
    assert size <= LIMIT_BYTES
    # One that was to replace a file may be beyond the limit, and stay when its session was killed.
    assert files - temporaries(account.home) <= LIMIT_FILES
    server.cli('quota', 'scan', account.name, '--wait')
    settles(server, account.name, (files, size))


@pytest.mark.parametrize('sessions', [1, 2, 16])
def test_the_limit_is_exact(servers, accounts, sessions):
    """All of them write at once, more than fits; what is there in the end fills the quota."""
    server = servers({})
    limit = 3_000_017
    account = accounts(server, extra=['--quota-size', str(limit)])
    refused = []

    def fill(number):
        session = Wire(account)
        answers = session.ask([(wire.OPEN, wire.string(f'file{number}') + struct.pack(
            '>I', wire.WRITE_FLAG | wire.CREAT) + wire.NO_ATTRIBUTES)])
        handle = wire.handle(answers[0])
        assert handle or wire.status(answers[0]) == 4
        offset, size = 0, 32768
        # ever smaller pieces, until not one byte fits any more
        while handle and size > 0:
            pieces = [(wire.WRITE, handle + struct.pack('>Q', offset)
                       + wire.string(b'x' * size))]
            answer = session.ask(pieces)[0]
            if wire.status(answer) == 0:
                offset += size
            else:
                assert wire.status(answer) == 4 and 'quota' in wire.text(answer)
                refused.append(size)
                size //= 2
        if handle:
            session.ask([(wire.CLOSE, handle)])
        session.close()

    threads = [threading.Thread(target=fill, args=[number]) for number in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 in refused
    assert walk(account.home)[1] == limit
    settles(server, account.name)
