"""Fixtures: keys, servers, accounts. What they give out is described in postern_server.py."""
import itertools
import os
import shutil
import signal
import subprocess

import pytest

import postern_server
from clients import Account
from postern_server import Server, scratch

TEST_LIMIT_SECONDS = 600


def pytest_configure(config):
    config.addinivalue_line('markers', 'plain_only: too heavy for the build with sanitizers')


@pytest.fixture(autouse=True)
def time_limit():
    """A test that hangs fails, and the tests after it still run."""
    def ring(number, frame):
        raise TimeoutError(f'the test ran for more than {TEST_LIMIT_SECONDS} s')
    previous = signal.signal(signal.SIGALRM, ring)
    signal.alarm(TEST_LIMIT_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture(scope='session')
def keys():
    """A directory with one key of each type, made once: id_ed25519 and id_ed25519.pub, ..."""
    path = scratch('postern-keys-')
    for kind, options in (('ed25519', ['-t', 'ed25519']), ('rsa', ['-t', 'rsa', '-b', '3072']),
                          ('ecdsa', ['-t', 'ecdsa', '-b', '256']),
                          ('ecdsa384', ['-t', 'ecdsa', '-b', '384']),
                          ('ecdsa521', ['-t', 'ecdsa', '-b', '521']),
                          ('stranger', ['-t', 'ed25519'])):
        subprocess.run(['ssh-keygen', '-q', '-N', '', '-C', f'{kind} key', *options,
                        '-f', os.path.join(path, 'id_' + kind)], check=True)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope='session')
def host_keys():
    """Host keys made once: what a server does without any is a test of its own."""
    path = scratch('postern-hostkeys-')
    files = []
    for kind, options in (('rsa', ['-b', '3072']), ('ecdsa', []), ('ed25519', [])):
        file = os.path.join(path, 'id_' + kind)
        subprocess.run(['ssh-keygen', '-q', '-N', '', '-t', kind, *options, '-f', file],
                       check=True)
        files.append(file)
    yield files
    shutil.rmtree(path, ignore_errors=True)


class Servers:
    """Makes servers, and looks at each one when the test is over."""

    def __init__(self, host_keys):
        self.host_keys = host_keys
        self.made = []

    def __call__(self, config=None, start=True, own_host_keys=False, **options):
        server = Server(config, None if own_host_keys else self.host_keys, **options)
        self.made.append(server)
        return server.start() if start else server

    def finish(self):
        faults = []
        for server in self.made:
            try:
                server.stop()
            except AssertionError as fault:
                faults.append(str(fault))
            server.remove()
        assert not faults, '\n'.join(faults)


@pytest.fixture
def servers(host_keys):
    """servers(config) starts one more server for this test alone."""
    made = Servers(host_keys)
    yield made
    made.finish()


@pytest.fixture(scope='session')
def server(host_keys):
    """The server that tests share which need nothing special."""
    made = Servers(host_keys)
    yield made({'limits': {'max_unauthenticated_per_address': 1000}})
    made.finish()


class Accounts:
    """Makes accounts with names of their own, on the given server unless told otherwise."""

    numbers = itertools.count(1)

    def __init__(self, server, keys):
        self.server, self.keys, self.directories = server, keys, []

    def __call__(self, server=None, name=None, key='ed25519', password=None, **options):
        server = server or self.server
        name = name or f'user{next(self.numbers)}'
        public = [os.path.join(self.keys, f'id_{key}.pub')] if key else []
        home = server.add_user(name, keys=public, password=password, **options)
        directory = scratch('postern-client-')
        self.directories.append(directory)
        return Account(server, name, home, directory, self.keys,
                       os.path.join(self.keys, f'id_{key or "stranger"}'), password)

    def finish(self):
        for directory in self.directories:
            shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def accounts(request, keys):
    """accounts(server, password=...) makes an account; without a server on the shared one."""
    made = Accounts(None, keys)

    def make(server=None, **options):
        return made(server or request.getfixturevalue('server'), **options)
    yield make
    made.finish()


@pytest.fixture
def account(accounts):
    """One account on the shared server, with an ed25519 key."""
    return accounts()


@pytest.fixture
def sftp_of():
    """Opens paramiko's SFTP for an account; all are closed in the end."""
    import paramiko
    transports = []

    def open_one(account):
        transports.append(account.paramiko())
        return paramiko.SFTPClient.from_transport(transports[-1])
    yield open_one
    for transport in transports:
        transport.close()


def pytest_report_header():
    return f'server: {postern_server.BINARY}'
