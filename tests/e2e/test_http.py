"""The REST API, row by row of its contract, against a running server."""
import http.client
import json
import os

import paramiko
import pytest

from conftest import Servers
from http_api import Api, with_http
from postern_server import give, wait_until

USER = {'username': 'ann', 'password': 'pw', 'home_dir': '/tmp/ann', 'status': 1,
        'permissions': {'/': ['*']}}

PATHS = ['version', 'providerstatus', 'connection', 'connection/abc', 'quota_scan', 'user',
         'user/1', 'dumpdata', 'loaddata']
METHODS = {'version': 'GET', 'providerstatus': 'GET', 'connection': 'GET',
           'connection/abc': 'DELETE', 'quota_scan': 'GET POST', 'user': 'GET POST',
           'user/1': 'GET PUT DELETE', 'dumpdata': 'GET', 'loaddata': 'GET'}


def error(answer):
    """(status, error, message) of an answer, which must be that object and nothing else."""
    assert list(answer.json) == ['error', 'message', 'status']
    assert answer.json['status'] == answer.status
    return answer.status, answer.json['error'], answer.json['message']


@pytest.fixture(scope='module')
def shared(host_keys):
    """One server for the tests that need no settings of their own."""
    made = Servers(host_keys)
    config = with_http()
    server = made(config)
    server.api = Api(config).wait()
    yield server
    made.finish()


@pytest.fixture
def api(shared):
    """Its API, with no account left over."""
    for user in shared.api.ask('GET', 'user?limit=500').json:
        shared.api.ask('DELETE', f'user/{user["id"]}')
    return shared.api


def test_version_and_status(api):
    answer = api.ask('GET', 'version')
    assert answer.status == 200
    assert list(answer.json) == ['version', 'build_date', 'commit_hash']
    assert error(api.ask('GET', 'providerstatus')) == (200, '', 'Alive')
    assert api.ask('GET', 'connection').body == b'[]\n'


def test_accounts(api):
    answer = api.ask('POST', 'user', USER)
    assert answer.status == 200
    user = answer.json
    assert user['username'] == 'ann' and 'password' not in user
    path = f'user/{user["id"]}'
    assert api.ask('GET', path).json == user
    assert api.ask('GET', 'user').json == [user]
    assert error(api.ask('PUT', path, {'quota_files': 7})) == (200, '', 'User updated')
    assert api.ask('GET', path).json == {**user, 'quota_files': 7}
    assert error(api.ask('DELETE', path)) == (200, '', 'User deleted')
    assert api.ask('GET', path).status == 404
    assert api.ask('PUT', path, {}).status == 404
    assert api.ask('DELETE', path).status == 404


def test_put_merges(api):
    whole = {**USER, 'filters': {'allowed_ip': ['192.0.2.0/24'], 'denied_ip': ['10.0.0.0/8']},
             'public_keys': [], 'permissions': {'/': ['*'], '/in': ['list', 'upload']}}
    user = api.ask('POST', 'user', whole).json
    path = f'user/{user["id"]}'
    api.ask('PUT', path, {'filters': {'denied_ip': []}, 'permissions': {}})
    merged = api.ask('GET', path).json
    assert merged['filters'] == {'allowed_ip': ['192.0.2.0/24'], 'denied_ip': []}
    assert merged['permissions'] == user['permissions']
    api.ask('PUT', path, {'permissions': {'/': ['list']}})
    assert api.ask('GET', path).json['permissions'] == {'/': ['list']}
    assert api.ask('PUT', path, {'id': user['id']}).status == 200
    assert error(api.ask('PUT', path, {'id': user['id'] + 1})) == (
        400, '', 'user ID in request body does not match user ID in path parameter')


def test_secrets_are_masked(api):
    s3 = {'bucket': 'b', 'region': 'r', 'access_key': 'k', 'access_secret': 'secret'}
    user = api.ask('POST', 'user', {**USER, 'filesystem': {'provider': 1, 's3config': s3}}).json
    secret = user['filesystem']['s3config']['access_secret']
    assert secret.startswith('$aes$') and secret.count('$') == 2
    path = f'user/{user["id"]}'
    assert api.ask('PUT', path, user).status == 200
    assert api.ask('GET', path).json == user


