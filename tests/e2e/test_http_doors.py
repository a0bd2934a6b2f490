"""Who may use the HTTP API: passwords, names, origins, and what is refused before anybody asks."""
import os
import subprocess
import threading

import paramiko
import pytest

from http_api import Api, with_http
from postern_server import give, wait_until
from test_http import METHODS, PATHS, USER, error

# bcrypt of the least cost, without the prefix that names the writer's variant.
HASHES = {'pw': '04$abcdefghijklmnopqrstuuyvPXIbu7xe6/CED2DzX8z6Si09MlzlW',
          'other': '04$abcdefghijklmnopqrstuu0HtfOlPbTiymk5tcV.3TsFPDd3SYZqu'}


def bcrypt(password, prefix='$2b$'):
    return prefix + HASHES[password]


def openssl_hash(kind, password):
    return subprocess.run(['openssl', 'passwd', kind, password], check=True, capture_output=True,
                          text=True).stdout.strip()


def write_users(server, text):
    path = os.path.join(server.dir, 'users')
    with open(path + '.new', 'w', encoding='utf-8') as file:
        file.write(text)
    give(path + '.new')
    os.rename(path + '.new', path)


@pytest.fixture
def guarded(servers):
    """A server whose API asks for a password: ann's is "pw"."""
    config = with_http(auth_user_file='users')
    server = servers(config, start=False)
    write_users(server, f'ann:{bcrypt("pw")}\n')
    server.start()
    server.config = config
    server.api = Api(config, 'ann', 'pw').wait()
    assert server.api.ask('GET', 'version').status == 200
    return server


def test_nothing_answers_without_a_password(guarded):
    strangers = [Api(guarded.config), Api(guarded.config, 'ann', ''),
                 Api(guarded.config, 'ann', 'px'), Api(guarded.config, 'nobody', 'pw')]
    for stranger in strangers:
        for path in PATHS:
            for method in METHODS[path].split():
                answer = stranger.ask(method, path, USER if method != 'GET' else None)
                assert answer.status in (401, 429), (method, path)
                if answer.status == 401:
                    assert error(answer) == (401, 'Unauthorized', '')
                    assert answer.headers['WWW-Authenticate'] == 'Basic realm="SFTPGo Web"'
    answer = strangers[0].ask('GET', '/metrics')
    assert answer.status == 401 and answer.body == b'Unauthorized\n'
    assert answer.headers['Content-Type'].startswith('text/plain')
    # what the contract leaves open, and no data in it
    assert error(strangers[0].ask('GET', 'none')) == (404, '', 'Not Found')
    assert error(strangers[0].ask('PATCH', 'user')) == (405, '', 'Method not allowed')
    for header in ('Basic', 'Basic !', 'Basic YQ==', 'Bearer x', 'Digest a="b"',
                   'Basic ' + 'A' * 5000):
        assert strangers[0].ask('GET', 'version', Authorization=header).status == 401
    assert guarded.api.ask('GET', 'version').status == 200
    assert guarded.api.ask('GET', 'user').json == []


def test_guessing_is_limited(guarded):
    stranger = Api(guarded.config, 'ann', 'wrong')
    statuses = [stranger.ask('GET', 'version').status for _ in range(12)]
    assert statuses[:10] == [401] * 10 and set(statuses[10:]) <= {401, 429}
    answer = wait_until(lambda: next((a for a in [stranger.ask('GET', 'version')]
                                      if a.status == 429), None), 'too often')
    assert int(answer.headers['Retry-After']) > 0
    # whom the server knows already is let in all the same
    assert guarded.api.ask('GET', 'version').status == 200


def test_kinds_of_hashes(guarded):
    lines = [f'user{number}:{bcrypt("pw", prefix)}' for number, prefix in
             enumerate(('$2a$', '$2b$', '$2y$', '$2x$', '$2$'))]
    lines += ['# a comment: with: colons', '', f'  apr1:{openssl_hash("-apr1", "pw")}',
              f'"md5":{openssl_hash("-1", "pw")}', f'sha:{openssl_hash("-6", "pw")}', 'plain:pw']
    write_users(guarded, '\n'.join(lines) + '\n')
    for user in ('user0', 'user1', 'user2', 'user3', 'user4', 'apr1', 'md5'):
        assert Api(guarded.config, user, 'pw').ask('GET', 'version').status == 200, user
    for user in ('sha', 'plain', 'ann', ''):
        assert Api(guarded.config, user, 'pw').ask('GET', 'version').status == 401, user


def test_file_is_read_again(guarded):
    bob = Api(guarded.config, 'bob', 'other')
    assert bob.ask('GET', 'version').status == 401
    write_users(guarded, f'bob:{bcrypt("other")}\n')
    assert bob.ask('GET', 'version').status == 200
    assert guarded.api.ask('GET', 'version').status == 401
    for text in (f'bob:{bcrypt("other")}\nann\n', 'a:b:c\n', f'bob:"{bcrypt("other")}\n'):
        write_users(guarded, text)
        assert bob.ask('GET', 'version').status == 401, text
        wait_until(lambda: 'httpd.auth_user_file: nobody is let in' in guarded.log_text(), 'told')
    os.unlink(os.path.join(guarded.dir, 'users'))
    assert bob.ask('GET', 'version').status == 401
    write_users(guarded, f'bob:{bcrypt("other")}\n')
    assert bob.ask('GET', 'version').status == 200


