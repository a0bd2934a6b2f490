"""The REST API beside its contract: administrators, keys, sessions, bans and what else there is."""
import pytest

from conftest import Servers
from http_api import Api, with_http
from postern_server import give

PASSWORD = 'a long password'
FILE_USER = 'filer:$apr1$abcdefgh$oYihhCVxB.6.MkA0ic7tm0\n'
USER = {'username': 'ann', 'home_dir': '/tmp/ann', 'status': 1, 'permissions': {'/': ['*']},
        'password': 'pw'}


@pytest.fixture(scope='module')
def shared(host_keys):
    made = Servers(host_keys)
    config = with_http()
    server = made(config)
    server.cli('admin', 'add', 'root', '--password-stdin', stdin=PASSWORD + '\n')
    server.config_used = config
    server.anonymous = Api(config).wait()
    yield server
    made.finish()


@pytest.fixture
def nobody(shared):
    return shared.anonymous


@pytest.fixture
def api(shared):
    """As the administrator "root", by password."""
    return Api(shared.config_used, 'root', PASSWORD)


class Session:
    """An administrator who has logged in, with the cookie and maybe the CSRF token."""

    def __init__(self, api, username, password=PASSWORD, code=None):
        body = {'username': username, 'password': password}
        if code is not None:
            body['code'] = code
        self.api = api
        self.answer = api.ask('POST', 'login', body)
        if self.answer.status == 200:
            self.set_cookie = self.answer.headers['Set-Cookie']
            self.cookie = self.set_cookie.split(';')[0]
            self.csrf = self.answer.json['csrf']

    def ask(self, method, path, body=None, csrf=True):
        headers = {'X_CSRF_Token': self.csrf} if csrf else {}
        return self.api.ask(method, path, body, Cookie=self.cookie, **headers)


def test_nobody_is_let_in_where_there_is_an_administrator(nobody):
    for method, path in (('GET', 'user'), ('POST', 'user'), ('GET', 'self'), ('GET', '/metrics')):
        answer = nobody.ask(method, path)
        assert answer.status == 401 and 'Basic' in answer.headers['WWW-Authenticate']
    assert nobody.ask('GET', 'version', Authorization='Bearer x').status == 401


def test_everybody_is_let_in_where_there_is_none(servers):
    config = with_http()
    server = servers(config)
    api = Api(config).wait()
    assert api.ask('GET', 'self').json['kind'] == 'local'
    assert api.ask('POST', 'login', {'username': 'x', 'password': 'y'}).status == 403
    server.cli('admin', 'add', 'root', '--password-stdin', stdin=PASSWORD + '\n')
    assert api.ask('GET', 'self').status == 401
    assert Api(config, 'root', PASSWORD).ask('GET', 'self').json['name'] == 'root'


def test_by_password(shared, api):
    me = api.ask('GET', 'self').json
    assert me == {'kind': 'administrator', 'name': 'root', 'key': '', 'origin': '127.0.0.1',
                  'areas': ['*']}
    assert Api(shared.config_used, 'root', 'wrong').ask('GET', 'self').status == 401


def test_by_session(nobody):
    session = Session(nobody, 'root')
    assert sorted(session.answer.json) == ['csrf', 'expires']
    flags = session.set_cookie.split('; ')[1:]
    assert flags == ['Path=/', 'HttpOnly', 'SameSite=Strict']
    assert session.ask('GET', 'self', csrf=False).json['name'] == 'root'
    assert session.ask('POST', 'ban', {'network': '192.0.2.9'}, csrf=False).status == 403
    assert nobody.ask('POST', 'ban', {'network': '192.0.2.9'}, Cookie=session.cookie,
                      X_CSRF_Token='0' * 64).status == 403
    assert session.ask('GET', 'dumpdata?output_file=x', csrf=False).status == 403
    assert session.ask('POST', 'ban', {'network': '192.0.2.9'}).status == 200
    assert session.ask('DELETE', 'ban/192.0.2.9').status == 200
    assert session.ask('POST', 'logout', csrf=False).status == 403
    answer = session.ask('POST', 'logout')
    assert answer.status == 200 and 'Max-Age=0' in answer.headers['Set-Cookie']
    assert session.ask('GET', 'self').status == 401


@pytest.mark.parametrize('body, status', [
    ({'username': 'root', 'password': 'wrong password'}, 401),
    ({'username': 'nobody', 'password': PASSWORD}, 401), ({}, 400), ({'username': 'root'}, 400),
    ({'username': 1, 'password': []}, 400), ('[', 400), ('', 400), ('x' * 9000, 413)])
