#!/usr/bin/env python3
"""Writes the seeds of fuzz_sftp_requests and fuzz_sftp_codec: sessions as real clients hold them,
and some that no client would. Run from anywhere; the files are kept in the repository."""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))

(INIT, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR, REMOVE, MKDIR,
 RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK, EXTENDED) = (1, *range(3, 21), 200)
R, W, A, C, T, X = 1, 2, 4, 8, 16, 32


def u32(v):
    return struct.pack('>I', v & 0xffffffff)


def u64(v):
    return struct.pack('>Q', v & 0xffffffffffffffff)


def string(v):
    v = v.encode() if isinstance(v, str) else v
    return u32(len(v)) + v


def message(kind, number, *fields):
    body = bytes([kind]) + u32(number) + b''.join(fields)
    return u32(len(body)) + body


def handle(place, generation=1):
    return string(u32(place) + u32(generation))


def attributes(size=None, owner=None, mode=None, times=None):
    flags, body = 0, b''
    if size is not None:
        flags, body = flags | 1, body + u64(size)
    if owner is not None:
        flags, body = flags | 2, body + u32(owner[0]) + u32(owner[1])
    if mode is not None:
        flags, body = flags | 4, body + u32(mode)
    if times is not None:
        flags, body = flags | 8, body + u32(times[0]) + u32(times[1])
    return u32(flags) + body


def session(*requests, init=True):
    """Numbers the requests: each is (type, fields...)."""
    out = message(INIT, 3) if init else b''
    for number, (kind, *fields) in enumerate(requests, 1):
        out += message(kind, number, *fields)
    return out


def extension(name, *fields):
    return (EXTENDED, string(name), *fields)