def test_bad_accounts(api):
    assert error(api.ask('POST', 'user', {**USER, 'username': ''})) == (
        400, 'Validation error: mandatory parameters missing', '')
    assert api.ask('POST', 'user', USER).status == 200
    assert api.ask('POST', 'user', USER).status == 500
    for body in (b'', b'[', b'[]', b'null', b'{"username":"\xff"}', b'{"a":1e999}',
                 b'{"uid":99999999999999999999}', b'[' * 100000, b'{"a":' * 100000,
                 b'{"username":"a\\u0000b"}', b'{"username":"a","username":"b"}'):
        assert api.ask('POST', 'user', body).status == 400, body[:40]
        assert api.ask('PUT', 'user/1', body).status in (400, 404), body[:40]
    assert error(api.ask('GET', 'user/x')) == (400, 'Invalid userID', '')
    # as in the contract: what stands behind the first value is ignored, and so is the type
    body = json.dumps({**USER, 'username': 'bob'}) + ' more'
    assert api.ask('POST', 'user', body, Content_Type='text/plain').status == 200


def test_listing(api):
    for name in ('cid', 'ann', 'bob'):
        assert api.ask('POST', 'user', {**USER, 'username': name}).status == 200

    def names(query):
        return [user['username'] for user in api.ask('GET', 'user' + query).json]
    assert names('') == ['ann', 'bob', 'cid']
    assert names('?order=DESC') == ['cid', 'bob', 'ann']
    assert names('?limit=1&offset=1') == ['bob']
    assert names('?limit=0') == []
    assert names('?limit=9999') == ['ann', 'bob', 'cid']
    assert names('?username=bob') == ['bob']
    assert names('?username=b%6Fb') == ['bob']
    assert names('?username=BOB') == []
    assert names('?username=') == ['ann', 'bob', 'cid']
    for query, text in (('limit=x', 'Invalid limit'), ('offset=1x', 'Invalid offset'),
                        ('order=asc', 'Invalid order'), ('username=%zz', 'Invalid username')):
        assert error(api.ask('GET', 'user?' + query)) == (400, text, '')


def test_text_is_escaped(api):
    body = {**USER, 'username': 'a<b>&c'}
    answer = api.ask('POST', 'user', body)
    assert b'a\\u003cb\\u003e\\u0026c' in answer.body and b'<' not in answer.body
    assert answer.json['username'] == 'a<b>&c'
    answer = api.ask('POST', 'user', {**body, 'status': 7, 'home_dir': '<x>'})
    assert answer.status == 400 and b'<' not in answer.body


def test_dump_and_load(shared, api):
    api.ask('POST', 'user', USER)
    assert error(api.ask('GET', 'dumpdata?output_file=sub/d.json')) == (200, '', 'Data saved')
    path = os.path.join(shared.dir, 'backups', 'sub', 'd.json')
    assert os.stat(path).st_mode & 0o777 == 0o600
    with open(path, encoding='utf-8') as file:
        text = file.read()
    assert json.loads(text)['users'][0]['password'].startswith('$argon2id$')
    assert '\n' not in text.rstrip('\n')
    api.ask('GET', 'dumpdata?output_file=sub/d.json&indent=1')
    with open(path, encoding='utf-8') as file:
        assert '\n  ' in file.read()
    for name in ('', '/etc/x', '../x', 'a/../../x'):
        assert api.ask('GET', f'dumpdata?output_file={name}').status == 400
    api.ask('DELETE', f'user/{api.ask("GET", "user").json[0]["id"]}')
    assert error(api.ask('GET', f'loaddata?input_file={path}')) == (200, '', 'Data restored')
    assert [user['username'] for user in api.ask('GET', 'user').json] == ['ann']
    for query in ('', 'input_file=d.json', f'input_file={path}&scan_quota=x',
                  f'input_file={path}&mode=x', f'input_file={path}.none'):
        assert api.ask('GET', 'loaddata?' + query).status == 400, query


