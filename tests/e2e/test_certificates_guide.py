"""The commands of docs/certificates.md do what it says."""
import os
import shlex
import shutil
import subprocess

from certificates import put
from postern_server import TOP, give
from test_certificates import fingerprint
from test_reload import reload


def commands():
    with open(os.path.join(TOP, 'docs', 'certificates.md'), encoding='utf-8') as file:
        return [line.strip() for line in file if line.startswith('    ssh-keygen ')]


def test_the_guide(servers, accounts, keys, tmp_path):
    server = servers({'sftpd': {'trusted_user_ca_keys': ['user_ca.pub'],
                                'host_certificates': ['id_ed25519-cert.pub'],
                                'revoked_user_certs_file': 'revoked'}}, start=False)
    for name in ('', '.pub'):
        shutil.copy(os.path.join(keys, 'id_ed25519' + name), tmp_path / ('alice' + name))
    with open(tmp_path / 'id_ed25519.pub', 'wb') as file:
        subprocess.run(['ssh-keygen', '-y', '-f', os.path.join(server.dir, 'id_ed25519')],
                       stdout=file, check=True)
    lines = commands()
    assert len(lines) == 6
    # What is made for one network is not for us; the list is for the end.
    for line in [line for line in lines if 'source-address' not in line and ' -k ' not in line]:
        subprocess.run(shlex.split(line), cwd=tmp_path, check=True)

    def copy(name):
        path = os.path.join(server.dir, name)
        shutil.copy(tmp_path / name, path)
        os.chmod(path, 0o644)
        give(path)
    copy('user_ca.pub')
    copy('id_ed25519-cert.pub')
    put(server, 'revoked')
    server.start()
    alice = accounts(server, name='alice', key='stranger')
    alice.key = str(tmp_path / 'alice')
    with open(alice.known_hosts, 'w', encoding='utf-8') as file:
        file.write('@cert-authority *.example.com ' + (tmp_path / 'host_ca.pub').read_text())
    options = {'StrictHostKeyChecking': 'yes', 'HostKeyAlias': 'files.example.com'}
    alice.sftp('pwd\n', **options)
    authority = fingerprint(str(tmp_path / 'user_ca.pub')).replace('+', r'\+')
    server.log_message(f'user "alice" logged in .*:ID "alice@laptop" serial 1 CA {authority}')
    for line in lines:
        if ' -k ' in line:
            subprocess.run(shlex.split(line), cwd=tmp_path, check=True)
    copy('revoked')
    reload(server)
    assert alice.sftp('pwd\n', check=False, **options).returncode != 0
    server.log_message('certificate ID "alice@laptop" serial 1 CA .*: '
                       'its serial number is revoked')
    # From one network only, which is another.
    put(server, 'revoked')
    reload(server)
    os.unlink(tmp_path / 'alice-cert.pub')
    for line in lines:
        if 'source-address' in line:
            subprocess.run(shlex.split(line), cwd=tmp_path, check=True)
    assert alice.sftp('pwd\n', check=False, **options).returncode != 0
    server.log_message('certificate ID "alice" serial 0 .*: its source-address does not have')
