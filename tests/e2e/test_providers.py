"""The same accounts in every provider: who gets in, and what a database that goes away does."""
import json
import os
import sqlite3
import sys

import pytest

from clients import Account, need
from postern_server import SANITIZED, TOP, give, scratch, wait_until
from program_files import program  # noqa: F401
from test_reload import reload

sys.path.insert(0, os.path.join(TOP, 'tests', 'databases'))
import bbolt_file        # noqa: E402
import database_server   # noqa: E402

DRIVERS = ['sqlite', 'memory', 'bolt', 'postgresql', 'mysql']
PASSWORD = 'the password'

# Every kind of hash of that password.
HASHES = {
    'bcrypt_a': '$2a$04$abcdefghijklmnopqrstuu/H.lJFjaSiZfTHhMpDr7TruFgBe68Eu',
    'bcrypt_b': '$2b$04$abcdefghijklmnopqrstuu/H.lJFjaSiZfTHhMpDr7TruFgBe68Eu',
    'bcrypt_y': '$2y$04$abcdefghijklmnopqrstuu/H.lJFjaSiZfTHhMpDr7TruFgBe68Eu',
    'md5': '$1$saltsalt$lsycxDUXACbvNqtgBmtfx.',
    'apr1': '$apr1$saltsalt$IcL458HAZYHAg.T2BHm9G/',
    'sha256': '$5$rounds=1000$saltsalt$op6EtodEKVfPvimLRpwupBvp8H9vngD3N4Rv7i38aoC',
    'sha512': '$6$rounds=1000$saltsalt$HzFWjK6ZzUw7aGenvT.vhAig2W092/G70w8DllDVtYvm6rhokG/'
              'wuhJCsA65dQqVJt1tm0Zt2xbI79Eqgg5jE.',
    'yescrypt': '$y$j75$saltsalt$ARf6PhCDC/81k7OexBvmM8rZ8feuCMo2jxGBM7cEjY6',
    'pbkdf2_sha1': '$pbkdf2-sha1$1000$E86a9YMX3zC7$obFdIW+t99H8LxDZOWEq+G/yzOQ=',
    'pbkdf2_sha256': '$pbkdf2-sha256$1000$E86a9YMX3zC7$'
                     'Ih9kwrnI4xLRrUM1Yf+drF0abuxg6JihNQ5+34XdJyE=',
    'pbkdf2_sha512': '$pbkdf2-sha512$1000$E86a9YMX3zC7$zHN9exLh8cojp0ufELLlPY51wU0Lfzm3gETkAw+GI'
                     'BmknBBFpD/HpPDpRQgzJx4QwVFgdw1+Ahc4d+3HnasvxA==',
    'plain': PASSWORD,  # becomes argon2id
}
KEYS = ['ed25519', 'rsa', 'ecdsa', 'ecdsa384', 'ecdsa521']
# Members of an account, and whether it gets in by key and by password.
RULES = {
    'whole': ({}, True, True),
    'disabled': ({'status': 0}, False, False),
    'expired': ({'expiration_date': 1000}, False, False),
    'later': ({'expiration_date': 4102444800000}, True, True),
    'elsewhere': ({'filters': {'allowed_ip': ['10.1.0.0/16']}}, False, False),
    'here': ({'filters': {'allowed_ip': ['127.0.0.0/8']}}, True, True),
    'unwanted': ({'filters': {'denied_ip': ['127.0.0.1/32']}}, False, False),
    'key_only': ({'filters': {'denied_login_methods': ['password']}}, True, False),
    'password_only': ({'filters': {'denied_login_methods': ['publickey']}}, False, True),
}


@pytest.fixture(scope='module')
def databases():
    """databases(driver): a running server, made when the first test asks for it."""
    made = {}

    def make(driver):
        if driver not in made:
            need('psql' if driver == 'postgresql' else 'mariadb')
            made[driver] = database_server.DRIVERS[driver]()
        return made[driver]
    yield make
    for server in made.values():
        server.remove()


@pytest.fixture
def client_directory():
    return scratch('postern-client-')


def settings(driver, databases, table):
    """data_provider for the configuration."""
    if driver in database_server.DRIVERS:
        database = databases(driver)
        return {'driver': driver, 'name': database_server.DATABASE, 'host': '127.0.0.1',
                'port': database.port, 'username': database_server.USER,
                'password': database_server.PASSWORD, 'sslmode': 0, 'users_table': table}
    return {'driver': driver,
            'name': {'sqlite': 'sftpgo.db', 'bolt': 'sftpgo.lmdb', 'memory': 'dump.json'}[driver]}