def test_connections(shared, api, accounts):
    account = accounts(shared)
    transport = account.paramiko()
    try:
        session = paramiko.SFTPClient.from_transport(transport)
        session.listdir('.')
        [found] = wait_until(lambda: api.ask('GET', 'connection').json, 'the connection shows')
        assert found['username'] == account.name and found['protocol'] == 'SFTP'
        path = f'connection/{found["connection_id"]}'
        assert error(api.ask('DELETE', path)) == (200, '', 'Connection closed')
    finally:
        transport.close()
    wait_until(lambda: api.ask('GET', 'connection').json == [], 'it has ended')
    assert error(api.ask('DELETE', path)) == (404, '', 'Not Found')


def test_quota_scan(api):
    home = '/tmp/postern-no-such-home'
    user = api.ask('POST', 'user', {**USER, 'home_dir': home}).json
    assert error(api.ask('POST', 'quota_scan', user)) == (201, '', 'Scan started')
    for body in (b'', b'[]', {'username': ''}, {}):
        assert api.ask('POST', 'quota_scan', body).status in (400, 404)
    assert api.ask('POST', 'quota_scan', {'username': 'none'}).status == 404
    assert wait_until(lambda: api.ask('GET', 'quota_scan').body == b'[]\n', 'no scan runs')


def test_metrics(api):
    answer = api.ask('GET', '/metrics')
    assert answer.status == 200 and answer.headers['Content-Type'].startswith('text/plain')
    assert b'\n# TYPE sftpgo_http_req_total counter\n' in answer.body

    def count(name):
        text = api.ask('POST', '/metrics').body.decode()
        return int(next(line.split()[1] for line in text.splitlines()
                        if line.startswith(name + ' ')))
    before = {name: count(name) for name in ('sftpgo_http_req_ok_total',
                                             'sftpgo_http_client_errors_total')}
    api.ask('GET', 'version')
    api.ask('GET', 'none')
    # of those that ask for the numbers, each is counted when it has been answered
    assert count('sftpgo_http_client_errors_total') == before['sftpgo_http_client_errors_total'] + 1
    assert count('sftpgo_http_req_ok_total') >= before['sftpgo_http_req_ok_total'] + 3


def test_management_disabled(servers):
    config = with_http()
    server = servers(config)
    api = Api(config).wait()
    path = f'user/{api.ask("POST", "user", USER).json["id"]}'
    server.stop()
    server.configure({**config, 'data_provider': {'manage_users': 0}})
    server.start()
    api.wait()
    assert api.ask('GET', path).status == 200
    for method, where in (('POST', 'user'), ('PUT', path), ('DELETE', path)):
        assert api.ask(method, where, {**USER, 'uid': 5}).status == 403


@pytest.mark.parametrize('method', ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH',
                                    'TRACE', 'BREW'])
def test_methods(api, method):
    for path in PATHS:
        if method in METHODS[path].split():
            continue
        answer = api.ask(method, path)
        assert answer.status == 405, path
        if method != 'HEAD':
            assert error(answer) == (405, '', 'Method not allowed')
    for path in ('none', 'user/', 'user/1/', 'version/', 'connection/', '/', '/api/v1', '/api'):
        assert api.ask(method, path).status == 404
    if method != 'HEAD':
        assert error(api.ask(method, 'none')) == (404, '', 'Not Found')


def test_connection_is_kept(api):
    connection = api.connect()
    for _ in range(50):
        assert api.ask('GET', 'version', connection=connection).status == 200
        assert api.ask('POST', 'user', {}, connection=connection).status == 400
    connection.close()
    assert api.raw_status(b'GET /api/v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n' * 20) == (
        [200] * 20)
    answer = api.raw(b'GET /api/v1/version HTTP/1.0\r\nHost: localhost\r\n\r\n')
    assert b'200 OK' in answer and b'Connection: close' in answer


