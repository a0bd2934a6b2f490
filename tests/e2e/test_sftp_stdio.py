"""`postern sftp-server DIR`, spoken to byte by byte over two pipes."""
import os
import resource
import struct
import subprocess

import pytest

from postern_server import BINARY

INIT, OPEN, CLOSE, READ, WRITE = 1, 3, 4, 5, 6
LSTAT, MKDIR, REALPATH, STAT, SYMLINK = 7, 14, 16, 17, 20
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
OK, EOF, NO_SUCH_FILE, DENIED, FAILURE = 0, 1, 2, 3, 4
READ_FLAG, WRITE_FLAG, CREATE_FLAG = 1, 2, 8
NO_ATTRIBUTES = struct.pack('>I', 0)


def string(value):
    value = os.fsencode(value)
    return struct.pack('>I', len(value)) + value


class Stdio:
    """The program, and the client's half of the protocol."""

    def __init__(self, *arguments, **options):
        self.process = subprocess.Popen([BINARY, 'sftp-server', *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, **options)
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def raw(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def message(self, kind, *fields):
        self.number += 1
        body = struct.pack('>BI', kind, self.number) + b''.join(fields)
        return struct.pack('>I', len(body)) + body

    def answer(self):
        """(type, what follows the id); checks nothing."""
        length = struct.unpack('>I', self.process.stdout.read(4))[0]
        body = self.process.stdout.read(length)
        assert len(body) == length
        return body[0], struct.unpack('>I', body[1:5])[0], body[5:]

    def ask(self, kind, *fields):
        self.raw(self.message(kind, *fields))
        kind, number, body = self.answer()
        assert number == self.number
        return kind, body

    def status(self, kind, *fields):
        kind, body = self.ask(kind, *fields)
        return struct.unpack('>I', body[:4])[0] if kind == STATUS else OK

    def init(self):
        self.raw(struct.pack('>IBI', 5, INIT, 3))
        kind, version, _ = self.answer()
        assert (kind, version) == (2, 3)
        return self

    def handle(self, path, flags):
        kind, body = self.ask(OPEN, string(path), struct.pack('>I', flags), NO_ATTRIBUTES)
        assert kind == HANDLE
        return body

    def name(self, kind, path):
        kind, body = self.ask(kind, string(path))
        assert kind == NAME
        length = struct.unpack('>I', body[4:8])[0]
        return os.fsdecode(body[8:8 + length])

    def end(self):
        self.process.stdin.close()
        return self.process.wait()


def test_ends_with_its_input(tmp_path):
    with Stdio(str(tmp_path)) as server:
        assert server.init().end() == 0
    with Stdio(str(tmp_path)) as server:
        assert server.end() == 0


def test_limit_of_file_sizes(tmp_path):
    """Whoever starts it may limit the size of files: a write beyond fails, and nothing ends."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    with Stdio(str(tmp_path), preexec_fn=limit) as server:
        handle = server.init().handle('file', WRITE_FLAG | CREATE_FLAG)
        for offset, wanted in ((0, OK), (4096, FAILURE)):
            assert server.status(WRITE, handle, struct.pack('>Q', offset),
                                 string(b'x' * 4096)) == wanted
        # an upload that failed says so once more at its end
        assert server.status(CLOSE, handle) == FAILURE
        assert server.end() == 0


@pytest.mark.parametrize('data', [b'\0\0\0\0', struct.pack('>IBI', 5, STAT, 3),
                                  b'\xff\xff\xff\xff\1\0\0\0\3'])
def test_nonsense_ends_it(tmp_path, data):
    with Stdio(str(tmp_path)) as server:
        server.raw(data)
        assert server.process.wait() == 1
        assert server.process.stdout.read() == b''


@pytest.mark.parametrize('arguments, status', [
    (['-x'], 2), (['-u', '9'], 2), (['-u'], 2), (['.', '.'], 2), (['-p', 'open,nonsense'], 2),
    (['/no/such/directory'], 1), (['/dev/null'], 1), (['-h'], 0)])
def test_arguments(arguments, status):
    done = subprocess.run([BINARY, 'sftp-server', *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == status
    assert (done.stdout if status == 0 else done.stderr) != b''


def test_where_paths_start(tmp_path):
    (tmp_path / 'in').mkdir()
    with Stdio(str(tmp_path)) as server:
        assert server.init().name(REALPATH, '.') == '/'
    with Stdio('-d', '/in', str(tmp_path)) as server:
        assert server.init().name(REALPATH, 'x') == '/in/x'
        assert server.status(STAT, string('../in')) == OK
    with Stdio(cwd=tmp_path) as server:
        assert server.init().name(REALPATH, '.') == os.path.realpath(tmp_path)
        assert server.status(STAT, string('in')) == OK


def test_stays_inside(tmp_path):
    (tmp_path / 'root').mkdir()
    (tmp_path / 'secret').write_text('secret')
    (tmp_path / 'root' / 'out').symlink_to('../secret')
    (tmp_path / 'root' / 'absolute').symlink_to(tmp_path / 'secret')
    with Stdio(str(tmp_path / 'root')) as server:
        server.init()
        for path in ('out', 'absolute', '../secret', str(tmp_path / 'secret')):
            assert server.status(STAT, string(path)) == NO_SUCH_FILE
            assert server.status(OPEN, string(path), struct.pack('>I', READ_FLAG),
                                 NO_ATTRIBUTES) == NO_SUCH_FILE
        assert server.status(LSTAT, string('out')) == OK


def test_read_only(tmp_path):
    (tmp_path / 'file').write_text('text')
    with Stdio('-R', str(tmp_path)) as server:
        server.init().handle('file', READ_FLAG)
        assert server.status(MKDIR, string('/d'), NO_ATTRIBUTES) == DENIED
        assert server.status(OPEN, string('/file'), struct.pack('>I', WRITE_FLAG),
                             NO_ATTRIBUTES) == DENIED
        assert server.end() == 0


def test_umask(tmp_path):
    with Stdio('-u', '027', str(tmp_path)) as server:
        server.init().handle('file', WRITE_FLAG | CREATE_FLAG)
        assert server.status(MKDIR, string('d'), NO_ATTRIBUTES) == OK
    assert (tmp_path / 'file').stat().st_mode & 0o7777 == 0o640
    assert (tmp_path / 'd').stat().st_mode & 0o7777 == 0o750


def test_log(tmp_path):
    with Stdio('-e', '-l', 'debug', str(tmp_path)) as server:
        server.init().raw(struct.pack('>IBI', 5, INIT, 3))
        assert server.process.wait() == 1
        assert b'warn: a second INIT' in server.process.stderr.read()


def test_client_that_asks_and_does_not_read(tmp_path):
    """Answers of 64 MiB to requests that are all sent first: no deadlock, and no memory for it."""
    content = os.urandom(255 * 1024)
    (tmp_path / 'file').write_bytes(content)
    with Stdio(str(tmp_path)) as server:
        handle = server.init().handle('file', READ_FLAG)
        count = 256
        # Fits in the pipe and the program's buffer, so that this write does not wait.
        server.raw(b''.join(server.message(READ, handle, struct.pack('>QI', 0, len(content)))
                            for _ in range(count)))
        with open(f'/proc/{server.process.pid}/statm') as statm:
            assert int(statm.read().split()[1]) * os.sysconf('SC_PAGESIZE') < 256 << 20
        for _ in range(count):
            kind, _, body = server.answer()
            assert kind == DATA and body[4:] == content
        assert server.end() == 0


def test_client_that_goes_away(tmp_path):
    (tmp_path / 'file').write_bytes(bytes(255 * 1024))
    with Stdio(str(tmp_path)) as server:
        handle = server.init().handle('file', READ_FLAG)
        server.process.stdout.close()
        server.raw(server.message(READ, handle, struct.pack('>QI', 0, 255 * 1024)))
        assert server.process.wait() == 1


def test_cut_upload_keeps_what_came(tmp_path):
    with Stdio(str(tmp_path)) as server:
        handle = server.init().handle('file', WRITE_FLAG | CREATE_FLAG)
        whole = server.message(WRITE, handle, struct.pack('>Q', 0), string(b'0123456789'))
        server.raw(whole[:-3])
        assert server.end() == 0
    assert (tmp_path / 'file').read_bytes() == b'0123456'