def test_foreign_names(servers):
    config = with_http(allowed_hosts=['files.example'])
    servers(config)
    api = Api(config).wait()
    for host in ('localhost', 'LOCALHOST:80', '127.0.0.1', '127.9.9.9:1', '[::1]:8080',
                 'files.example', 'Files.Example:443'):
        assert api.ask('GET', 'version', Host=host).status == 200, host
    for host in ('evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '192.0.2.1',
                 'files.example.evil', '', 'files.example@evil', '[::2]'):
        assert api.ask('GET', 'version', Host=host).status == 403, host
    for origin in ('http://evil.example', 'null', 'http://localhost:1', ''):
        assert api.ask('GET', 'version', Origin=origin).status == 403, origin
    assert api.ask('GET', 'version', Origin=f'http://127.0.0.1:{api.port}').status == 200
    assert api.ask('GET', 'version', Origin='https://files.example').status == 200
    for site in ('cross-site', 'same-site'):
        assert api.ask('GET', 'version', Sec_Fetch_Site=site).status == 200
        for method, path in (('POST', 'user'), ('DELETE', 'user/1'), ('GET', 'dumpdata'),
                             ('GET', 'loaddata')):
            assert api.ask(method, path, Sec_Fetch_Site=site).status == 403
    answer = api.ask('GET', 'version', Origin=f'http://127.0.0.1:{api.port}')
    assert not [name for name in answer.headers if name.lower().startswith('access-control')]


def test_names_with_a_password(guarded):
    assert guarded.api.ask('GET', 'version', Host='files.example').status == 200
    assert guarded.api.ask('GET', 'version', Origin='http://evil.example').status == 403


@pytest.mark.parametrize('settings, text', [
    ({'bind_address': ''}, 'httpd.bind_address: "" is not an address of this machine alone'),
    ({'bind_address': '0.0.0.0'}, 'httpd.bind_address: "0.0.0.0" is not'),
    ({'auth_user_file': 'none'}, 'httpd.auth_user_file: '),
    ({'certificate_file': 'none'}, 'httpd.certificate_key_file: is empty'),
    ({'certificate_file': 'none', 'certificate_key_file': 'none'}, 'httpd.certificate_file: '),
    ({'bind_address': '192.0.2.1', 'auth_user_file': 'sftpgo.json'}, 'check httpd.bind_address'),
])
def test_start_is_refused(servers, settings, text):
    server = servers(with_http(**settings), start=False).launch()
    assert server.process.wait(60) == 1
    assert text in server.error_text()
    server.process = None


def test_worker_dies(servers, accounts):
    config = with_http()
    server = servers(config)
    api = Api(config).wait()
    account = accounts(server)
    transport = account.paramiko()
    session = paramiko.SFTPClient.from_transport(transport)
    try:
        for _ in range(2):
            [pid] = wait_until(lambda: server.workers('postern: http'), 'there is one')
            os.kill(pid, 9)
            session.listdir('.')
            wait_until(lambda: server.workers('postern: http') not in ([], [pid]), 'another one')
            api.wait()
            assert api.ask('GET', 'version').status == 200
        assert server.log_text().count('the HTTP worker: it died by signal 9') == 2
        assert [c['username'] for c in api.ask('GET', 'connection').json] == [account.name]
    finally:
        transport.close()


def test_killed_amid_requests(servers):
    config = with_http()
    server = servers(config)
    api = Api(config).wait()
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            try:
                api.ask('POST', 'user', {**USER, 'username': f'u{os.urandom(4).hex()}'})
                api.ask('GET', 'user?limit=500')
            except Exception:
                pass
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        [pid] = wait_until(lambda: server.workers('postern: http'), 'there is one')
        os.kill(pid, 9)
        wait_until(lambda: server.workers('postern: http') not in ([], [pid]), 'another one')
    stop.set()
    for thread in threads:
        thread.join()
    api.wait()
    assert api.ask('GET', 'user').status == 200


def test_many_at_once(servers, accounts):
    config = with_http()
    server = servers(config)
    api = Api(config).wait()
    for number in range(40):
        assert api.ask('POST', 'user', {**USER, 'username': f'many{number}', 'password': bcrypt(
            'pw', '$2a$')}).status == 200
    account = accounts(server)
    with open(account.local('file'), 'wb') as file:
        file.write(os.urandom(1 << 20))
    transport = account.paramiko()
    session = paramiko.SFTPClient.from_transport(transport)
    faults, start = [], threading.Barrier(200)

    def ask():
        try:
            connection = api.connect()
            start.wait()
            for path in ('version', 'user?limit=500', 'providerstatus', 'connection'):
                answer = api.ask('GET', path, connection=connection)
                if answer.status != 200:
                    faults.append((path, answer.status))
            connection.close()
        except Exception as fault:
            faults.append(repr(fault))
    threads = [threading.Thread(target=ask) for _ in range(200)]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads):
            session.put(account.local('file'), 'file')
            session.get('file', account.local('back'))
    finally:
        for thread in threads:
            thread.join()
        transport.close()
    assert faults == []