def test_requests_that_come_before_the_answer(api):
    """Answers of the worker's own and of the master's, in turns, and asked for all at once."""
    asked = b''.join(b'GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n' % path
                     for path in (b'none', b'api/v1/version', b'api/v1/user/%zz')) * 30
    assert api.raw_status(asked) == [404, 200, 400] * 30


def test_head_of_metrics_has_no_body(api):
    connection = api.connect()
    for _ in range(3):
        answer = api.ask('HEAD', '/metrics', connection=connection)
        assert answer.status == 200 and int(answer.headers['Content-Length']) > 1000
        assert answer.body == b''
        assert api.ask('GET', 'version', connection=connection).status == 200


def test_continue(api):
    body = json.dumps(USER).encode()
    head = (b'POST /api/v1/user HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
            b'Expect: 100-continue\r\nContent-Length: %d\r\n\r\n' % len(body))
    connection = api.connect()
    connection.connect()
    connection.sock.sendall(head)
    assert connection.sock.recv(4096) == b'HTTP/1.1 100 Continue\r\n\r\n'
    connection.sock.sendall(body)
    response = http.client.HTTPResponse(connection.sock)
    response.begin()
    assert response.status == 200
    connection.close()


def test_log_line(shared, api):
    api.ask('GET', 'user?limit=x', User_Agent='a "quoted" agent', X_Request_Id='my-id')
    line = wait_until(lambda: next((line for line in shared.log_lines()
                                    if line.get('request_id') == 'my-id'), None), 'the line')
    assert list(line) == ['level', 'time', 'sender', 'method', 'proto', 'remote_addr',
                          'request_id', 'uri', 'user_agent', 'resp_status', 'resp_size',
                          'elapsed_ms']
    assert line['level'] == 'info' and line['sender'] == 'httpd' and line['method'] == 'GET'
    assert line['proto'] == 'HTTP/1.1' and line['resp_status'] == 400
    assert line['uri'] == f'http://127.0.0.1:{api.port}/api/v1/user?limit=x'
    assert line['user_agent'] == 'a "quoted" agent'
    assert line['remote_addr'].startswith('127.0.0.1:') and line['resp_size'] > 0
    answer = api.ask('GET', 'version', X_Request_Id='bad id \x7f'.strip('\x7f'))
    host, _, rest = answer.headers['X-Request-Id'].rpartition('/')
    assert host and len(rest) == len('0123456789-000001')


def test_proxies(servers):
    config = with_http(proxy_allowed=['127.0.0.1'])
    server = servers(config)
    api = Api(config).wait()
    api.ask('GET', 'version', X_Request_Id='one', X_Forwarded_For='6.6.6.6, 192.0.2.7')
    api.ask('GET', 'version', X_Request_Id='two', X_Forwarded_For='192.0.2.7, 127.0.0.1')
    api.ask('GET', 'version', X_Request_Id='three', X_Real_IP='2001:db8::1')
    api.ask('GET', 'version', X_Request_Id='four')

    def address(name):
        return wait_until(lambda: next((line['remote_addr'] for line in server.log_lines()
                                        if line.get('request_id') == name), None), name)
    assert address('one') == '192.0.2.7' and address('two') == '192.0.2.7'
    assert address('three') == '2001:db8::1' and address('four').startswith('127.0.0.1:')


def test_proxies_are_not_believed(shared, api):
    api.ask('GET', 'version', X_Request_Id='liar', X_Forwarded_For='192.0.2.7')
    line = wait_until(lambda: next((line for line in shared.log_lines()
                                    if line.get('request_id') == 'liar'), None), 'the line')
    assert line['remote_addr'].startswith('127.0.0.1:')


def test_backups_directory_is_ours(shared, api):
    outside = os.path.join(shared.top, 'outside')
    os.makedirs(outside, exist_ok=True)
    give(outside)
    api.ask('GET', 'dumpdata?output_file=x.json')
    link = os.path.join(shared.dir, 'backups', 'link')
    if not os.path.islink(link):
        os.symlink(outside, link)
    api.ask('GET', 'dumpdata?output_file=link/x.json')
    assert os.listdir(outside) == []