def write_dump(server, users):
    path = os.path.join(server.dir, 'dump.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'users': users}, file)
    os.chmod(path, 0o600)
    give(path)
    return path


def account_of(server, keys, name, directory, key='ed25519'):
    return Account(server, name, server.home(name), directory, keys,
                   os.path.join(keys, f'id_{key}'), PASSWORD)


def public_key(keys, kind):
    with open(os.path.join(keys, f'id_{kind}.pub'), encoding='utf-8') as file:
        return file.read().strip()


def make_user(server, name, **members):
    home = server.home(name)
    os.makedirs(home, exist_ok=True)
    give(home)
    return {'username': name, 'home_dir': home, 'status': 1, 'permissions': {'/': ['*']},
            **members}


@pytest.mark.parametrize('driver', DRIVERS)
def test_table_of_accounts(servers, keys, databases, client_directory, driver):
    server = servers({'data_provider': settings(driver, databases, 'table_of_accounts'),
                      'limits': {'max_unauthenticated_per_address': 1000}}, start=False)
    hashes = {name: HASHES[name] for name in ('plain', 'sha512')} if SANITIZED else HASHES
    users = [make_user(server, 'hash_' + name, password=value)
             for name, value in hashes.items()]
    users += [make_user(server, 'key_' + kind, public_keys=[public_key(keys, kind)])
              for kind in KEYS]
    users += [make_user(server, 'rule_' + name, public_keys=[public_key(keys, 'ed25519')],
                        password=HASHES['sha512'], **members)
              for name, (members, _, _) in RULES.items()]
    dump = write_dump(server, users)
    if driver != 'memory':
        done = server.cli('provider', 'convert', '--from', 'dump:' + dump, '--to', 'config:')
        assert f'all {len(users)} accounts are the same' in done.stdout
        os.unlink(dump)
    server.start()

    def enters(name, by_password, key='ed25519'):
        account = account_of(server, keys, name, client_directory, key)
        done = account.sftp('pwd\n', by_password=by_password, check=False)
        return done.returncode == 0

    for name in hashes:
        assert enters('hash_' + name, True), f'{driver}: {name}'
    for kind in KEYS:
        assert enters('key_' + kind, False, kind), f'{driver}: {kind}'
    for name, (_, by_key, by_password) in RULES.items():
        assert enters('rule_' + name, False) == by_key, f'{driver}: {name} by key'
        assert enters('rule_' + name, True) == by_password, f'{driver}: {name} by password'
    for name in ('', 'rule_Whole', 'rule_whole ', "'--"):
        assert not enters(name, True), f'{driver}: {name!r}'
    listed = json.loads(server.cli('user', 'show', 'rule_whole', '--json').stdout)
    assert listed['last_login'] > 0


@pytest.mark.parametrize('driver', ['postgresql', 'mysql'])
def test_database_goes_and_comes_back(servers, keys, databases, client_directory, driver):
    database = databases(driver)
    server = servers({'data_provider': settings(driver, databases, 'away')}, start=False)
    database.stop()
    failed = server.cli('initprovider', check=False)
    assert failed.returncode == 1 and 'does not answer' in failed.stderr
    # The server starts without it, and says so.
    server.start()
    server.log_message('does not answer')
    account = account_of(server, keys, 'bob', client_directory)
    assert account.sftp('pwd\n', check=False).returncode != 0
    database.start()
    server.add_user('bob', keys=[os.path.join(keys, 'id_ed25519.pub')])
    account.sftp('pwd\n')
    # It goes while somebody is there: the session stays, a new one is refused, and later is not.
    transport = account.paramiko()
    import paramiko
    session = paramiko.SFTPClient.from_transport(transport)
    database.kill()
    with session.open('during', 'wb') as file:
        file.write(b'x' * 100000)
    assert account.sftp('pwd\n', check=False).returncode != 0
    assert server.cli('user', 'list', check=False).returncode == 1
    database.start()
    assert session.stat('during').st_size == 100000
    transport.close()
    account.sftp('pwd\n')
    assert 'bob' in server.cli('user', 'list').stdout
    assert server.cli('initprovider').returncode == 0
    wait_until(lambda: json.loads(server.cli('user', 'show', 'bob', '--json').stdout)
               ['last_login'] > 0, 'the login is noted')


def test_every_conversion(servers, databases):
    """From SFTPGo's bolt file through every format, and nothing is lost."""
    server = servers({'data_provider': {'driver': 'sqlite', 'name': 'unused.db'}}, start=False)
    users = [bbolt_file.user(number, username=f'näme {number:03}', quota_files=number,
                             public_keys=[],
                             filters={'allowed_ip': [], 'denied_ip': ['10.0.0.0/8']})
             for number in range(3, 150, 7)]
    path = os.path.join(server.dir, 'sftpgo.bolt')
    with open(path, 'wb') as file:
        file.write(bbolt_file.database(users))
    postgresql, mysql = databases('postgresql'), databases('mysql')
    word = database_server.PASSWORD.replace('\\', '\\\\').replace("'", "\\'")
    places = [
        'bbolt:' + path,
        'bolt:' + os.path.join(server.dir, 'new.lmdb'),
        f"postgresql:host=127.0.0.1 port={postgresql.port} dbname={database_server.DATABASE} "
        f"user={database_server.USER} password='{word}' sslmode=require",
        'sqlite:' + os.path.join(server.dir, 'new.db'),
        f'mysql:{database_server.USER}:{database_server.PASSWORD}@tcp(127.0.0.1:{mysql.port})/'
        f'{database_server.DATABASE}?tls=skip-verify',
        'dump:' + os.path.join(server.dir, 'end.json'),
    ]
    for source, target in zip(places, places[1:]):
        done = server.cli('provider', 'convert', '--users-table', 'moved', '--from', source,
                          '--to', target)
        assert f'all {len(users)} accounts are the same' in done.stdout
        assert database_server.PASSWORD not in done.stdout
        # What has accounts is not mixed with others.
        again = server.cli('provider', 'convert', '--users-table', 'moved', '--from', source,
                           '--to', target, check=False)
        assert again.returncode == 1 and 'already' in again.stderr
    with open(os.path.join(server.dir, 'end.json'), encoding='utf-8') as file:
        end = json.load(file)['users']
    assert [user['id'] for user in end] == [user['id'] for user in users]
    for before, after in zip(users, end):
        for member, value in before.items():
            if value:
                assert after[member] == value, member


def test_bbolt_is_named(servers):
    server = servers({'data_provider': {'driver': 'bolt', 'name': 'sftpgo.bolt'}}, start=False)
    path = os.path.join(server.dir, 'sftpgo.bolt')
    with open(path, 'wb') as file:
        file.write(bbolt_file.database([bbolt_file.user(1)]))
    give(path)
    before = os.stat(path).st_mtime_ns
    done = server.cli('initprovider', check=False)
    assert done.returncode == 1
    assert 'SFTPGo\'s bolt provider' in done.stderr and 'provider convert' in done.stderr
    assert os.stat(path).st_mtime_ns == before


def test_old_bolt_versions(servers):
    server = servers({'data_provider': {'driver': 'sqlite', 'name': 'new.db'}}, start=False)
    for version in (1, 2, 3):
        path = os.path.join(server.dir, f'v{version}.bolt')
        with open(path, 'wb') as file:
            file.write(bbolt_file.database([bbolt_file.user(1, version)], version))
        target = os.path.join(server.dir, f'v{version}.db')
        server.cli('provider', 'convert', '--from', 'bbolt:' + path, '--to', 'sqlite:' + target)
        with sqlite3.connect(target) as database:
            row = database.execute('SELECT status, permissions, password FROM users').fetchone()
        wanted = {'/': ['*'], '/in': ['list', 'upload']} if version > 2 else {'/': ['list']}
        assert (row[0], json.loads(row[1])) == (1, wanted)
        assert row[2].startswith('$argon2id$')


@pytest.mark.parametrize('arguments', [
    [], ['convert'], ['convert', '--from', 'sqlite:x'], ['other'],
    ['convert', '--from', 'sqlite:', '--to', 'bolt:x'],
    ['convert', '--from', 'oracle:x', '--to', 'bolt:x'],
    ['convert', '--from', 'sqlite:x', '--to', 'bbolt:x'],
    ['convert', '--from', 'config:x', '--to', 'bolt:x'],
])
def test_convert_is_asked_wrongly(servers, arguments):
    server = servers(start=False)
    done = server.cli('provider', *arguments, check=False)
    assert done.returncode == 2 and 'provider --help' in done.stderr


def test_convert_names_what_is_no_place(servers):
    """But no more of it than the format: there may be a password in the rest."""
    server = servers(start=False)
    done = server.cli('provider', 'convert', '--from', 'sqlite:x', '--to', 'oracle:s3cret',
                      check=False)
    assert done.returncode == 2
    assert '--to: "oracle"' in done.stderr and 's3cret' not in done.stderr


def set_password(database, password):
    name = database_server.USER
    if database.driver == 'postgresql':
        database.sql(f"ALTER ROLE {name} PASSWORD '{password}'", 'postgres')
    else:
        database.sql(f"SET PASSWORD FOR {name}@'%' = PASSWORD('{password}')", '')


@pytest.mark.parametrize('driver', ['postgresql', 'mysql'])
def test_credentials_rotate(servers, keys, databases, client_directory, driver):
    """SIGHUP takes new settings over when they work, and keeps the old ones until they do."""
    database = databases(driver)
    old = settings(driver, databases, 'rotate')
    server = servers({'data_provider': old})
    server.add_user('bob', keys=[os.path.join(keys, 'id_ed25519.pub')])
    account = account_of(server, keys, 'bob', client_directory)
    account.sftp('pwd\n')

    def status():
        return json.loads(server.cli('status', '--json').stdout)['provider_available']
    worked = 'the new settings of data_provider work'
    try:
        set_password(database, 'second')
        told = reload(server, data_provider={**old, 'password': 'second'})
        assert '1 settings changed' in told['message']
        server.log_message(worked)
        account.sftp('pwd\n')
        database.kill()  # no connection of before is left
        database.start()
        account.sftp('pwd\n')
        # Settings that do not work are told, and nothing else changes.
        reload(server, data_provider={**old, 'password': 'third'})
        server.log_message('do not work, the old ones are used until they do: .*does not answer')
        account.sftp('pwd\n')
        database.kill()
        database.start()
        account.sftp('pwd\n')
        assert status() is True
        # They begin to work: the next login that finds the old ones refused uses them.
        set_password(database, 'third')
        database.kill()
        database.start()
        account.sftp('pwd\n')
        # Whoever needs nothing new goes on while nothing works.
        set_password(database, 'fourth')
        reload(server, data_provider={**old, 'password': 'fifth'})
        account.sftp('pwd\n')
        database.kill()
        database.start()
        assert account.sftp('pwd\n', check=False).returncode != 0
        reload(server, data_provider={**old, 'password': 'fourth'})
        wait_until(lambda: account.sftp('pwd\n', check=False).returncode == 0, 'it logs in')
        assert 'second' not in server.log_text() and 'fourth' not in server.log_text()
    finally:
        set_password(database, database_server.PASSWORD.replace("'", "''")
                     if driver == 'postgresql'
                     else database_server.PASSWORD.replace('\\', '\\\\').replace("'", "\\'"))


def test_settings_of_a_file_wait_for_a_restart(servers):
    server = servers({})
    reload(server, data_provider={'host': 'db.example'})
    server.log_message('the driver "sqlite" takes other settings over at a start only')
    assert server.cli('user', 'list').returncode == 0
    assert json.loads(server.cli('status', '--json').stdout)['provider_available'] is True


@pytest.mark.parametrize('driver', ['postgresql'])
def test_availability(servers, keys, databases, driver):
    """The status says what was found last; a reload of other settings asks anew."""
    database = databases(driver)
    chosen = settings(driver, databases, 'availability')
    server = servers({'data_provider': chosen})

    def available():
        return json.loads(server.cli('status', '--json').stdout)['provider_available']
    assert available() is True
    database.stop()
    try:
        reload(server, data_provider={**chosen, 'pool_size': 7})
        wait_until(lambda: available() is False, 'it is seen to be away')
        server.log_line(sender='dataProvider', level='error')
    finally:
        database.start()
    reload(server, data_provider={**chosen, 'pool_size': 8})
    wait_until(lambda: available() is True, 'it is seen to be back')
    server.log_message('the data provider answers')


@pytest.mark.parametrize('setting', ['external_auth_program', 'pre_login_program'])
def test_programs_while_the_database_is_away(servers, keys, databases, client_directory, program,
                                             setting):
    """What a program gives cannot be stored: a refusal, and the next one is none."""
    database = databases('postgresql')
    one = program('#!/bin/sh\n. DIR/body\n')
    server = servers({'data_provider': {**settings('postgresql', databases, setting),
                                        setting: one.path}})
    account = account_of(server, keys, 'bob', client_directory)
    server.add_user('bob', keys=[account.key + '.pub'])
    with open(os.path.join(one.dir, 'body'), 'w', encoding='utf-8') as file:
        file.write(f"echo '{json.dumps(make_user(server, 'bob'))}'\n")
    database.stop()
    try:
        assert account.sftp('pwd\n', check=False).returncode != 0
        server.log_message('cannot log in user "bob": .*does not answer')
    finally:
        database.start()
    account.sftp('pwd\n')
