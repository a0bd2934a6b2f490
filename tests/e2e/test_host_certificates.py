"""Host keys with certificates: who trusts the authority is asked nothing, others notice nothing."""
import base64
import os
import shutil
import subprocess

import pytest

from certificates import Authority, blob, put
from clients import need
from postern_server import give
from raw_ssh import RawSsh, Reader, KEXINIT
from test_certificates import fingerprint
from test_parking import wait_parked
from test_reload import Held, reload

CERTIFICATES = ['id_ed25519-cert.pub', 'id_ecdsa-cert.pub', 'id_rsa-cert.pub']


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    return Authority(str(tmp_path_factory.mktemp('authority')))


def certify(server, authority, *options, name='id_ed25519', principals='127.0.0.1', to=None):
    """Makes the certificate of a host key of this server, in its configuration directory."""
    public = os.path.join(server.dir, name + '.pub')
    with open(public, 'w', encoding='utf-8') as file:
        file.write(subprocess.run(['ssh-keygen', '-y', '-f', os.path.join(server.dir, name)],
                                  capture_output=True, text=True, check=True).stdout)
    path = os.path.join(server.dir, to or name + '-cert.pub')
    shutil.move(authority.sign(public, *(options or ('-h',)), principals=principals), path)
    os.chmod(path, 0o644)
    give(path)
    return path


@pytest.fixture
def site(servers, authority):
    server = servers({'sftpd': {'host_certificates': CERTIFICATES},
                      'limits': {'park_after_seconds': 1}}, start=False)
    for name in ('id_ed25519', 'id_ecdsa', 'id_rsa'):
        certify(server, authority, name=name)
    return server.start()


def trust(account, authority):
    """Nothing but the authority is known: any question would end the client."""
    with open(account.known_hosts, 'w', encoding='utf-8') as file:
        file.write('@cert-authority * ' + authority.line() + '\n')


def strictly(account, **options):
    return account.sftp('pwd\n', check=False, StrictHostKeyChecking='yes', **options)


def test_no_question_is_asked(site, accounts, authority):
    account = accounts(site)
    trust(account, authority)
    names = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-256', 'rsa-sha2-512']
    for name in names:
        done = strictly(account, HostKeyAlgorithms=name + '-cert-v01@openssh.com')
        assert done.returncode == 0, f'{name}: {done.stderr}'
    assert strictly(account).returncode == 0
    # The plain key is known to nobody, and SHA-1 is not spoken.
    assert strictly(account, HostKeyAlgorithms='ssh-ed25519').returncode != 0
    assert strictly(account, HostKeyAlgorithms='ssh-rsa-cert-v01@openssh.com').returncode != 0
    site.log_message('host key ssh-ed25519 SHA256:.*, certificate ID "test" serial 0 CA '
                     + fingerprint(authority.public).replace('+', r'\+'))


def test_a_stranger_s_authority_is_not_believed(site, accounts, tmp_path):
    account = accounts(site)
    trust(account, Authority(str(tmp_path)))
    assert strictly(account).returncode != 0


def test_clients_without_certificates(site, account, accounts):
    account = accounts(site)
    assert account.sftp('pwd\n').returncode == 0
    transport = account.paramiko()
    transport.close()
    need('ssh-keyscan')
    for kind, word in (('ed25519', 'ssh-ed25519'), ('rsa', 'ssh-rsa')):
        done = subprocess.run(['ssh-keyscan', '-t', kind, '-p', str(site.port), '127.0.0.1'],
                              capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.split()[1] == word


def test_what_is_offered(site):
    """The plain names come first, so that the guess of a client that knows only them is right."""
    connection = RawSsh(site.port).hello()
    connection.send(connection.kexinit())
    reader = Reader(connection.expect(KEXINIT)[17:])
    reader.string()
    plain = ['ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519']
    names = reader.string().decode().split(',')
    connection.close()
    assert sorted(names[:4]) == sorted(plain)
    assert sorted(names[4:]) == sorted(name + '-cert-v01@openssh.com' for name in plain)


def test_key_exchanges_and_parking(site, accounts, authority):
    account = accounts(site)
    trust(account, authority)
    path = account.local('large')
    with open(path, 'wb') as file:
        file.write(os.urandom(3 << 20))
    account.sftp(f'put {path} large\nget large back\n', StrictHostKeyChecking='yes',
                 RekeyLimit='512K')
    with open(path, 'rb') as one, open(account.local('back'), 'rb') as other:
        assert one.read() == other.read()
    held = Held(account, StrictHostKeyChecking='yes', RekeyLimit='16K')
    wait_parked(site)
    for _ in range(3):
        held.ask('ls -l', 'large')
    held.end()


def test_a_renewed_certificate(site, accounts, authority):
    account = accounts(site)
    trust(account, authority)
    certify(site, authority, '-h', '-V', '20200101:20210101')
    said = reload(site)['message']
    assert 'was read again' in said
    site.log_message(r'sftpd.host_certificates: \S+/id_ed25519-cert.pub: it has expired .*SIGHUP')
    done = strictly(account, HostKeyAlgorithms='ssh-ed25519-cert-v01@openssh.com')
    assert done.returncode != 0
    site.log_message('no common host key algorithm; the client offers ssh-ed25519-cert-v01')
    certify(site, authority, '-h', '-z', '12')
    reload(site)
    site.log_message('certificate ID "test" serial 12 CA')
    done = strictly(account, HostKeyAlgorithms='ssh-ed25519-cert-v01@openssh.com')
    assert done.returncode == 0, done.stderr


MISTAKES = {
    'missing': 'name a file',
    'plain': 'no certificate',
    'user': "it is a user's",
    'stranger': 'it belongs to none of the host keys',
    'changed': 'no certificate|its signature is wrong',
}


@pytest.mark.parametrize('mistake', MISTAKES)
def test_the_start_names_the_file(servers, authority, keys, mistake):
    server = servers({'sftpd': {'host_certificates': ['file']}}, start=False)
    if mistake == 'user':
        certify(server, authority, '-V', 'always:forever', to='file')
    elif mistake == 'changed':
        path = certify(server, authority, to='file')
        data = bytearray(blob(path))
        data[-1] ^= 1
        put(server, 'file', 'ssh-ed25519-cert-v01@openssh.com '
            + base64.b64encode(data).decode())
    elif mistake != 'missing':
        public = os.path.join(keys, 'id_ed25519.pub')
        source = authority.sign(public, '-h') if mistake == 'stranger' else public
        shutil.copyfile(source, os.path.join(server.dir, 'file'))
        os.chmod(os.path.join(server.dir, 'file'), 0o644)
    server.launch()
    assert server.process.wait(60) == 1
    server.stopped = 1
    text = server.error_text()
    assert f'sftpd.host_certificates: {server.dir}/file: ' in text
    assert any(word in text for word in MISTAKES[mistake].split('|')), text


def test_one_that_has_expired_does_not_stop_the_start(servers, accounts, authority):
    server = servers({'sftpd': {'host_certificates': ['id_ed25519-cert.pub']}}, start=False)
    certify(server, authority, '-h', '-V', '20980101:20990101')
    server.start()
    server.log_message('id_ed25519-cert.pub: it is not valid yet and is not shown to clients')
    assert accounts(server).sftp('pwd\n').returncode == 0
