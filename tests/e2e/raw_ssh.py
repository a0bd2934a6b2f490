"""A small SSH client that does what it is told, so that tests can break the rules.

curve25519-sha256, ssh-ed25519 host keys and aes128-gcm@openssh.com only; every payload in and out
is kept in `seen` and `sent`. Blocking; a socket timeout ends what never comes.
"""
import hashlib
import os
import socket
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from postern_server import PATIENCE

DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG = 1, 2, 3, 4
SERVICE_REQUEST, SERVICE_ACCEPT, EXT_INFO, KEXINIT, NEWKEYS = 5, 6, 7, 20, 21
KEX_ECDH_INIT, KEX_ECDH_REPLY = 30, 31
USERAUTH_REQUEST, USERAUTH_FAILURE, USERAUTH_SUCCESS, USERAUTH_BANNER = 50, 51, 52, 53
USERAUTH_PK_OK = 60
USERAUTH_INFO_REQUEST, USERAUTH_INFO_RESPONSE = 60, 61
GLOBAL_REQUEST, CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE = 80, 90, 91, 92
CHANNEL_DATA, CHANNEL_REQUEST, CHANNEL_SUCCESS = 94, 98, 99


class Closed(Exception):
    """The server closed the connection."""


def u32(number):
    return struct.pack('>I', number)


def string(value):
    if isinstance(value, str):
        value = value.encode()
    return u32(len(value)) + value


def mpint(value):
    value = value.lstrip(b'\0')
    return string(b'\0' + value if value and value[0] & 0x80 else value)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        part = self.data[self.at:self.at + count]
        assert len(part) == count
        self.at += count
        return part

    def u8(self):
        return self.take(1)[0]

    def u32(self):
        return struct.unpack('>I', self.take(4))[0]

    def string(self):
        return self.take(self.u32())


class Cipher:
    def __init__(self, key, iv):
        self.gcm, self.fixed = AESGCM(key), iv[:4]
        self.counter = int.from_bytes(iv[4:12], 'big')

    def nonce(self):
        nonce = self.fixed + (self.counter % 2**64).to_bytes(8, 'big')
        self.counter += 1
        return nonce


