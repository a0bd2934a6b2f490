"""Operation x permission x place, complete, over SFTP; see permission_matrix.py."""
import errno
import json
import os

import paramiko
import pytest
from paramiko.sftp import CMD_CLOSE, CMD_EXTENDED, CMD_OPENDIR

from permission_matrix import PROGRAM, STRICT, Sample, cases, modes, table
from postern_server import give


def opened(client, path, how):
    client.open(path, how).close()


def listed(client, path, _):
    _, message = client._request(CMD_OPENDIR, path)
    client._request(CMD_CLOSE, message.get_binary())


def looked(client, path, _):
    client.lstat(path)
    client.stat(path)


def changed(attribute, value):
    return lambda path, target: getattr(os.lstat(path), attribute) == value


def mode_is(mode):
    return lambda path, target: os.lstat(path).st_mode & 0o777 == mode


def moved(path, target):
    return os.path.exists(target) and not os.path.lexists(path)


def replaced(path, target):
    return not os.path.lexists(path) and os.stat(target).st_size == 4


def gone(path, target):
    return not os.path.lexists(path)


def own_ids(client, path, _):
    client.chown(path, os.stat(client.host).st_uid, os.stat(client.host).st_gid)


SAMPLES = [
    Sample('OPEN_READ', 'file', lambda c, p, t: opened(c, p, 'r')),
    Sample('CREATE_FILE', 'nothing', lambda c, p, t: opened(c, p, 'w'),
           lambda p, t: os.path.exists(p)),
    Sample('OVERWRITE_FILE', 'file', lambda c, p, t: opened(c, p, 'w'), changed('st_size', 0)),
    Sample('OPEN_DIRECTORY', 'directory', listed),
    Sample('STAT', 'file', looked),
    Sample('STAT', 'directory', looked),
    Sample('STATVFS', 'file', lambda c, p, t: c._request(CMD_EXTENDED, 'statvfs@openssh.com', p)),
    Sample('READ_LINK', 'link', lambda c, p, t: c.readlink(p)),
    Sample('SET_SIZE', 'file', lambda c, p, t: c.truncate(p, 1), changed('st_size', 1)),
    Sample('SET_OWNER', 'file', own_ids),
    Sample('SET_OWNER', 'directory', own_ids),
    Sample('SET_MODE', 'file', lambda c, p, t: c.chmod(p, 0o700), mode_is(0o700)),
    Sample('SET_MODE', 'directory', lambda c, p, t: c.chmod(p, 0o700), mode_is(0o700)),
    Sample('SET_TIMES', 'file', lambda c, p, t: c.utime(p, (1, 2)), changed('st_mtime', 2)),
    Sample('SET_TIMES', 'directory', lambda c, p, t: c.utime(p, (1, 2)), changed('st_mtime', 2)),
    Sample('SYMLINK', 'nothing', lambda c, p, t: c.symlink('anything', p),
           lambda p, t: os.path.islink(p)),
    Sample('HARD_LINK', 'file',
           lambda c, p, t: c._request(CMD_EXTENDED, 'hardlink@openssh.com', p, t),
           lambda p, t: os.path.exists(t)),
    Sample('RENAME', 'file', lambda c, p, t: c.rename(p, t), moved),
    Sample('RENAME', 'directory', lambda c, p, t: c.posix_rename(p, t), moved),
    Sample('RENAME_STRICTLY', 'file', lambda c, p, t: c.rename(p, t), moved),
    Sample('RENAME_STRICTLY', 'directory', lambda c, p, t: c.posix_rename(p, t), moved),
    Sample('REPLACE_STRICTLY', 'file', lambda c, p, t: c.posix_rename(p, t), replaced,
           target='other file', also='RENAME_STRICTLY'),
    Sample('REMOVE', 'file', lambda c, p, t: c.remove(p), gone),
    Sample('REMOVE', 'link', lambda c, p, t: c.remove(p), gone),
    Sample('MAKE_DIRECTORY', 'nothing', lambda c, p, t: c.mkdir(p),
           lambda p, t: os.path.isdir(p)),
    Sample('REMOVE_DIRECTORY', 'directory', lambda c, p, t: c.rmdir(p), gone),
]


def test_every_operation_has_a_request():
    assert {sample.operation for sample in SAMPLES} == set(table())


def make(path, kind):
    if kind == 'directory':
        os.mkdir(path)
    elif kind == 'link':
        os.symlink('anything', path)
    elif kind != 'nothing':
        with open(path, 'w', encoding='utf-8') as file:
            file.write('data' if kind == 'file' else 'another')
    if kind not in ('nothing', 'link'):
        give(path)


