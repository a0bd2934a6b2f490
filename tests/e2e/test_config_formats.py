"""One configuration in every format: the same settings, and each rewritten into each other."""
import itertools
import json
import os
import subprocess

import pytest

import postern_server
from postern_server import scratch

# The settings of the file that comes with SFTPGo 0.9.5.
SAMPLE = {'json': '''{
  "sftpd": {
    "bind_port": 2022,
    "bind_address": "",
    "idle_timeout": 15,
    "max_auth_tries": 0,
    "umask": "0022",
    "banner": "",
    "upload_mode": 0,
    "actions": {
      "execute_on": [],
      "command": "",
      "http_notification_url": ""
    },
    "keys": [],
    "enable_scp": false,
    "kex_algorithms": [],
    "ciphers": [],
    "macs": [],
    "login_banner_file": "",
    "setstat_mode": 0,
    "enabled_ssh_commands": ["md5sum", "sha1sum", "cd", "pwd"],
    "keyboard_interactive_auth_program": ""
  },
  "data_provider": {
    "driver": "sqlite",
    "name": "sftpgo.db",
    "host": "",
    "port": 5432,
    "username": "",
    "password": "",
    "sslmode": 0,
    "connection_string": "",
    "users_table": "users",
    "manage_users": 1,
    "track_quota": 2,
    "pool_size": 0,
    "users_base_dir": "",
    "actions": {
      "execute_on": [],
      "command": "",
      "http_notification_url": ""
    },
    "external_auth_program": "",
    "external_auth_scope": 0,
    "credentials_path": "credentials"
  },
  "httpd": {
    "bind_port": 8080,
    "bind_address": "127.0.0.1",
    "templates_path": "templates",
    "static_files_path": "static",
    "backups_path": "backups",
    "auth_user_file": "",
    "certificate_file": "",
    "certificate_key_file": ""
  }
}
''', 'toml': '''[sftpd]
bind_port = 2022
bind_address = ""
idle_timeout = 15
max_auth_tries = 0
umask = "0022"
banner = ""
upload_mode = 0
keys = []
enable_scp = false
kex_algorithms = []
ciphers = []
macs = []
login_banner_file = ""
setstat_mode = 0
enabled_ssh_commands = ["md5sum", "sha1sum", "cd", "pwd"]
keyboard_interactive_auth_program = ""

[sftpd.actions]
execute_on = []
command = ""
http_notification_url = ""

[data_provider]
driver = "sqlite"
name = "sftpgo.db"
host = ""
port = 5432
username = ""
password = ""
sslmode = 0
connection_string = ""
users_table = "users"
manage_users = 1
track_quota = 2
pool_size = 0
users_base_dir = ""
external_auth_program = ""
external_auth_scope = 0
credentials_path = "credentials"

[data_provider.actions]
execute_on = []
command = ""
http_notification_url = ""

[httpd]
bind_port = 8080
bind_address = "127.0.0.1"
templates_path = "templates"
static_files_path = "static"
backups_path = "backups"
auth_user_file = ""
certificate_file = ""
certificate_key_file = ""
''', 'yaml': '''sftpd:
  bind_port: 2022
  bind_address: ""
  idle_timeout: 15
  max_auth_tries: 0
  umask: "0022"
  banner: ""
  upload_mode: 0
  actions:
    execute_on: []
    command: ""
    http_notification_url: ""
  keys: []
  enable_scp: false
  kex_algorithms: []
  ciphers: []
  macs: []
  login_banner_file: ""
  setstat_mode: 0
  enabled_ssh_commands:
    - md5sum
    - sha1sum
    - cd
    - pwd
  keyboard_interactive_auth_program: ""
data_provider:
  driver: sqlite
  name: sftpgo.db
  host: ""
  port: 5432
  username: ""
  password: ""
  sslmode: 0
  connection_string: ""
  users_table: users
  manage_users: 1
  track_quota: 2
  pool_size: 0
  users_base_dir: ""
  actions: { execute_on: [], command: "", http_notification_url: "" }
  external_auth_program: ""
  external_auth_scope: 0
  credentials_path: credentials
httpd:
  bind_port: 8080
  bind_address: 127.0.0.1
  templates_path: templates
  static_files_path: static
  backups_path: backups
  auth_user_file: ""
  certificate_file: ""
  certificate_key_file: ""
''', 'hcl': '''sftpd {
  bind_port = 2022
  bind_address = ""
  idle_timeout = 15
  max_auth_tries = 0
  umask = "0022"
  banner = ""
  upload_mode = 0
  actions {
    execute_on = []
    command = ""
    http_notification_url = ""
  }
  keys = []
  enable_scp = false
  kex_algorithms = []
  ciphers = []
  macs = []
  login_banner_file = ""
  setstat_mode = 0
  enabled_ssh_commands = ["md5sum", "sha1sum", "cd", "pwd"]
  keyboard_interactive_auth_program = ""
}

data_provider {
  driver = "sqlite"
  name = "sftpgo.db"
  host = ""
  port = 5432
  username = ""
  password = ""
  sslmode = 0
  connection_string = ""
  users_table = "users"
  manage_users = 1
  track_quota = 2
  pool_size = 0
  users_base_dir = ""
  actions {
    execute_on = []
    command = ""
    http_notification_url = ""
  }
  external_auth_program = ""
  external_auth_scope = 0
  credentials_path = "credentials"
}

httpd {
  bind_port = 8080
  bind_address = "127.0.0.1"
  templates_path = "templates"
  static_files_path = "static"
  backups_path = "backups"
  auth_user_file = ""
  certificate_file = ""
  certificate_key_file = ""
}
'''}


