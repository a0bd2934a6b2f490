"""What `postern metrics` prints: names, types, and that each number counts what it says."""
import json
import os
import re
import socket

import pytest

from clients import random_file
from postern_server import wait_until
from raw_ssh import RawSsh

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf'({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)')

GAUGES = ['dataprovider_availability', 'active_connections']
COUNTERS = (
    ['uploads_total', 'downloads_total', 'upload_errors_total', 'download_errors_total',
     'upload_size', 'download_size', 'ssh_commands_total', 'ssh_command_errors_total',
     'http_req_total', 'http_req_ok_total', 'http_client_errors_total',
     'http_server_errors_total'] +
    [f'{method}login_{what}_total' for method in ('', 'password_', 'public_key_',
                                                 'keyboard_interactive_')
     for what in ('attempts', 'ok', 'ko')] +
    [f'{store}_{what}' for store in ('s3', 'gcs')
     for what in ('uploads_total', 'downloads_total', 'upload_errors_total',
                  'download_errors_total', 'upload_size', 'download_size', 'list_objects',
                  'copy_object', 'delete_object', 'head_bucket', 'list_objects_errors',
                  'copy_object_errors', 'delete_object_errors', 'head_bucket_errors')])
CONTRACT = dict([(f'sftpgo_{name}', 'gauge') for name in GAUGES] +
                [(f'sftpgo_{name}', 'counter') for name in COUNTERS])
PROCESS = {'process_cpu_seconds_total': 'counter', 'process_open_fds': 'gauge',
           'process_max_fds': 'gauge', 'process_resident_memory_bytes': 'gauge',
           'process_virtual_memory_bytes': 'gauge', 'process_virtual_memory_max_bytes': 'gauge',
           'process_start_time_seconds': 'gauge'}


def parse(text):
    """Types by family, and values by sample, of a text in which nothing is out of place."""
    types, values, family, helped = {}, {}, None, None
    assert text.endswith('\n')
    for line in text[:-1].split('\n'):
        if line.startswith('# HELP '):
            _, _, name, about = line.split(' ', 3)
            assert re.fullmatch(NAME, name) and about and name not in types
            helped = name
        elif line.startswith('# TYPE '):
            _, _, name, kind = line.split(' ')
            assert name == helped and kind in ('counter', 'gauge', 'histogram')
            types[name], family = kind, name
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            name, labels, value = found.groups()
            suffix = name[len(family):] if name.startswith(family) else None
            if types[family] == 'histogram':
                assert suffix in ('_bucket', '_sum', '_count'), line
            else:
                assert suffix == '', line
            key = name + (f'{{{labels}}}' if labels else '')
            assert key not in values
            values[key] = float(value)
    return types, values


def values(server):
    return parse(server.cli('metrics').stdout)[1]


@pytest.fixture
def own(servers):
    return servers()


def test_all_are_there_from_the_start(own):
    types, found = parse(own.cli('metrics').stdout)
    assert len(CONTRACT) == 54
    assert {name: kind for name, kind in types.items() if name.startswith('sftpgo_')} == CONTRACT
    assert {name: kind for name, kind in types.items()
            if name.startswith('process_')} == PROCESS
    assert all(name.startswith(('sftpgo_', 'process_', 'postern_')) for name in types)
    for name, value in found.items():
        if name.startswith('sftpgo_'):  # nobody but the harness, which only knocked, was there
            assert value == ('availability' in name), name
    assert found['sftpgo_dataprovider_availability'] == 1
    assert found['process_open_fds'] > 3 and found['process_resident_memory_bytes'] > 1 << 20
    assert json.loads(own.cli('metrics', '--json').stdout).startswith('# HELP ')


