"""Accounts of other programs: imported by the command line, and logged in with as before."""
import json
import os

import pytest

from raw_ssh import RawSsh, USERAUTH_FAILURE, USERAUTH_SUCCESS

# Every kind of hash, with its password.
HASHES = {
    'argon2': ('$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$'
               'nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4', 'password'),
    'bcrypta': ('$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'),
    'bcryptb': ('$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', 'U*U*'),
    'bcrypty': ('$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a', 'U*U*U'),
    'pbkdf1': ('$pbkdf2-sha1$4096$salt$SwB5AbdlSJq+rUnZJvch0GWkKcE=', 'password'),
    'pbkdf256': ('$pbkdf2-sha256$150000$E86a9YMX3zC7$'
                 'R5J62hsSq+pYw00hLLPKBbcGXmq7fj5+/M0IFoYtZbo=', 'password'),
    'pbkdf512': ('$pbkdf2-sha512$1$salt$hn9wzxreAs/zdSWZo6U9xK80x6ZpgVrl1RNVThyM8lLALUcKKFoFAbrZ'
                 'mb/pQ8CPBQI119aLHaVeY/c7YKV/zg==', 'password'),
    'md5': ('$1$salt$ez2vlPGdaLYkJam5pWs/Y1', 'secret'),
    'apr1': ('$apr1$saltsalt$yAAkm4libquA.ZWLHbSBq/', 'password'),
    'sha256': ('$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'),
    'sha512': ('$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLi'
               'BFdcbYEdFCoEOfaS35inz1', 'Hello world!'),
    'yescrypt': ('$y$j9T$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCe.', 'secret'),
}
HASH, PASSWORD = HASHES['md5']


@pytest.fixture
def own(servers):
    return servers()


def write(server, name, text):
    path = os.path.join(server.top, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


def logs_in(server, user, password):
    connection = RawSsh(server.port).ready()
    try:
        connection.password(user, password)
        answer = connection.read()[0]
        assert answer in (USERAUTH_SUCCESS, USERAUTH_FAILURE)
        return answer == USERAUTH_SUCCESS
    finally:
        connection.close()


def rows(run):
    return {row['username']: row for row in json.loads(run.stdout)}


def show(server, name):
    return json.loads(server.cli('user', 'show', name, '--json').stdout)


def test_every_hash_logs_in_over_ssh(own):
    lines = [f'{name}:{value}:1000:1000::{own.homes}/{name}:/bin/false'
             for name, (value, _) in HASHES.items()]
    path = write(own, 'ftpd.passwd', '\n'.join(lines) + '\n')
    done = rows(own.cli('user', 'import', 'proftpd', path, '--json'))
    assert {row['result'] for row in done.values()} == {'added'}
    for name, (_, password) in HASHES.items():
        assert logs_in(own, name, password), name
        assert not logs_in(own, name, password + 'x'), name


def test_passwd_and_shadow(own):
    passwd = write(own, 'passwd', f'root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::{own.homes}/bob:/s\n'
                   f'old:x:1001:1000::{own.homes}/old:/s\nlocked:x:1002:1002::/l:/s\n'
                   'service:x:1003:1003::/srv:/s\n')
    shadow = write(own, 'shadow', f'root:{HASH}:1::::::\nbob:{HASH}:19000:0:99999:7::60000:\n'
                   f'old:{HASH}:19000:0:99999:7::19001:\nlocked:!{HASH}:1::::::\nservice:*:1::::::\n')
    dry = own.cli('user', 'import', 'unix-passwd', passwd, shadow, '--dry-run', '--min-uid', '1000')
    assert 'bob' in dry.stdout and 'to import' in dry.stdout and 'root' not in dry.stdout
    assert own.cli('user', 'list', '--json').stdout.strip() == '[]'

    done = rows(own.cli('user', 'import', 'unix-passwd', passwd, shadow, '--json'))
    assert done['service']['result'] == 'left out' and 'no password' in done['service']['note']
    assert done['locked']['result'] == 'added' and done['locked']['status'] == 0
    assert all('password' not in row for row in done.values())
    assert show(own, 'bob')['expiration_date'] == 60000 * 86400 * 1000
    assert logs_in(own, 'bob', PASSWORD)
    assert not logs_in(own, 'old', PASSWORD)
    assert not logs_in(own, 'locked', PASSWORD)


def test_again_updates_or_keeps(own):
    path = write(own, 'one', f'bob:{HASH}:1000:1000::{own.homes}/bob:1024000:::::::::::\n'
                 f'bad:{HASH}:1:1::relative:::::::::::\n')
    done = rows(own.cli('user', 'import', 'pure-ftpd', path, '--json'))
    assert done['bob']['result'] == 'added' and done['bad']['result'] == 'left out'
    assert 'home_dir must be an absolute path' in done['bad']['note']
    assert show(own, 'bob')['upload_bandwidth'] == 1000
    first = show(own, 'bob')['id']

    other = write(own, 'two', f'bob:{HASH}:1000:1000::{own.homes}/bob:2048000:::::::::::\n')
    done = own.cli('user', 'import', 'pure-ftpd', other, '--keep-existing')
    assert 'kept' in done.stdout and show(own, 'bob')['upload_bandwidth'] == 1000
    done = own.cli('user', 'import', 'pure-ftpd', other, '--force-uid', '7', '--force-gid', '8')
    assert 'updated' in done.stdout
    bob = show(own, 'bob')
    assert (bob['upload_bandwidth'], bob['uid'], bob['gid'], bob['id']) == (2000, 7, 8, first)


def test_dump(own):
    path = write(own, 'dump.json', json.dumps({'users': [
        {'id': 77, 'username': name, 'status': 1, 'password': HASH,
         'home_dir': f'{own.homes}/{name}', 'permissions': {'/': ['list']}}
        for name in ('ann', 'bob')]}))
    done = own.cli('user', 'import', 'sftpgo', path, '--usernames', 'bob,eve')
    assert 'bob' in done.stdout and 'ann' not in done.stdout and '"eve"' in done.stderr
    assert show(own, 'bob')['permissions'] == {'/': ['list']}
    assert logs_in(own, 'bob', PASSWORD)


@pytest.mark.parametrize('arguments, status', [
    ([], 2), (['proftpd'], 2), (['vsftpd', 'x'], 2), (['unix-passwd', 'a', 'b', 'c'], 2),
    (['proftpd', '/nonexistent'], 1), (['proftpd', '/dev/zero'], 1), (['sftpgo', '/etc/passwd'], 1),
    (['proftpd', '/etc/passwd', '--min-uid', '-1'], 2), (['proftpd', 'x', '--bogus'], 2)])
def test_wrong_arguments(server, arguments, status):
    assert server.cli('user', 'import', *arguments, check=False).returncode == status


def test_without_a_server(servers):
    server = servers(start=False)
    path = write(server, 'one', f'bob:{HASH}:1:1::/srv/bob:/s\n')
    done = server.cli('user', 'import', 'proftpd', path, '--dry-run')
    assert done.returncode == 0 and 'to import' in done.stdout
    assert server.cli('user', 'import', 'proftpd', path, check=False).returncode == 3