def flat_settings(tree, prefix=''):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat_settings(value, prefix + key + '.')
        else:
            text = ','.join(value) if isinstance(value, list) else \
                str(value).lower() if isinstance(value, bool) else str(value)
            yield prefix + key, text


SETTINGS = list(flat_settings(json.loads(SAMPLE['json'])))
SAMPLE['properties'] = ''.join(f'{key} = {text}\n' for key, text in SETTINGS)
SAMPLE['env'] = ''.join(f'SFTPGO_{key.upper().replace(".", "__")}={text}\n'
                        for key, text in SETTINGS)
SAMPLE['ini'] = ''.join(f'[{key.rpartition(".")[0]}]\n{key.rpartition(".")[2]} = {text}\n'
                        for key, text in SETTINGS)
WRITTEN = ['json', 'toml', 'yaml', 'hcl', 'properties', 'env']


@pytest.fixture
def directory():
    path = scratch()
    yield path
    subprocess.run(['rm', '-rf', path], check=True)


def postern(*arguments, cwd, check=True, environment=None):
    done = subprocess.run([postern_server.BINARY, *arguments], capture_output=True, text=True,
                          timeout=60, cwd=cwd,
                          env={'PATH': os.environ['PATH'], **(environment or {})})
    if check:
        assert done.returncode == 0, f'{arguments}: {done.stderr}'
    return done


def write(directory, name, text):
    with open(os.path.join(directory, name), 'w', encoding='utf-8') as file:
        file.write(text)


def checked(directory, extension, text):
    """What `postern check` says of this one file."""
    write(directory, f'sftpgo.{extension}', text)
    try:
        report = json.loads(postern('check', '--json', '-c', directory, cwd=directory).stdout)
    finally:
        os.unlink(os.path.join(directory, f'sftpgo.{extension}'))
    assert report['file'].endswith(f'/sftpgo.{extension}')
    return report['settings']


def test_every_format_says_the_same(directory):
    wanted = checked(directory, 'json', SAMPLE['json'])
    named = {row['name'] for row in wanted if row['from'] == 'file'}
    assert named == {key for key, _ in SETTINGS}
    for extension in SAMPLE:
        assert checked(directory, extension, SAMPLE[extension]) == wanted, extension