def test_logins_that_fail(nobody, body, status):
    answer = nobody.ask('POST', 'login', body)
    assert answer.status == status and 'Set-Cookie' not in answer.headers
    assert 'Basic' not in answer.headers.get('WWW-Authenticate', '')


def test_logins_that_never_end_take_no_places(nobody):
    head = b'POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{'
    waiting = [nobody.connect() for _ in range(100)]
    for connection in waiting:
        connection.connect()
        connection.sock.sendall(head)
    assert Session(nobody, 'root').answer.status == 200
    for connection in waiting:
        connection.close()


def test_a_login_may_ask_first(nobody):
    body = b'{"username":"root","password":"%s"}' % PASSWORD.encode()
    connection = nobody.connect()
    connection.connect()
    connection.sock.sendall(b'POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\n'
                            b'Expect: 100-continue\r\nContent-Length: %d\r\n\r\n' % len(body))
    assert connection.sock.recv(4096) == b'HTTP/1.1 100 Continue\r\n\r\n'
    connection.sock.sendall(body)
    assert connection.sock.recv(4096).startswith(b'HTTP/1.1 200 OK\r\n')
    connection.close()


def test_a_page_of_another_site_cannot_log_in(nobody):
    body = {'username': 'root', 'password': PASSWORD}
    assert nobody.ask('POST', 'login', body, Origin='http://evil.example').status == 403


def test_one_time_codes_of_an_administrator(shared, nobody, api):
    assert api.ask('POST', 'admin', {'username': 'cat', 'password': PASSWORD,
                                     'areas': ['view_users']}).status == 200
    enrolled = api.ask('POST', 'admin/cat/totp').json
    assert sorted(enrolled) == ['recovery_codes', 'secret', 'uri', 'username']
    assert api.ask('POST', 'admin/cat/totp').status == 409
    first, second = enrolled['recovery_codes'][:2]
    assert Session(nobody, 'cat').answer.json['error'] == 'A one-time code is needed'
    assert Session(nobody, 'cat', code='000000x').answer.status == 401
    assert Session(nobody, 'cat', code=first).answer.status == 200
    assert Session(nobody, 'cat', code=first).answer.status == 401
    cat = Api(shared.config_used, 'cat', PASSWORD)
    assert cat.ask('GET', 'self').status == 401
    assert cat.ask('GET', 'self', X_One_Time_Code=second).status == 200
    assert api.ask('DELETE', 'admin/cat/totp').status == 200
    assert cat.ask('GET', 'user').status == 200
    assert cat.ask('GET', 'admin').status == 403
    assert api.ask('DELETE', 'admin/cat').status == 200
    assert cat.ask('GET', 'user').status == 401


def test_administrators(api):
    body = {'username': 'd g/x', 'password': PASSWORD, 'areas': ['scans']}
    assert api.ask('POST', 'admin', body).json['areas'] == ['scans']
    assert api.ask('POST', 'admin', body).status == 409
    path = 'admin/d%20g%2Fx'
    assert api.ask('GET', path).json['username'] == 'd g/x'
    assert api.ask('PUT', path, {'description': 'x', 'username': 'root'}).status == 200
    assert api.ask('GET', path).json['description'] == 'x'
    assert api.ask('PUT', path, {'areas': ['fly']}).status == 400
    assert api.ask('PUT', path, {'wings': 2}).status == 400
    assert api.ask('PUT', path, {'password': 'another password'}).status == 200
    assert [one['username'] for one in api.ask('GET', 'admin').json] == ['d g/x', 'root']
    assert 'argon2' not in api.ask('GET', 'admin').body.decode()
    assert api.ask('DELETE', path).status == 200
    assert api.ask('GET', path).status == 404
    assert api.ask('GET', 'admin/%zz').status == 400


def test_keys(nobody, api):
    made = api.ask('POST', 'key', {'username': 'root', 'name': 'p', 'areas': ['metrics']}).json
    key = made.pop('key')
    assert api.ask('GET', 'key').json == [made] == api.ask('GET', 'key?username=root').json
    for headers in ({'X_API_Key': key}, {'Authorization': 'Bearer ' + key}):
        assert nobody.ask('GET', 'self', **headers).json['key'] == 'p'
        assert nobody.ask('GET', '/metrics', **headers).status == 200
        assert nobody.ask('GET', 'user', **headers).status == 403
        assert nobody.ask('POST', 'login', {}, **headers).status == 400
    # a field of its own is meant, whatever cookie the client has
    session = Session(nobody, 'root')
    assert nobody.ask('GET', 'user', X_API_Key=key, Cookie=session.cookie).status == 403
    assert api.ask('DELETE', 'key/root/p').status == 200
    assert api.ask('DELETE', 'key/root/p').status == 404
    assert nobody.ask('GET', 'self', X_API_Key=key).status == 401