def test_logins_and_transfers(own, accounts):
    account = accounts(own, password='right')
    random_file(account.local('up'), 3000)
    account.sftp('put up\nget up down\n')       # asks whether the key would do, then proves it
    account.sftp('pwd\n', by_password=True)
    assert account.sftp('pwd\n', by_password=True, password='wrong', check=False).returncode
    found = values(own)
    assert found['sftpgo_public_key_login_attempts_total'] == 1
    assert found['sftpgo_public_key_login_ok_total'] == 1
    assert found['sftpgo_password_login_attempts_total'] == 2
    assert found['sftpgo_password_login_ok_total'] == 1
    assert found['sftpgo_password_login_ko_total'] == 1
    assert found['sftpgo_login_attempts_total'] == 3
    assert found['postern_login_seconds_count{method="password"}'] == 2
    wait_until(lambda: values(own)['sftpgo_downloads_total'] == 1, 'the download is counted')
    found = values(own)
    assert found['sftpgo_uploads_total'] == 1 and found['sftpgo_upload_size'] == 3000
    assert found['sftpgo_download_size'] == 3000
    assert found['postern_transfer_bytes_total{protocol="sftp",direction="upload"}'] == 3000


def test_leases(own, accounts):
    account = accounts(own, extra=['--quota-size', '5000'])
    random_file(account.local('fits'), 3000)
    random_file(account.local('more'), 3000)
    account.sftp('put fits\n')
    assert account.sftp('put more\n', check=False).returncode
    found = values(own)
    assert found['postern_quota_leases_total{answer="at_once"}'] >= 1
    assert found['postern_quota_leases_total{answer="refused"}'] >= 1
    wait_until(lambda: values(own)['sftpgo_upload_errors_total'] == 1, 'the failure is counted')


def test_sessions_are_a_gauge(own, accounts):
    account = accounts(own)
    client = account.paramiko()
    try:
        channel = client.open_session()
        channel.invoke_subsystem('sftp')
        wait_until(lambda: values(own)['sftpgo_active_connections'] == 1, 'one is active')
        assert values(own)['postern_sessions{protocol="sftp"}'] == 1
        assert values(own)['postern_connections'] == 1
    finally:
        client.close()
    wait_until(lambda: values(own)['sftpgo_active_connections'] == 0, 'none is active')


def test_connections_that_come_to_nothing(servers):
    own = servers({'limits': {'max_unauthenticated_per_address': 1}})
    wait_until(lambda: values(own)['postern_unauthenticated_connections'] == 0, 'all is quiet')
    before = values(own)
    refused, failed = ('postern_refused_connections_total{reason="address"}',
                       'postern_handshake_failures_total{reason="no_version"}')
    first = socket.create_connection(('127.0.0.1', own.port))
    with socket.create_connection(('127.0.0.1', own.port)) as second:
        assert second.recv(1) == b''
    assert values(own)[refused] == before[refused] + 1
    assert values(own)['postern_unauthenticated_connections'] == 1
    first.close()
    wait_until(lambda: values(own)[failed] == before[failed] + 1, 'it is counted')


def test_dashboard_uses_only_names_that_exist(own):
    types, found = parse(own.cli('metrics').stdout)
    names = set(types) | {re.sub(r'\{.*', '', sample) for sample in found}
    with open(os.path.join(TOP, 'packaging', 'grafana', 'postern.json'), encoding='utf-8') as file:
        dashboard = json.load(file)
    expressions = [target['expr'] for panel in dashboard['panels'] for target in panel['targets']]
    expressions += [variable['query'] for variable in dashboard['templating']['list']
                    if variable['type'] == 'query']
    assert len(expressions) > 20
    for expression in expressions:
        bare = re.sub(r'\{[^}]*\}|\[[^]]*\]|by \([^)]*\)', '', expression)
        used = [word for word in re.findall(NAME, bare) if '_' in word]
        used = [word for word in used if word not in ('histogram_quantile', 'label_values')]
        assert used and set(used) <= names, expression


def test_bans_and_programs(servers):
    own = servers(start=False)
    program = os.path.join(own.top, 'refuse')
    with open(program, 'w', encoding='utf-8') as file:
        file.write('#!/bin/sh\nexit 3\n')
    os.chmod(program, 0o755)
    own.environment = {'SFTPGO_DATA_PROVIDER__EXTERNAL_AUTH_PROGRAM': program}
    own.start()
    own.cli('ban', 'add', '192.0.2.0/24')
    assert values(own)['postern_bans'] == 1
    client = RawSsh(own.port)
    client.ready()
    client.password('bob', 'x')
    client.read()
    client.close()
    assert values(own)['postern_program_results_total{result="exit_status"}'] == 1
