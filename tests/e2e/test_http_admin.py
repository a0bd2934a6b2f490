"""Administrators and their keys over HTTP: who comes in, and how far."""
import json
import os
import subprocess

import pytest

from http_api import Api, with_http
from postern_server import give


def add(server, name, *options):
    server.cli('admin', 'add', name, '--password-stdin', *options, stdin='a password\n')


def key(server, name, label, *options):
    return server.cli('admin', 'key', 'add', name, label, *options).stdout.strip()


@pytest.fixture
def guarded(servers):
    """A server that asks for a password, and a function that asks it."""
    config = with_http(auth_user_file='users')
    server = servers(config, start=False)
    path = os.path.join(server.dir, 'users')
    hashed = subprocess.run(['openssl', 'passwd', '-apr1', 'of the file'], check=True,
                            capture_output=True, text=True).stdout.strip()
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'fred:{hashed}\n')
    give(path)
    server.start()
    Api(config).wait()

    def ask(path, token=None, method='GET', body=None, **basic):
        headers = {'Authorization': f'Bearer {token}'} if token else {}
        return Api(config, **basic).ask(method, path, body, **headers).status
    return server, ask


def test_keys(guarded):
    server, ask = guarded
    add(server, 'ann', '--areas', 'metrics,view_users')
    token = key(server, 'ann', 'prometheus', '--areas', 'metrics')
    assert ask('/metrics', token) == 200
    assert ask('user', token) == 403
    assert ask('user', key(server, 'ann', 'all')) == 200
    assert ask('/metrics', token[:-1] + ('0' if token[-1] != '0' else '1')) == 401
    assert ask('/metrics') == 401
    server.cli('admin', 'update', 'ann', '--status', '0')
    assert ask('/metrics', token) == 401
    server.cli('admin', 'update', 'ann', '--status', '1')
    assert ask('/metrics', token) == 200
    server.cli('admin', 'key', 'revoke', 'ann', 'prometheus')
    assert ask('/metrics', token) == 401


def test_passwords(guarded):
    server, ask = guarded
    add(server, 'ann', '--areas', 'view_users')
    add(server, 'fred', '--areas', 'view_users')
    assert ask('user', user='ann', password='a password') == 200
    assert ask('user', user='ann', password='another') == 401
    assert ask('user', user='ann', password='a password', method='POST', body={}) == 403
    # a name in the file is a user's of the file, and nobody else's
    assert ask('user', user='fred', password='of the file') == 200
    assert ask('/metrics', user='fred', password='of the file') == 200
    assert ask('user', user='fred', password='a password') == 401
    # one-time codes cannot come with it: such an administrator uses keys
    server.cli('admin', 'totp', 'enrol', 'ann')
    assert ask('user', user='ann', password='a password') == 401
    server.cli('admin', 'totp', 'disable', 'ann')
    server.cli('admin', 'update', 'ann', '--allowed-addresses', '192.0.2.0/24')
    assert ask('user', user='ann', password='a password') == 401


def test_audit_names_the_key(guarded):
    server, ask = guarded
    add(server, 'ann')
    token = key(server, 'ann', 'robot')
    assert ask('user', token, method='POST', body={
        'username': 'bob', 'password': 'pw', 'home_dir': '/tmp/x', 'status': 1,
        'permissions': {'/': ['*']}}) == 200
    entry, = json.loads(server.cli('audit', 'list', '--subject', 'bob', '--json').stdout)
    assert entry['kind'] == 'key' and entry['actor'] == 'ann/robot'
    assert entry['origin'] == '127.0.0.1'


def test_where_no_password_is_asked_a_wrong_key_is_refused(servers):
    config = with_http()
    servers(config)
    api = Api(config).wait()
    assert api.ask('GET', 'user').status == 200
    assert api.ask('GET', 'user', Authorization='Bearer postern-key-00').status == 401