def test_bans(api):
    assert api.ask('POST', 'ban', {'network': '192.0.2.0/24', 'seconds': 60}).status == 200
    only, = api.ask('GET', 'ban').json
    assert only['network'] == '192.0.2.0/24' and only['manual'] is True and only['until'] > 0
    assert api.ask('DELETE', 'ban/192.0.2.0%2F24').status == 200
    assert api.ask('DELETE', 'ban/192.0.2.0%2F24').status == 404
    for body in ({}, {'network': 'x'}, {'network': '192.0.2.1', 'seconds': -1}):
        assert api.ask('POST', 'ban', body).status == 400


def test_of_an_account(api):
    path = f'user/{api.ask("POST", "user", USER).json["id"]}'
    explained = api.ask('GET', path + '/explain?path=/x').json
    assert explained['username'] == 'ann' and explained['path'] == '/x'
    assert api.ask('GET', path + '/explain').status == 400
    assert api.ask('GET', path + '/quota').json['used_quota_files'] == 0
    assert api.ask('GET', path + '/totp').json['enabled'] is False
    enrolled = api.ask('POST', path + '/totp', {'digits': 8, 'id': 77}).json
    assert enrolled['username'] == 'ann' and len(enrolled['recovery_codes']) > 1
    assert enrolled['secret'] not in api.ask('GET', path).body.decode()
    assert api.ask('POST', path + '/totp').status == 409
    assert api.ask('GET', path + '/totp').json['digits'] == 8
    assert api.ask('DELETE', path + '/totp').status == 200
    assert api.ask('POST', path + '/totp', {'digits': 5}).status == 400
    assert api.ask('DELETE', 'quota_scan/ann').status == 404
    assert api.ask('DELETE', path).status == 200
    assert api.ask('GET', path + '/totp').status == 404


def test_of_the_server(shared, api):
    assert api.ask('GET', 'status').json['pid'] == shared.process.pid
    assert [(one['protocol'], one['port']) for one in api.ask('GET', 'service').json] == [
        ('ssh', shared.port), ('http', api.port)]
    names = {one['name']: one for one in api.ask('GET', 'settings').json['settings']}
    assert names['httpd.bind_port']['value'] == shared.config_used['httpd']['bind_port']
    assert api.ask('GET', 'transfer').json == []


def test_audit(api):
    api.ask('POST', 'ban', {'network': '192.0.2.77'})
    api.ask('DELETE', 'ban/192.0.2.77')
    entries = api.ask('GET', 'audit?subject=192.0.2.77').json
    assert [entry['verb'] for entry in entries] == ['remove', 'add']
    assert {(e['kind'], e['actor'], e['origin']) for e in entries} == {
        ('administrator', 'root', '127.0.0.1')}
    assert len(api.ask('GET', 'audit?subject=192.0.2.77&limit=1&offset=1').json) == 1
    assert api.ask('GET', 'audit?limit=x').status == 400
    assert PASSWORD not in api.ask('GET', 'audit?limit=500').body.decode()


def test_a_file_and_administrators_beside_each_other(servers):
    config = with_http(auth_user_file='users')
    server = servers(config, start=False)
    with open(f'{server.dir}/users', 'w', encoding='utf-8') as file:
        file.write(FILE_USER)
    give(file.name)
    server.start()
    Api(config).wait()
    server.cli('admin', 'add', 'root', '--password-stdin', stdin=PASSWORD + '\n')
    kinds = [Api(config, *who).ask('GET', 'self').json['kind']
             for who in (('filer', 'filed'), ('root', PASSWORD))]
    assert kinds == ['basic', 'administrator']
    assert Api(config, 'filer', 'filed').ask('POST', 'login', {
        'username': 'filer', 'password': 'filed'}).status == 403
    for who in (('filer', PASSWORD), ('root', 'filed'), ('nobody', 'filed')):
        assert Api(config, *who).ask('GET', 'self').status == 401
