"""SIGHUP: what changes while the server runs, what waits for a restart, what changes nothing."""
import json
import os
import signal
import socket
import subprocess

import pytest

import postern_server
from postern_server import AS_ROOT, PATIENCE, SERVICE_USER, free_port, give, wait_until


def reload(server, **config):
    """Writes the settings, if any, and waits for the server to have read them."""
    if config:
        server.configure(config)
    lines = len(server.log_text().splitlines())
    server.process.send_signal(signal.SIGHUP)

    def told():
        for line in server.log_text().splitlines()[lines:]:
            if '"sender":"config"' in line and 'configuration was' in line:
                return json.loads(line)
        return None
    return wait_until(told, f'the reload is told; the log:\n{server.log_text()[-3000:]}')


def version_line(server):
    with socket.create_connection(('127.0.0.1', server.port), timeout=30) as client:
        return client.makefile('rb').readline().decode().strip()


def new_version_line(server, wanted):
    """The nursery that knows the new settings may still be starting: then connections wait."""
    wait_until(lambda: version_line(server) == wanted, f'the version line is {wanted}')


def host_key(server, kind='ed25519'):
    done = subprocess.run(['ssh-keyscan', '-t', kind, '-p', str(server.port), '127.0.0.1'],
                          capture_output=True, text=True, timeout=60)
    return done.stdout.split()[2] if done.stdout else None


