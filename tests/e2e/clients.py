"""The foreign clients, each as one call that gives back what it printed."""
import os
import shutil
import subprocess

import pytest

from postern_server import PATIENCE


def need(*programs):
    """Skips the test where a client is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f'{program} is not installed')


def run(command, stdin='', check=True, timeout=PATIENCE * 4, **options):
    done = subprocess.run([str(part) for part in command], input=stdin, text=True,
                          capture_output=True, timeout=timeout, errors='replace', **options)
    if check:
        assert done.returncode == 0, \
            f'{command}: status {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}'
    return done


def random_file(path, size):
    with open(path, 'wb') as file:
        left = size
        while left > 0:
            left -= file.write(os.urandom(min(left, 1 << 20)))
    return path


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class Account:
    """An account of a server, the client's working directory, and the clients that use them."""

    def __init__(self, server, name, home, directory, keys, key, password):
        self.server, self.name, self.home = server, name, home
        self.dir, self.keys, self.key, self.password = directory, keys, key, password
        self.known_hosts = os.path.join(directory, 'known_hosts')

    def local(self, name):
        """A path in the client's own directory."""
        return os.path.join(self.dir, name)

    def remote(self, name):
        """The same file as the server's file system has it."""
        return os.path.join(self.home, name)

    # ---- OpenSSH

    def ssh_options(self, by_password=False, **options):
        settings = {
            'UserKnownHostsFile': self.known_hosts, 'StrictHostKeyChecking': 'accept-new',
            'LogLevel': 'ERROR', 'IdentitiesOnly': 'yes', 'ControlPath': 'none',
            'IdentityAgent': 'none', 'ConnectTimeout': str(PATIENCE),
        }
        if by_password:
            # Before -b, which would otherwise turn every question off.
            settings.update(PreferredAuthentications='password', PubkeyAuthentication='no',
                            NumberOfPasswordPrompts='1', BatchMode='no')
        else:
            settings.update(PreferredAuthentications='publickey', IdentityFile=self.key,
                            BatchMode='yes')
        settings.update(options)
        return ['-F', '/dev/null'] + [part for name, value in settings.items()
                                      for part in ('-o', f'{name}={value}')]

    def environment(self, password=None):
        """Answers OpenSSH's question for the password without a terminal."""
        helper = self.local('askpass')
        if not os.path.exists(helper):
            with open(helper, 'w', encoding='utf-8') as file:
                file.write('#!/bin/sh\nprintf "%s\\n" "$POSTERN_TEST_PASSWORD"\n')
            os.chmod(helper, 0o700)
        return {**os.environ, 'SSH_ASKPASS': helper, 'SSH_ASKPASS_REQUIRE': 'force',
                'POSTERN_TEST_PASSWORD': password or self.password or '', 'LC_ALL': 'C.UTF-8'}

    def sftp(self, batch, by_password=False, check=True, arguments=(), password=None,
             timeout=PATIENCE * 4, **options):
        """OpenSSH sftp with these commands, in the client's own directory."""
        command = ['sftp', *self.ssh_options(by_password, **options), *arguments, '-b', '-',
                   '-P', self.server.port, f'{self.name}@127.0.0.1']
        return run(command, stdin=batch, check=check, cwd=self.dir, timeout=timeout,
                   env=self.environment(password), start_new_session=True)

    def scp(self, *arguments, check=True, **options):
        return run(['scp', *self.ssh_options(**options), '-P', self.server.port, *arguments],
                   check=check, cwd=self.dir, env=self.environment())

    def ssh(self, *arguments, check=True, ssh_options=(), **options):
        return run(['ssh', *self.ssh_options(**options), '-p', self.server.port, *ssh_options,
                    f'{self.name}@127.0.0.1', *arguments], check=check, cwd=self.dir,
                   env=self.environment(), start_new_session=True)

    @property
    def scp_target(self):
        return f'{self.name}@127.0.0.1'

    # ---- others

    def paramiko(self, by_password=False, key=None):
        """A connected paramiko transport; the caller closes it."""
        import paramiko
        transport = paramiko.Transport(('127.0.0.1', self.server.port))
        if by_password:
            transport.connect(username=self.name, password=self.password)
        else:
            path = key or self.key
            kind = {'id_rsa': paramiko.RSAKey, 'id_ecdsa': paramiko.ECDSAKey}.get(
                os.path.basename(path), paramiko.Ed25519Key)
            transport.connect(username=self.name, pkey=kind.from_private_key_file(path))
        return transport