class RawSsh:
    def __init__(self, port, source='127.0.0.1', version=b'SSH-2.0-raw'):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=PATIENCE,
                                               source_address=(source, 0))
        self.version = version
        self.seen, self.sent = [], []
        self.out, self.into = None, None
        self.session_id = None
        self.buffer = b''

    # ---- bytes

    def receive(self, count):
        while len(self.buffer) < count:
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                part = b''
            if not part:
                raise Closed
            self.buffer += part
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def close(self):
        self.socket.close()

    # ---- packets

    def seal(self, payload):
        block = 16 if self.out else 8
        head = 5 if not self.out else 1
        padding = block - (head + len(payload)) % block
        padding += block if padding < 4 else 0
        body = bytes([padding]) + payload + os.urandom(padding)
        if self.out is None:
            return u32(len(body)) + body
        return u32(len(body)) + self.out.gcm.encrypt(self.out.nonce(), body, u32(len(body)))

    def send(self, payload):
        self.sent.append(payload)
        try:
            self.socket.sendall(self.seal(payload))
        except (BrokenPipeError, ConnectionResetError):
            raise Closed from None

    def read(self):
        """The next payload, whatever it is."""
        length = self.receive(4)
        count = struct.unpack('>I', length)[0]
        if self.into is None:
            body = self.receive(count)
        else:
            body = self.into.gcm.decrypt(self.into.nonce(), self.receive(count + 16), length)
        payload = body[1:len(body) - body[0]]
        self.seen.append(payload)
        return payload

    def expect(self, kind):
        """The next payload that is not transport noise, which has to be of this kind."""
        while True:
            payload = self.read()
            if payload[0] in (IGNORE, DEBUG, EXT_INFO) and payload[0] != kind:
                continue
            assert payload[0] == kind, f'expected {kind}, got {payload[0]}: {payload!r}'
            return payload

    def expect_end(self):
        """The server ends the connection; gives back its DISCONNECT, or None."""
        last = None
        try:
            while True:
                payload = self.read()
                if payload[0] == DISCONNECT:
                    last = payload
        except Closed:
            return last

    # ---- key exchange

    def hello(self):
        self.socket.sendall(self.version + b'\r\n')
        line = b''
        while not line.endswith(b'\n'):
            line += self.receive(1)
        self.server_version = line.rstrip(b'\r\n')
        return self

    def kexinit(self, strict=True):
        kex = 'curve25519-sha256' + (',kex-strict-c-v00@openssh.com,ext-info-c' if strict else '')
        cipher, mac = 'aes128-gcm@openssh.com', 'hmac-sha2-256'
        lists = (kex, 'ssh-ed25519', cipher, cipher, mac, mac, 'none', 'none', '', '')
        return bytes([KEXINIT]) + os.urandom(16) + b''.join(map(string, lists)) + b'\0' + u32(0)

    def exchange(self, strict=True, before_newkeys=None):
        """A whole key exchange; `before_newkeys` is sent in the clear before our NEWKEYS."""
        mine = self.kexinit(strict)
        self.send(mine)
        theirs = self.expect(KEXINIT)
        secret = X25519PrivateKey.generate()
        public = secret.public_key().public_bytes(serialization.Encoding.Raw,
                                                  serialization.PublicFormat.Raw)
        self.send(bytes([KEX_ECDH_INIT]) + string(public))
        reply = Reader(self.expect(KEX_ECDH_REPLY)[1:])
        host_key, server_public, signature = reply.string(), reply.string(), reply.string()
        shared = mpint(secret.exchange(X25519PublicKey.from_public_bytes(server_public)))
        digest = hashlib.sha256(
            string(self.version) + string(self.server_version) + string(mine) + string(theirs)
            + string(host_key) + string(public) + string(server_public) + shared).digest()
        key, proof = Reader(host_key), Reader(signature)
        assert key.string() == b'ssh-ed25519' and proof.string() == b'ssh-ed25519'
        Ed25519PublicKey.from_public_bytes(key.string()).verify(proof.string(), digest)
        self.session_id = self.session_id or digest

        def derive(letter, size):
            return hashlib.sha256(shared + digest + letter + self.session_id).digest()[:size]
        if before_newkeys is not None:
            self.send(before_newkeys)
        self.send(bytes([NEWKEYS]))
        self.expect(NEWKEYS)
        self.out = Cipher(derive(b'C', 16), derive(b'A', 12))
        self.into = Cipher(derive(b'D', 16), derive(b'B', 12))
        return self

    def ready(self):
        """Everything up to the first authentication request."""
        self.hello().exchange()
        self.send(bytes([SERVICE_REQUEST]) + string('ssh-userauth'))
        self.expect(SERVICE_ACCEPT)
        return self

    # ---- authentication

    def auth(self, user, method, rest=b''):
        self.send(bytes([USERAUTH_REQUEST]) + string(user) + string('ssh-connection')
                  + string(method) + rest)

    def password(self, user, password):
        self.auth(user, 'password', b'\0' + string(password))

    def interactive(self, user):
        self.auth(user, 'keyboard-interactive', string('') + string(''))

    def questions(self):
        """What the server asks in a dialogue: [(text, echo), ...]."""
        reader = Reader(self.expect(USERAUTH_INFO_REQUEST)[1:])
        for _ in range(3):
            reader.string()
        return [(reader.string().decode(), reader.u8()) for _ in range(reader.u32())]

    def reply(self, *answers):
        self.send(bytes([USERAUTH_INFO_RESPONSE]) + u32(len(answers))
                  + b''.join(string(answer) for answer in answers))

    def key_offer(self, user, key):
        self.auth(user, 'publickey', b'\0' + string('ssh-ed25519') + string(public_blob(key)))

    def key_proof(self, user, key, session_id=None, signed_user=None):
        head = (bytes([USERAUTH_REQUEST]) + string(user) + string('ssh-connection')
                + string('publickey') + b'\1' + string('ssh-ed25519') + string(public_blob(key)))
        signed = head if signed_user is None else head.replace(string(user), string(signed_user), 1)
        proof = key.sign(string(session_id or self.session_id) + signed)
        self.send(head + string(string('ssh-ed25519') + string(proof)))

    def sftp(self, window=1 << 21, packet=32768):
        """Opens a session channel with the SFTP subsystem and greets it."""
        self.send(bytes([CHANNEL_OPEN]) + string('session') + u32(0) + u32(window) + u32(packet))
        reply = Reader(self.expect(CHANNEL_OPEN_CONFIRMATION)[1:])
        reply.u32()
        self.channel = reply.u32()
        self.send(bytes([CHANNEL_REQUEST]) + u32(self.channel) + string('subsystem') + b'\1'
                  + string('sftp'))
        while self.read()[0] != CHANNEL_SUCCESS:
            pass
        self.data(u32(5) + b'\1' + u32(3))
        return self

    def data(self, data):
        self.send(bytes([CHANNEL_DATA]) + u32(self.channel) + string(data))


def load_key(path):
    with open(path, 'rb') as file:
        return serialization.load_ssh_private_key(file.read(), None)


def public_blob(key):
    return string('ssh-ed25519') + string(key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw))
