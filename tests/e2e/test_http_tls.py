"""HTTPS: keys of each kind that never leave the master, and what happens when they change."""
import os
import signal
import ssl
import subprocess

import pytest

from clients import need
from http_api import Api, trusting, with_http
from postern_server import SANITIZED, give, wait_until

KINDS = {'rsa': ['-newkey', 'rsa:2048'],
         'ecdsa': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
         'ecdsa384': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
         'ed25519': ['-newkey', 'ed25519']}
need('openssl')


def make_pair(server, kind, name='server'):
    """A self-signed certificate and its key, as server.pem and server.key."""
    paths = [os.path.join(server.dir, f'{name}.{end}') for end in ('pem', 'key')]
    subprocess.run(['openssl', 'req', '-x509', *KINDS[kind], '-nodes', '-subj', '/CN=localhost',
                    '-days', '2', '-out', paths[0], '-keyout', paths[1]], check=True,
                   capture_output=True)
    for path in paths:
        give(path)
    return paths


@pytest.fixture
def secure(servers):
    """secure(kind) starts a server with such a key."""
    def start(kind):
        config = with_http(certificate_file='server.pem', certificate_key_file='server.key')
        server = servers(config, start=False)
        server.certificate, server.key = make_pair(server, kind)
        server.start()
        server.api = Api(config, tls=trusting(server.certificate)).wait()
        return server
    return start


def handshake(server, *arguments):
    """What openssl s_client says about a handshake."""
    return subprocess.run(
        ['openssl', 's_client', '-connect', f'127.0.0.1:{server.api.port}', '-CAfile',
         server.certificate, *arguments], input='', capture_output=True, text=True,
        timeout=60).stdout


@pytest.mark.parametrize('kind', KINDS)
def test_kinds_of_keys(secure, kind):
    server = secure(kind)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = trusting(server.certificate, minimum_version=version, maximum_version=version)
        api = Api({'httpd': {'bind_port': server.api.port}}, tls=context)
        connection = api.connect()
        for _ in range(3):
            assert api.ask('GET', 'version', connection=connection).status == 200
        connection.close()
    if kind == 'rsa':
        for scheme, kinds in (('RSA+SHA256', 'RSA'), ('RSA+SHA512', 'RSA'),
                              ('RSA-PSS+SHA256', 'RSA-PSS'), ('RSA-PSS+SHA384', 'RSA-PSS')):
            told = handshake(server, '-tls1_2', '-sigalgs', scheme)
            assert f'Peer signature type: {kinds}\n' in told, scheme
            assert 'Verify return code: 0 (ok)' in told
    assert 'Cipher is (NONE)' in handshake(server, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')
    assert server.api.raw(b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')[:5] != b'HTTP/'


def test_the_pair_changes(secure):
    server = secure('ecdsa')
    kept = server.api.connect()
    assert server.api.ask('GET', 'version', connection=kept).status == 200
    make_pair(server, 'rsa')
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: 'the certificate was read' in server.log_text(), 'it was read')
    with pytest.raises(ssl.SSLError):
        server.api.ask('GET', 'version')
    again = Api({'httpd': {'bind_port': server.api.port}}, tls=trusting(server.certificate))
    assert again.ask('GET', 'version').status == 200
    assert server.api.ask('GET', 'version', connection=kept).status == 200
    kept.close()
    # a key of another certificate: what is there stays
    make_pair(server, 'rsa', 'other')
    os.rename(os.path.join(server.dir, 'other.key'), server.key)
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: 'the certificate stays as it is: httpd.certificate_key_file'
               in server.log_text(), 'it was refused')
    assert again.ask('GET', 'version').status == 200
    # also for a fresh worker
    [pid] = server.workers('postern: http')
    os.kill(pid, signal.SIGKILL)
    again.wait()
    assert again.ask('GET', 'version').status == 200


@pytest.mark.skipif(SANITIZED, reason='shadow memory is too large to look through')
def test_key_in_the_file_of_the_certificate(secure):
    server = secure('rsa')
    with open(server.key, encoding='utf-8') as file:
        key = file.read()
    secret = key.splitlines()[3].encode()
    with open(server.certificate, 'a', encoding='utf-8') as file:
        file.write(key)
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: 'the certificate was read' in server.log_text(), 'it was read')
    assert server.api.ask('GET', 'version').status == 200
    [pid] = server.workers('postern: http')
    with open(f'/proc/{pid}/maps', encoding='ascii') as maps, \
            open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split('-'))
            if 'rw' in line and 'vvar' not in line:
                memory.seek(start)
                assert secret not in memory.read(end - start)


@pytest.mark.parametrize('what, setting', [('certificate', 'httpd.certificate_file'),
                                           ('key', 'httpd.certificate_key_file')])
def test_bad_files_stop_the_start(servers, what, setting):
    server = servers(with_http(certificate_file='server.pem', certificate_key_file='server.key'),
                     start=False)
    paths = dict(zip(('certificate', 'key'), make_pair(server, 'ecdsa')))
    with open(paths[what], 'w', encoding='utf-8') as file:
        file.write('nothing')
    server.launch()
    assert server.process.wait(60) == 1
    assert f'{setting}: {paths[what]}: ' in server.error_text()
    server.process = None
