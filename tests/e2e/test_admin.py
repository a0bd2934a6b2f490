"""Administrators, the audit log and backups, from the command line to the files."""
import json
import os
import stat

import paramiko
import pytest

from postern_server import AS_ROOT, wait_until


@pytest.fixture
def own(servers):
    return servers()


def as_json(server, *arguments, stdin=''):
    return json.loads(server.cli(*arguments, '--json', stdin=stdin).stdout)


def add(server, name, *options, password='a password'):
    return server.cli('admin', 'add', name, '--password-stdin', *options, stdin=password + '\n')


def test_life_of_an_administrator(own):
    assert 'no administrators' in own.cli('admin', 'list').stdout
    add(own, 'ann', '--areas', 'view_users,audit', '--description', 'nights')
    only, = as_json(own, 'admin', 'list')
    assert only['username'] == 'ann' and only['areas'] == ['view_users', 'audit']
    assert 'nights' in own.cli('admin', 'list').stdout
    assert 'a password' not in own.log_text()
    own.cli('admin', 'update', 'ann', '--allowed-addresses', '192.0.2.0/24,2001:db8::/32')
    assert len(as_json(own, 'admin', 'show', 'ann')['allowed_addresses']) == 2
    own.cli('admin', 'passwd', 'ann', '--password-stdin', stdin='another one\n')
    assert 'Recovery codes' in own.cli('admin', 'totp', 'enrol', 'ann').stdout
    assert as_json(own, 'admin', 'show', 'ann')['one_time_codes'] is True
    own.cli('admin', 'totp', 'disable', 'ann')
    own.cli('admin', 'delete', 'ann')
    assert as_json(own, 'admin', 'list') == []


def test_keys(own):
    add(own, 'ann')
    key = own.cli('admin', 'key', 'add', 'ann', 'prometheus', '--areas', 'metrics',
                  '--expiration-date', '2100-01-01').stdout.strip()
    assert key.startswith('postern-key-') and len(key) > 50
    listed, = as_json(own, 'admin', 'key', 'list', 'ann')
    assert listed['name'] == 'prometheus' and listed['areas'] == ['metrics']
    assert listed['expires'] > listed['created'] and key not in str(listed)
    assert 'prometheus' in own.cli('admin', 'key', 'list').stdout
    own.cli('admin', 'key', 'revoke', 'ann', 'prometheus')
    assert as_json(own, 'admin', 'key', 'list') == []
    for file in os.listdir(own.dir):
        if file.startswith('postern-admin.db'):
            with open(os.path.join(own.dir, file), 'rb') as content:
                assert key.encode() not in content.read()
            assert stat.S_IMODE(os.stat(os.path.join(own.dir, file)).st_mode) == 0o600


@pytest.mark.parametrize('arguments, status', [
    (['add', 'x', '--areas', 'fly'], 1), (['add', 'a:b'], 1), (['show', 'nobody'], 1),
    (['delete', 'nobody'], 1), (['key', 'add', 'nobody', 'k'], 1),
    (['add', 'x', '--status', '2'], 2), (['add'], 2), (['update', 'x'], 2), (['key'], 2),
    (['key', 'add', 'x'], 2), (['totp', 'show', 'x'], 2)])
def test_what_is_refused(server, arguments, status):
    if arguments[0] == 'add' and len(arguments) > 1:
        arguments = arguments + ['--password-stdin']
    done = server.cli('admin', *arguments, check=False, stdin='long enough\n')
    assert done.returncode == status and done.stderr
    assert done.stdout == ''


def test_short_password_is_refused(server):
    done = server.cli('admin', 'add', 'x', '--password-stdin', check=False, stdin='1234567\n')
    assert done.returncode == 1 and '8' in done.stderr