class Held:
    """A session that stays open and still answers."""

    def __init__(self, account, **options):
        self.process = subprocess.Popen(
            ['sftp', *account.ssh_options(**options), '-P', str(account.server.port),
             f'{account.name}@127.0.0.1'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            bufsize=1)
        self.ask('pwd')

    def ask(self, command, wanted='Remote working directory'):
        self.process.stdin.write(command + '\n')
        self.process.stdin.flush()
        while True:
            line = self.process.stdout.readline()
            assert line, f'the session ended with {self.process.wait(30)}'
            if wanted in line:
                return

    def last_words(self):
        """What the client prints when the server ends the session."""
        return self.process.communicate(timeout=PATIENCE)[0]

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def test_settings_change_while_sessions_go_on(servers, accounts):
    server = servers({'sftpd': {'banner': 'Before'}})
    account = accounts(server)
    held = Held(account)
    assert version_line(server) == 'SSH-2.0-Before'
    told = reload(server, sftpd={'banner': 'After', 'ciphers': ['aes256-ctr']})
    assert '2 settings changed, 0 wait' in told['message']
    server.log_message('sftpd.banner: it was "Before", now it is "After"')
    server.log_message(r'sftpd.ciphers: it was \[\], now it is \["aes256-ctr"\]')
    new_version_line(server, 'SSH-2.0-After')
    account.sftp('pwd\n', Ciphers='aes256-ctr')
    assert account.sftp('pwd\n', check=False, Ciphers='aes128-ctr').returncode != 0
    held.ask('pwd')
    held.end()


def test_nothing_new_changes_nothing(servers):
    server = servers({'sftpd': {'banner': 'Same'}})
    before = server.workers('nursery')
    assert '0 settings changed, 0 wait' in reload(server)['message']
    assert server.workers('nursery') == before


@pytest.mark.parametrize('text, told', [
    ('{"sftpd": {', 'sftpgo.json:1: this is not JSON'),
    ('{\n"sftpd": {"banner": "After",\n"bind_prot": 1}}', 'sftpgo.json:3: sftpd.bind_prot: unk'),
    ('{"sftpd": {"banner": "After", "ciphers": ["rot13"]}}', 'sftpd.ciphers: "rot13" is not'),
    ('{"sftpd": {"banner": "After", "login_banner_file": "none.txt"}}', 'login_banner_file: '),
    ('{"sftpd": {"banner": "After", "keys": [{"private_key": "none"}]}}', 'host key .*none'),
    (None, 'is there no more')])
def test_a_broken_file_changes_nothing(servers, accounts, text, told):
    server = servers({'sftpd': {'banner': 'Before'}})
    account = accounts(server)
    path = os.path.join(server.dir, 'sftpgo.json')
    os.unlink(path)
    if text is not None:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        give(path)
    line = reload(server)
    assert line['level'] == 'error' and 'nothing has changed' in line['message']
    server.log_message(told)
    assert version_line(server) == 'SSH-2.0-Before'
    account.sftp('pwd\n')
    # and it is mended in the same way
    reload(server, sftpd={'banner': 'Mended'})
    new_version_line(server, 'SSH-2.0-Mended')


def test_what_needs_a_restart_is_told_and_stays(servers, accounts):
    server = servers()
    old, new = server.port, free_port()
    told = reload(server, sftpd={'bind_port': new, 'banner': 'Both'},
                  data_provider={'users_table': 'others'})
    assert '1 settings changed, 2 wait' in told['message']
    server.log_message(f'sftpd.bind_port: until a restart it stays {old}, then it will be {new}')
    server.log_message('data_provider.users_table: until a restart it stays "users", then')
    new_version_line(server, 'SSH-2.0-Both')
    accounts(server).sftp('pwd\n')
    # still pending at the next one
    assert '0 settings changed, 2 wait' in reload(server)['message']


def test_secrets_are_not_logged(servers):
    server = servers({'data_provider': {'password': 'first-secret'}})
    reload(server, data_provider={'password': 'second-secret'})
    server.log_message(r'data_provider.password: it was "\(set\)", now it is "\(set\)"')
    assert 'first-secret' not in server.log_text() and 'second-secret' not in server.log_text()


def test_host_keys_are_exchanged(servers, accounts, keys):
    server = servers()
    account = accounts(server)
    # a session that exchanges keys again and again, with the keys that it has seen
    held = Held(account, RekeyLimit='16K')
    before = host_key(server)
    with open(os.path.join(keys, 'id_stranger'), encoding='utf-8') as file:
        text = file.read()
    path = os.path.join(server.dir, 'another_key')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, 0o600)
    give(path)
    told = reload(server, sftpd={'keys': [{'private_key': 'another_key'}]})
    assert '1 settings changed' in told['message']
    with open(os.path.join(keys, 'id_stranger.pub'), encoding='utf-8') as file:
        after = file.read().split()[1]
    assert before != after
    wait_until(lambda: host_key(server) == after, 'the new host key is shown')
    with open(account.local('big'), 'wb') as file:
        file.write(os.urandom(200_000))
    for number in range(3):
        held.process.stdin.write(f'put {account.local("big")} big{number}\n')
        held.ask('pwd')
    held.end()
    for number in range(3):
        assert os.path.getsize(account.remote(f'big{number}')) == 200_000


def test_parked_sessions_go_on(servers, accounts):
    """They come back in a worker that knows only the new settings."""
    server = servers({'limits': {'park_after_seconds': 1},
                      'sftpd': {'ciphers': ['aes128-ctr', 'aes256-gcm@openssh.com']}})
    held = Held(accounts(server), Ciphers='aes128-ctr')
    wait_until(lambda: json.loads(server.cli('status', '--json').stdout)['parked'] == 1,
               'the session is parked')
    reload(server, limits={'park_after_seconds': 1},
           sftpd={'ciphers': ['aes256-gcm@openssh.com'], 'macs': ['hmac-sha2-512'],
                  'kex_algorithms': ['ecdh-sha2-nistp384'],
                  'keys': [{'private_key': 'id_ecdsa'}]})
    wait_until(lambda: host_key(server) is None, 'no ed25519 key is shown any more')
    held.ask('pwd')
    held.end()