def test_every_format_into_every_other(directory):
    wanted = checked(directory, 'json', SAMPLE['json'])
    for source, target in itertools.product(SAMPLE, WRITTEN):
        path = os.path.join(directory, f'source.{source}')
        write(directory, f'source.{source}', SAMPLE[source])
        text = postern('config', 'convert', '--to', target, '--from', path, cwd=directory).stdout
        assert checked(directory, target, text) == wanted, f'{source} to {target}:\n{text}'


def test_once_around(directory):
    """Through all formats and back: the text is the same, and passwords are in it."""
    source = json.loads(SAMPLE['json'])
    source['data_provider']['password'] = 'p#a"s${s}\\ \'\u00e9\U0001f600, '
    source['sftpd']['keys'] = [{'private_key': 'id a'}, {'private_key': 'b,c'}]
    write(directory, 'a.json', json.dumps(source))
    path, first = 'a.json', None
    for number, target in enumerate(WRITTEN[1:] + ['json'] + WRITTEN[1:] + ['json']):
        text = postern('config', 'convert', '--to', target, '--from', path, cwd=directory).stdout
        path = f'{number}.{target}'
        write(directory, path, text)
        if target == 'json':
            first = first or text
            assert text == first
            assert json.loads(text) == source


def test_convert_finds_the_file_and_ignores_the_environment(directory):
    write(directory, 'sftpgo.yaml', 'sftpd: { bind_port: 5 }\n')
    text = postern('config', 'convert', '--to', 'json', cwd=directory,
                   environment={'SFTPGO_SFTPD__BIND_PORT': '6'}).stdout
    assert json.loads(text) == {'sftpd': {'bind_port': 5}}


@pytest.mark.parametrize('arguments, status, told', [
    (['config'], 2, 'convert'), (['config', 'convert'], 2, '--to'),
    (['config', 'convert', '--to', 'xml'], 2, 'xml'),
    (['config', 'convert', '--to', 'ini'], 2, 'ini'),
    (['config', 'convert', '--to', 'json'], 1, 'no configuration file'),
    (['config', 'convert', '--to', 'json', '--from', 'x.yaml'], 1, 'x.yaml'),
    (['config', 'convert', '--to', 'json', '--from', 'noextension'], 1, 'noextension'),
    (['config', 'convert', '--to', 'json', '--from', 'bad.toml'], 1, 'bad.toml:2: sftpd.umask'),
    (['config', '--help'], 0, '')])
def test_arguments(directory, arguments, status, told):
    write(directory, 'bad.toml', '[sftpd]\numask = "999"\n')
    done = postern(*arguments, cwd=directory, check=False)
    assert done.returncode == status and told in done.stderr
    assert status == 0 or done.stdout == ''


@pytest.mark.parametrize('extension, text, told', [
    ('toml', '[sftpd]\n\nbind_port = 70000\n', ':3: sftpd.bind_port: "70000" is not'),
    ('yaml', 'sftpd:\n  bind_prot: 1\n', ':2: sftpd.bind_prot: unknown key; did you mean'),
    ('hcl', 'sftpd {\n  macs = 7\n}\n', ':2: sftpd.macs: 7 is not a list of texts'),
    ('properties', 'sftpd.umask = 9\n', ':1: sftpd.umask: "9" is not an octal number'),
    ('env', '\n\nSFTPGO_NONSENSE=1\n', ':3: nonsense: unknown key'),
    ('ini', '[sftpd]\nenable_scp = maybe\n', ':2: sftpd.enable_scp: "maybe" is not')])
def test_mistakes_are_told_with_their_line(servers, extension, text, told):
    server = servers(start=False)
    os.unlink(os.path.join(server.dir, 'sftpgo.json'))
    write(server.dir, f'sftpgo.{extension}', text)
    os.chmod(os.path.join(server.dir, f'sftpgo.{extension}'), 0o644)
    done = server.cli('check', check=False)
    assert done.returncode == 1 and f'sftpgo.{extension}{told}' in done.stderr
    server.launch()
    assert server.process.wait(30) != 0
    assert f'sftpgo.{extension}{told}' in server.error_text()
    server.stopped = 'refused'
