"""Shell completion, made from the program's help: what the shells make of it."""
import os
import shutil
import subprocess

import pytest

import postern_server

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp('completion')
    subprocess.run([os.path.join(TOP, 'packaging', 'completion', 'make-completion'),
                    postern_server.BINARY, directory], check=True)
    return directory


@pytest.mark.parametrize('line, some, not_there', [
    (['postern', ''], ['serve', 'admin', 'help'], ['nursery']),
    (['postern', 'us'], ['user'], ['serve']),
    (['postern', 'user', ''], ['add', 'totp'], ['key']),
    (['postern', 'admin', 'key', 'r'], ['revoke'], ['add']),
    (['postern', 'user', 'totp', 'enrol', '--d'], ['--digits'], ['--home']),
    (['postern', 'user', 'add', 'bob', '--ho'], ['--home'], ['--digits']),
    (['postern', 'backup', 'dump', 'x'], [], ['load'])])
def test_bash(made, line, some, not_there):
    script = (f'source {made}/postern; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '_postern; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(['bash', '-c', script, 'bash', *line], capture_output=True, text=True,
                          check=True)
    answers = done.stdout.split()
    assert set(some) <= set(answers) and not set(not_there) & set(answers)


@pytest.mark.skipif(shutil.which('zsh') is None, reason='zsh is not installed')
@pytest.mark.parametrize('line, some', [
    (['postern', ''], 'serve'), (['postern', 'admin', 'key', ''], 'revoke'),
    (['postern', 'user', 'totp', 'enrol', '--'], '--digits')])
def test_zsh(made, line, some):
    script = (f'compadd() {{ print -l -- "$@" }}; _files() {{ }}; words=("$@"); CURRENT=$#; '
              f'source {made}/_postern')
    done = subprocess.run(['zsh', '-f', '-c', script, 'zsh', *line], capture_output=True,
                          text=True, check=True)
    assert some in done.stdout.split()