def test_a_changed_host_key_file_is_read(servers, keys):
    server = servers()
    path = os.path.join(server.dir, 'id_ed25519')
    with open(os.path.join(keys, 'id_stranger'), 'rb') as file:
        content = file.read()
    with open(path, 'wb') as file:
        file.write(content)
    assert 'what clients meet at their next login has changed' in reload(server)['message']
    with open(os.path.join(keys, 'id_stranger.pub'), encoding='utf-8') as file:
        wanted = file.read().split()[1]
    wait_until(lambda: host_key(server) == wanted, 'the new host key is shown')


@pytest.mark.skipif(not AS_ROOT, reason='needs root')
def test_host_keys_that_only_root_reads_stay(servers):
    server = servers(start=False)
    path = os.path.join(server.dir, 'id_ed25519')
    os.chown(path, 0, 0)
    server.start()
    before = host_key(server)
    told = reload(server, sftpd={'banner': 'After'})
    assert '1 settings changed' in told['message'], SERVICE_USER
    server.log_message('the host keys stay as they are')
    new_version_line(server, 'SSH-2.0-After')
    assert host_key(server) == before


def test_banner_file_and_its_content(servers, accounts):
    server = servers()
    account = accounts(server)
    path = os.path.join(server.dir, 'banner.txt')
    for text in ('first notice', 'second notice'):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text + '\n')
        os.chmod(path, 0o644)
        reload(server, sftpd={'login_banner_file': 'banner.txt'})

        def shown():
            return text in account.sftp('pwd\n', LogLevel='INFO').stderr
        wait_until(shown, f'{text} is shown')


def test_limits(servers):
    server = servers({'limits': {'max_unauthenticated_per_address': 100}})
    reload(server, limits={'max_unauthenticated_per_address': 1})
    with socket.create_connection(('127.0.0.1', server.port), timeout=30) as first:
        assert first.recv(4) == b'SSH-'
        with socket.create_connection(('127.0.0.1', server.port), timeout=30) as second:
            try:
                assert second.recv(4) == b''
            except ConnectionResetError:
                pass
    reload(server, limits={'max_unauthenticated_per_address': 100})
    clients = [socket.create_connection(('127.0.0.1', server.port), timeout=30)
               for _ in range(10)]
    for client in clients:
        assert client.recv(4) == b'SSH-'
        client.close()


def test_umask(servers, accounts):
    server = servers({'sftpd': {'umask': '0022'}})
    account = accounts(server)
    account.sftp('mkdir one\n')
    reload(server, sftpd={'umask': '0077'})
    account.sftp('mkdir two\n')
    modes = [os.stat(account.remote(name)).st_mode & 0o777 for name in ('one', 'two')]
    assert modes == [0o755, 0o700]


def test_environment_still_wins(servers):
    server = servers(start=False)
    server.environment = {'SFTPGO_SFTPD__BANNER': 'Environment'}
    server.start()
    told = reload(server, sftpd={'banner': 'File', 'max_auth_tries': 3})
    assert '1 settings changed' in told['message']
    assert version_line(server) == 'SSH-2.0-Environment'


def test_many_signals_at_once(servers):
    server = servers({'sftpd': {'banner': 'First'}})
    server.configure({'sftpd': {'banner': 'Last'}})
    for _ in range(50):
        server.process.send_signal(signal.SIGHUP)
    new_version_line(server, 'SSH-2.0-Last')


def test_a_file_of_another_name(servers):
    server = servers(start=False)
    os.rename(os.path.join(server.dir, 'sftpgo.json'), os.path.join(server.dir, 'mine.json'))
    server.command = [postern_server.BINARY, 'serve', '-c', server.dir, '-f', 'mine', '-l', '']
    server.start()
    with open(os.path.join(server.dir, 'mine.json'), encoding='utf-8') as file:
        settings = json.load(file)
    settings['sftpd']['banner'] = 'Mine'
    with open(os.path.join(server.dir, 'mine.json'), 'w', encoding='utf-8') as file:
        json.dump(settings, file)
    reload(server)
    new_version_line(server, 'SSH-2.0-Mine')
