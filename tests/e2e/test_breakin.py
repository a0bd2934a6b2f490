"""Hostile code inside a session gets nothing: tests/unit/breakin_session.c, next to a live server."""
import os
import pwd
import shutil
import stat
import subprocess

import pytest

import postern_server
from postern_server import AS_ROOT, SERVICE_USER, give, wait_until

HELPER = os.path.join(os.path.dirname(postern_server.BINARY), 'tests', 'unit', 'breakin_session')


@pytest.fixture
def helper(server):
    """Where the service user can execute it, whoever owns the checkout."""
    if not os.path.exists(HELPER):
        pytest.skip('the helper is built with the unit tests')
    copy = os.path.join(server.top, 'breakin_session')
    shutil.copyfile(HELPER, copy)
    os.chmod(copy, 0o755)
    yield copy
    os.remove(copy)


def put(path, content):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(content)
    give(path)


def everything(top):
    """Each regular file below a directory: its content and what can be changed about it."""
    found = {}
    for directory, _, names in os.walk(top):
        for path in (os.path.join(directory, name) for name in names):
            facts = os.lstat(path)
            if stat.S_ISREG(facts.st_mode):
                with open(path, 'rb') as file:
                    found[path] = (facts.st_mode, facts.st_uid, facts.st_mtime_ns, file.read())
    return found


@pytest.mark.parametrize('option', [[], ['-r']], ids=['writable', 'read-only'])
def test_code_in_a_session_gets_nothing(server, accounts, helper, option):
    """With the user id of the server and of every other session, as on a system without mapping."""
    attacker, victim = accounts(), accounts()
    put(attacker.remote('inside'), 'mine')
    os.mkdir(attacker.remote('sub'))
    give(attacker.remote('sub'))
    put(victim.remote('secret'), 'theirs')
    control = victim.local('control')
    shared = {'ControlPath': control, 'ControlMaster': 'auto', 'ControlPersist': '60'}
    victim.sftp('pwd\n', **shared)
    session = wait_until(lambda: server.workers(f'session {victim.name}'), 'a live session')[0]
    files = [victim.remote('secret'), '/etc/passwd']
    files += [os.path.join(server.dir, name) for name in os.listdir(server.dir)]
    assert any('id_ed25519' in path for path in files) and any('.db' in path for path in files)
    processes = [server.pid, session, *server.workers('nursery')]
    # The database is at work all the time; what must stay as it is are keys and configuration.
    still = [path for path in everything(server.dir) if '.db' not in path]
    before = everything(victim.home), everything(server.dir)
    command = [helper, *option, attacker.home, *files, '--', *map(str, processes)]
    if AS_ROOT:
        entry = pwd.getpwnam(SERVICE_USER)
        command = ['setpriv', f'--reuid={entry.pw_uid}', f'--regid={entry.pw_gid}',
                   '--clear-groups', *command]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    outcomes = [line.split()[1] for line in result.stdout.splitlines()]
    assert len(outcomes) > 17 * len(files) + 8 * len(processes)
    assert set(outcomes) == {'refused', 'killed'}
    after = everything(victim.home), everything(server.dir)
    assert before[0] == after[0]
    assert all(before[1][path] == after[1][path] for path in still)
    assert not [path for path in after[1] if 'planted' in path]
    assert all(os.path.lexists(path) for path in files if '-' not in os.path.basename(path))
    # The live session still answers, and so does the server.
    victim.sftp('ls\n', **shared)
    subprocess.run(['ssh', '-F', '/dev/null', '-o', f'ControlPath={control}', '-O', 'exit', 'any'],
                   check=True, capture_output=True)
    attacker.sftp('ls\n')
