"""SFTP requests as bytes, many at once, over OpenSSH's ssh: what no library would send so fast."""
import struct
import subprocess

INIT, OPEN, CLOSE, WRITE, SETSTAT, FSETSTAT = 1, 3, 4, 6, 9, 10
REMOVE, MKDIR, RMDIR, RENAME, SYMLINK, EXTENDED = 13, 14, 15, 18, 20, 200
STATUS, HANDLE = 101, 102
READ_FLAG, WRITE_FLAG, APPEND, CREAT, TRUNC, EXCL = 1, 2, 4, 8, 16, 32


def string(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack('>I', len(value)) + value


def size_attributes(size):
    return struct.pack('>IQ', 1, size)


NO_ATTRIBUTES = struct.pack('>I', 0)


class Gone(Exception):
    """The connection has ended."""


class Wire:
    """One SFTP session of an account, by its own ssh process."""

    def __init__(self, account):
        self.process = subprocess.Popen(
            ['ssh', *account.ssh_options(), '-p', str(account.server.port), '-s',
             f'{account.name}@127.0.0.1', 'sftp'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=account.environment(), start_new_session=True)
        try:
            self.send(struct.pack('>BI', INIT, 3))
            self.read()
        except Gone:
            self.close()
            raise

    def send(self, payload):
        try:
            self.process.stdin.write(struct.pack('>I', len(payload)) + payload)
        except (OSError, ValueError):
            raise Gone from None

    def read(self):
        try:
            self.process.stdin.flush()
        except (OSError, ValueError):
            raise Gone from None
        head = self.process.stdout.read(4)
        if len(head) < 4:
            raise Gone
        return self.process.stdout.read(struct.unpack('>I', head)[0])

    def ask(self, requests):
        """Sends (type, body) requests in one go; gives (type, body) answers in their order."""
        for number, (kind, body) in enumerate(requests):
            self.send(struct.pack('>BI', kind, number) + body)
        answers = [None] * len(requests)
        for _ in requests:
            answer = self.read()
            kind, number = struct.unpack_from('>BI', answer)
            answers[number] = (kind, answer[5:])
        return answers

    def close(self):
        """As a client that leaves."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        self.process.wait()
        self.process.stdout.close()


def status(answer):
    """The status of an answer; 0 for one that is none."""
    kind, body = answer
    return struct.unpack_from('>I', body)[0] if kind == STATUS else 0


def text(answer):
    """The message of a status."""
    length = struct.unpack_from('>I', answer[1], 4)[0]
    return answer[1][8:8 + length].decode()


def handle(answer):
    """The handle, as a field of requests, or None."""
    return answer[1] if answer[0] == HANDLE else None