class Place:
    """A directory in which one mode holds: as the client writes it, and on the disk."""

    def __init__(self, path, host, mode, prefix):
        self.path, self.host, self.mode, self.prefix = path, host, mode, prefix

    def paths(self, sample):
        name = f'{self.prefix}-{sample.name}'
        return name, f'{name}-target'

    def fill(self, rows, samples):
        for sample, _ in cases(rows, samples, self.mode):
            name, target = self.paths(sample)
            make(os.path.join(self.host, name), sample.kind)
            make(os.path.join(self.host, target), sample.target)

    def check(self, client, rows, samples):
        client.host = self.host
        for sample, allowed in cases(rows, samples, self.mode):
            name, target = self.paths(sample)
            what = f'{sample.name} in {self.path} with {self.mode.name}'
            try:
                sample.call(client, f'{self.path}/{name}', f'{self.path}/{target}')
                outcome = True
            except OSError as error:
                assert error.errno == errno.EACCES, f'{what}: {error}'
                outcome = False
            assert outcome == allowed, f'{what}: allowed {allowed}, answered {outcome}'
            if sample.happened is not None:
                assert sample.happened(os.path.join(self.host, name), os.path.join(
                    self.host, target)) == allowed, f'{what}: on the disk'


def directory(*parts):
    path = os.path.join(*parts)
    os.makedirs(path, exist_ok=True)
    give(path)
    return path


class World:
    """One account with a directory for each mode in each place; one account for each mode."""

    def __init__(self, server, public_key, rows, samples):
        self.top = directory(server.homes, 'matrix')
        self.home = directory(self.top, 'home')
        self.permissions = {'/': ['*'], '/l': ['*']}
        self.folders, self.users, self.places = {}, [], {}
        self.public_key = public_key
        directory(self.home, 'l')
        self.folder('/deep', directory(self.top, 'deep'))
        for mode in modes(rows, samples):
            around = 'full' if mode.around_all else 'none'
            self.place(mode, 'sub', f'/{around}/{mode.name}',
                       directory(directory(self.home, around), mode.name))
            self.place(mode, 'folder', f'/f-{around}/{mode.name}',
                       directory(self.top, f'f-{mode.name}'), is_folder=True)
            self.place(mode, 'inner', f'/deep/{around}/{mode.name}',
                       directory(directory(self.top, 'deep', around), mode.name))
            home = directory(self.top, f'home-{mode.name}')
            self.user(mode.name, home, {'/': sorted(mode.permissions)}, {})
            self.places.setdefault(mode.name, []).append(Place('', home, mode, 'd'))
        for top in ('', '/f-', '/deep/'):
            self.permissions[f'{top or "/"}none'] = []
            self.permissions[f'{top or "/"}full'] = ['*']
        self.user('matrix', self.home, self.permissions, self.folders)

    def place(self, mode, kind, path, host, is_folder=False):
        link = f'/l/{kind}-{mode.name}'
        self.permissions[path] = sorted(mode.permissions)
        if is_folder:
            self.folder(path, host)
        os.symlink(f'..{path}', self.home + link)
        self.places.setdefault('matrix', []).extend(
            [Place(path, host, mode, 'd'), Place(link, host, mode, 'l')])

    def folder(self, path, host):
        self.folders[path] = host

    def user(self, name, home, permissions, folders):
        self.users.append({
            'username': name, 'status': 1, 'home_dir': home, 'public_keys': [self.public_key],
            'permissions': permissions, 'virtual_folders': [
                {'virtual_path': path, 'mapped_path': host} for path, host in folders.items()]})


@pytest.mark.parametrize('strict', [False, True], ids=['as-the-contract', 'strict'])
def test_matrix(servers, keys, strict):
    if not os.path.exists(PROGRAM):
        pytest.skip('the table is built with the unit tests')
    server = servers({'sftpd': {'strict_rename': strict}, 'limits': {
        'max_unauthenticated_per_address': 1000}})
    rows = table()
    samples = [sample for sample in SAMPLES if (sample.operation in STRICT) == strict]
    with open(os.path.join(keys, 'id_ed25519.pub'), encoding='utf-8') as file:
        world = World(server, file.read(), rows, samples)
    dump = os.path.join(server.top, 'accounts.json')
    with open(dump, 'w', encoding='utf-8') as file:
        json.dump({'users': world.users}, file)
    server.cli('backup', 'load', dump)
    key = paramiko.Ed25519Key.from_private_key_file(os.path.join(keys, 'id_ed25519'))
    for user, places in world.places.items():
        for place in places:
            place.fill(rows, samples)
        transport = paramiko.Transport(('127.0.0.1', server.port))
        transport.connect(username=user, pkey=key)
        client = paramiko.SFTPClient.from_transport(transport)
        for place in places:
            place.check(client, rows, samples)
        transport.close()