NONE = attributes()
SESSIONS = {
    'download': session(
        (REALPATH, string('.')), (STAT, string('/file')), (OPEN, string('/file'), u32(R), NONE),
        (FSTAT, handle(0)), (READ, handle(0), u64(0), u32(32768)),
        (READ, handle(0), u64(32768), u32(32768)), (CLOSE, handle(0))),
    'upload': session(
        (OPEN, string('/new'), u32(W | C | T), attributes(mode=0o644)),
        (WRITE, handle(0), u64(0), string(b'a' * 300)),
        (WRITE, handle(0), u64(300), string(b'b' * 100)), (WRITE, handle(0), u64(5), string(b'')),
        (FSETSTAT, handle(0), attributes(mode=0o600, times=(1, 2))), (CLOSE, handle(0)),
        (STAT, string('/new'))),
    'resume': session(
        (OPEN, string('/file'), u32(W | A), NONE), (WRITE, handle(0), u64(3), string('no')),
        (WRITE, handle(0), u64(10), string('yes')), (CLOSE, handle(0))),
    'exclusive': session(
        (OPEN, string('/file'), u32(W | C | X), NONE), (OPEN, string('/x'), u32(W | C | X), NONE),
        (OPEN, string('/x'), u32(0), NONE), (OPEN, string('/directory'), u32(W), NONE),
        (OPEN, string('/loop'), u32(R), NONE), (OPEN, string('/a'), u32(A), NONE)),
    'listing': session(
        (OPENDIR, string('/')), (READDIR, handle(0)), (READDIR, handle(0)), (FSTAT, handle(0)),
        (CLOSE, handle(0)), (READDIR, handle(0)), (OPENDIR, string('/file'))),
    'names': session(
        (MKDIR, string('/d'), attributes(mode=0o700)), (RENAME, string('/file'), string('/d/f')),
        extension('posix-rename@openssh.com', string('/d/f'), string('/file')),
        (SYMLINK, string('../file'), string('/d/link')), (READLINK, string('/d/link')),
        (LSTAT, string('/d/link')), (REMOVE, string('/d/link')), (RMDIR, string('/d')),
        (RMDIR, string('/')), (RENAME, string('/'), string('/y'))),
    'escape': session(
        (STAT, string('/out')), (OPEN, string('/out'), u32(R), NONE),
        (OPEN, string('/absolute'), u32(W | C | T), NONE), (OPENDIR, string('/up')),
        (OPEN, string('/up/secret'), u32(W | T), NONE), (REMOVE, string('/up/secret')),
        (RENAME, string('/file'), string('/up/secret')),
        (RENAME, string('/../secret'), string('/mine')),
        extension('hardlink@openssh.com', string('/out'), string('/hard')),
        (SETSTAT, string('/out'), attributes(size=0, mode=0o777, times=(1, 1))),
        (SYMLINK, string('/../../etc/passwd'), string('/p')), (READLINK, string('/p')),
        (READLINK, string('/absolute')), (STAT, string('/p'))),
    'extensions': session(
        extension('limits@openssh.com'), extension('statvfs@openssh.com', string('/')),
        extension('expand-path@openssh.com', string('~/a/../b')),
        extension('home-directory', string('')),
        extension('users-groups-by-id@openssh.com', string(u32(0) + u32(1000)), string(u32(0))),
        extension('lsetstat@openssh.com', string('/file'), attributes(times=(5, 6))),
        extension('hardlink@openssh.com', string('/file'), string('/hard')),
        extension('none@example.org', b'whatever')),
    'copy': session(
        (OPEN, string('/file'), u32(R), NONE), (OPEN, string('/copy'), u32(R | W | C), NONE),
        extension('copy-data', handle(0), u64(2), u64(0), handle(1), u64(1)),
        extension('copy-data', handle(1), u64(0), u64(0), handle(1), u64(1)),
        extension('copy-data', handle(1), u64(0), u64(1), handle(0), u64(1)),
        extension('fsync@openssh.com', handle(1)), extension('fstatvfs@openssh.com', handle(0)),
        (CLOSE, handle(1)), (CLOSE, handle(0))),
    'attributes': session(
        (SETSTAT, string('/file'), attributes(3, (1, 2), 0o7777, (7, 8))),
        (SETSTAT, string('/directory'), attributes(mode=0)),
        (SETSTAT, string('/file'), u32(0x80000000) + u32(1) + string('n') + string('v')),
        (SETSTAT, string('/file'), u32(0x80000000) + u32(0xffffffff)),
        (SETSTAT, string('/file'), u32(0x40))),
    'numbers': session(
        (OPEN, string('/file'), u32(R | W), NONE), (READ, handle(0), u64(0), u32(0)),
        (READ, handle(0), u64(0), u32(0xffffffff)), (READ, handle(0), u64(-1), u32(0xffffffff)),
        (READ, handle(0), u64(1 << 63), u32(1)), (READ, handle(0), u64((1 << 63) - 1), u32(2)),
        (WRITE, handle(0), u64(-1), string('x')), (WRITE, handle(0), u64((1 << 63) - 1),
                                                   string('xy')),
        (SETSTAT, string('/file'), attributes(size=(1 << 63) - 1)),
        (SETSTAT, string('/file'), attributes(size=1 << 63))),
    'handles': session(
        (CLOSE, handle(0)), (READ, handle(0xffffffff), u64(0), u32(1)), (OPENDIR, string('/')),
        (READ, handle(0), u64(0), u32(1)), (WRITE, handle(0), u64(0), string('x')),
        (CLOSE, handle(0, 2)), (CLOSE, handle(0)), (CLOSE, handle(0)),
        (OPEN, string('/file'), u32(R), NONE), (READDIR, handle(0, 2)),
        (WRITE, string(b'h' * 256), u64(0), string('x')),
        (WRITE, string(b'h' * 257), u64(0), string('x')), (FSTAT, string(b'h' * 257))),
    'write-lies': session(
        (OPEN, string('/file'), u32(W), NONE), (WRITE, handle(0), u64(0), u32(5) + b'1234'),
        (WRITE, handle(0), u64(0), u32(3) + b'1234'), (WRITE, u32(0xffffffff)), (WRITE,),
        (WRITE, string('')), (WRITE, handle(0), u64(0), u32(0xffffffff)), (CLOSE, handle(0))),
    'paths': session(
        (REALPATH, string('')), (REALPATH, string('/a//.././../b/.')), (STAT, string(b'/a\0b')),
        (MKDIR, string('/' + 'n' * 255), NONE), (MKDIR, string('/' + 'n' * 256), NONE),
        (REALPATH, string('/n' * 2047 + 'n')), (REALPATH, string('/n' * 2048)),
        (MKDIR, string(bytes(range(1, 47))), NONE), (MKDIR, string(b'/\xff\xfe\x80'), NONE)),
    'no-init': session((STAT, string('/')), init=False),
    'two-inits': session((STAT, string('/')), (INIT,), (STAT, string('/'))),
    'unknown': session((2, b''), (99, b'data'), (0,), (255, u32(1)), (101, u32(0)), (201,)),
    'too-long': message(INIT, 3) + u32(34 * 1024 + 1) + bytes([STAT]) + u32(1),
    'too-short': message(INIT, 3) + u32(4) + bytes([STAT]) + b'abc',
}

# input piece, output piece, refusals
WAYS = {'': b'\0\0\0', '-bytes': b'\1\3\x55', '-refused': b'\7\0\xff'}

# The order of enum sftp_shape; the head of a WRITE comes last, with its length field.
SHAPES = [
    b'', string('/a') + u32(W | C) + attributes(1, (2, 3), 4, (5, 6)), handle(0),
    handle(0) + u64(5) + u32(6), string('/a/b'), string('/a') + attributes(mode=0o644),
    handle(0) + u32(0x80000000) + u32(2) + 2 * (string('name') + string('value')),
    string('/a') + string('/b'), string('~/a'), string('../t') + string('/l'),
    handle(0) + u64(1) + u64(2) + handle(1) + u64(3), string(u32(1) + u32(2)) + string(u32(3)),
    message(WRITE, 1, handle(0), u64(7), string('data')),
]


def write(target, name, data):
    folder = os.path.join(HERE, 'corpus', target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'wb') as f:
        f.write(data)


for name, data in SESSIONS.items():
    for suffix, head in WAYS.items():
        if suffix == '' or name in ('upload', 'download', 'listing', 'write-lies'):
            write('sftp_requests', name + suffix, head + data)
for number, data in enumerate(SHAPES):
    write('sftp_codec', f'shape-{number:02}', bytes([number]) + data)
