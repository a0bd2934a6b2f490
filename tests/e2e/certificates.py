"""Authorities made with ssh-keygen, what they sign, and a raw client that shows it."""
import base64
import itertools
import os
import shutil
import subprocess

from postern_server import give
from raw_ssh import USERAUTH_REQUEST, public_blob, string

ALGORITHM = 'ssh-ed25519-cert-v01@openssh.com'


def keygen(*arguments):
    done = subprocess.run(['ssh-keygen', '-q', *arguments], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Authority:
    """A key that signs certificates, in a directory of its own below `top`."""

    numbers = itertools.count(1)

    def __init__(self, top, name='authority', options=('-t', 'ed25519')):
        self.dir = os.path.join(top, f'{name}{next(self.numbers)}')
        os.mkdir(self.dir)
        self.path = os.path.join(self.dir, name)
        self.public = self.path + '.pub'
        keygen('-N', '', '-C', name, *options, '-f', self.path)

    def sign(self, public, *options, principals=None, identity='test'):
        """The path of a new certificate for this public key."""
        copy = os.path.join(self.dir, f'key{next(self.numbers)}.pub')
        shutil.copyfile(public, copy)
        names = ['-n', principals] if principals else []
        keygen('-s', self.path, '-I', identity, *names, *options, copy)
        return copy[:-len('.pub')] + '-cert.pub'

    def line(self):
        with open(self.public, encoding='utf-8') as file:
            return file.read().strip()


def blob(path):
    """The bytes of a key or certificate file."""
    with open(path, encoding='utf-8') as file:
        return base64.b64decode(file.read().split()[1])


def put(server, name, *lines):
    """A text file in the server's configuration directory."""
    path = os.path.join(server.dir, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(''.join(line + '\n' for line in lines))
    give(path)
    return path


def offer(connection, user, certificate, algorithm=ALGORITHM):
    connection.auth(user, 'publickey', b'\0' + string(algorithm) + string(certificate))


def proof(connection, user, key, certificate, algorithm=ALGORITHM, session_id=None):
    """The proof by an ed25519 key that a certificate is its own."""
    head = (bytes([USERAUTH_REQUEST]) + string(user) + string('ssh-connection')
            + string('publickey') + b'\1' + string(algorithm) + string(certificate))
    signed = key.sign(string(session_id or connection.session_id) + head)
    connection.send(head + string(string('ssh-ed25519') + string(signed)))


def plain_proof(connection, user, key):
    """The same key without its certificate."""
    proof(connection, user, key, public_blob(key), 'ssh-ed25519')
