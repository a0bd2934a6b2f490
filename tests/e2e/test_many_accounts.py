"""A hundred thousand accounts: paged to the end, searched, and found by name."""
import contextlib
import json
import os
import socket
import sqlite3

import pytest

import postern_server

MANY = 100_000


def fill(path):
    columns = {'password': 'x', 'home_dir': '/srv/x', 'permissions': '{"/":["*"]}', 'status': 1}
    numbers = ('uid', 'gid', 'max_sessions', 'quota_size', 'quota_files', 'used_quota_size',
               'used_quota_files', 'last_quota_update', 'upload_bandwidth', 'download_bandwidth',
               'expiration_date', 'last_login')
    columns.update({name: 0 for name in numbers})
    names = ', '.join(['username', *columns])
    marks = ', '.join('?' * (len(columns) + 1))
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.executemany(f'INSERT INTO users ({names}) VALUES ({marks})',
                             ((f'user{number:06}', *columns.values())
                              for number in range(1, MANY + 1)))


@pytest.fixture
def own(servers):
    server = servers()
    server.stop()
    path = os.path.join(server.dir, 'sftpgo.db')
    fill(path)
    postern_server.give(path)
    return server.start()


def ask(server, verb, **body):
    """The answer of the control socket: the command line would fetch all pages."""
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(os.path.join(server.dir, 'postern.sock'))
        door.sendall(json.dumps({'resource': 'user', 'verb': verb, 'body': body}).encode() + b'\n')
        answer = json.loads(b''.join(iter(lambda: door.recv(1 << 20), b'')))
    assert answer['status'] == 200
    return answer['body']


def names(first, last, step=1):
    return [f'user{number:06}' for number in range(first, last, step)]


def test_a_hundred_thousand(own):
    def page(**query):
        return [user['username'] for user in ask(own, 'list', **query)]
    for offset in (0, 1000, 50_000, MANY - 500):
        assert page(limit=500, offset=offset) == names(offset + 1, offset + 501)
    assert page(limit=500, offset=MANY) == []
    assert page(limit=2, order='DESC', offset=7) == names(MANY - 7, MANY - 9, -1)
    assert page(search='ER09999') == names(99_990, 100_000)
    assert page(search='99', limit=3, order='DESC') == names(99_999, 99_996, -1)
    assert page(search='nobody') == []
    assert ask(own, 'show', username='user100000')['id'] == MANY