def test_audit_names_who_did_what(own):
    own.cli('user', 'add', 'bob', '--home', own.home('bob'), '--password-stdin', stdin='pw\n')
    own.cli('user', 'update', 'bob', '--uid', '7')
    own.cli('user', 'delete', 'bob')
    entries = as_json(own, 'audit', 'list', '--subject', 'bob')
    assert [entry['verb'] for entry in entries] == ['delete', 'update', 'add']
    for entry in entries:
        assert entry['kind'] == 'host' and entry['origin'] == 'local'
        assert entry['status'] == 200 and entry['resource'] == 'user'
        if AS_ROOT:
            assert entry['actor'] == 'root'
    assert entries[0]['before']['username'] == 'bob' and entries[0]['after'] is None
    assert entries[1]['before']['uid'] == 0 and entries[1]['after']['uid'] == 7
    assert entries[2]['before'] is None and 'argon2' not in json.dumps(entries)
    assert len(as_json(own, 'audit', 'list', '--verb', 'add', '--limit', '1')) == 1
    assert as_json(own, 'audit', 'list', '--until', '2001-01-01') == []
    assert 'user update' in own.cli('audit', 'list').stdout
    own.log_message('user delete bob by host .* from local: 200 User deleted')


def test_audit_is_bounded(servers):
    own = servers({'audit': {'max_entries': 2}})
    for number in range(4):
        add(own, f'admin{number}')
    entries = as_json(own, 'audit', 'list')
    assert [entry['subject'] for entry in entries] == ['admin3', 'admin2']


def test_all_stays_after_a_restart(own):
    add(own, 'ann')
    own.stop()
    own.start()
    assert as_json(own, 'admin', 'show', 'ann')['areas'] == ['*']
    assert as_json(own, 'audit', 'list')[0]['subject'] == 'ann'


def test_a_database_that_cannot_be_made_stops_the_start(servers):
    own = servers({'admin_database': 'not/there/a.db'}, start=False)
    own.launch()
    assert own.process.wait(60) == 1
    own.stop(check=False)
    assert 'admin_database' in own.error_text()


def test_backups(own, accounts):
    account = accounts(own, name='bob', password='right')
    own.cli('backup', 'dump', 'days/monday.json', '--indent')
    path = os.path.join(own.dir, 'backups', 'days', 'monday.json')
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    with open(path, encoding='utf-8') as file:
        user, = json.load(file)['users']
    assert user['username'] == 'bob' and user['password'].startswith('$argon2id$')
    own.cli('user', 'delete', 'bob')
    own.cli('backup', 'load', path)
    account.sftp('pwd\n', by_password=True)
    own.cli('user', 'update', 'bob', '--uid', '9')
    own.cli('backup', 'load', path, '--keep')
    assert as_json(own, 'user', 'show', 'bob')['uid'] == 9
    own.cli('backup', 'load', path)
    assert as_json(own, 'user', 'show', 'bob')['uid'] == user['uid']
    for arguments in (['dump', '../x'], ['dump', '/tmp/x'], ['load', path + '.none']):
        assert own.cli('backup', *arguments, check=False).returncode == 1


def test_services_settings_and_the_provider(own):
    service, = [one for one in as_json(own, 'service', 'list') if one['protocol'] == 'ssh']
    assert service['port'] == own.port and str(own.port) in own.cli('service', 'list').stdout
    found = {one['name']: one for one in as_json(own, 'settings')['settings']}
    assert found['sftpd.bind_port']['value'] == own.port
    assert 'sftpd.bind_port' in own.cli('settings').stdout
    own.cli('provider', 'check')
    assert as_json(own, 'transfer', 'list') == []


def test_transfers_have_a_rate(own, accounts):
    account = accounts(own, name='bob')
    transport = account.paramiko()
    try:
        with paramiko.SFTPClient.from_transport(transport).open('slow', 'w') as file:
            def listed():
                file.write(b'x' * 10_000)
                file.flush()
                return [one for one in as_json(own, 'transfer', 'list') if one['rate'] > 0]
            only, = wait_until(listed, 'the transfer has a rate')
            assert only['username'] == 'bob' and only['operation_type'] == 'upload'
            assert only['path'] == '/slow' and only['size'] >= 10_000
            assert only['last_activity'] >= only['start_time']
            assert '/slow' in own.cli('transfer', 'list').stdout
    finally:
        transport.close()
    wait_until(lambda: as_json(own, 'transfer', 'list') == [], 'it is gone')


def test_accounts_are_searched(own, accounts):
    for name in ('alice', 'bob', 'Balint'):
        accounts(own, name=name)
    found = as_json(own, 'user', 'list', '--search', 'ALI')
    assert sorted(user['username'] for user in found) == ['Balint', 'alice']
