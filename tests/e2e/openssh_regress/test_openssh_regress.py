"""The SFTP scripts of OpenSSH's own test suite, as Debian packages it, against our server."""
import os
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
POSTERN = os.environ.get('POSTERN') or os.path.join(TOP, 'build', 'postern')
REGRESS = '/usr/lib/openssh/regress'

# These need nothing but a program that speaks SFTP on its standard input and output. The package
# of a release has most of them; sftp-resume came later than Debian 12.
SCRIPTS = ['sftp', 'sftp-cmds', 'sftp-badcmds', 'sftp-batch', 'sftp-glob', 'sftp-perm',
           'sftp-resume', 'scp', 'scp3', 'scp-uri']

# Not here: sftp-uri and sftp-chroot start a real sshd and test its options.


@pytest.mark.parametrize('name', SCRIPTS)
def test_script(name, tmp_path):
    if not os.path.isdir(REGRESS):
        pytest.skip('the package openssh-tests is not installed')
    if not os.path.exists(os.path.join(REGRESS, name + '.sh')):
        pytest.skip(f'this release of openssh-tests has no {name}')
    done = subprocess.run([os.path.join(HERE, 'run_script.sh'), POSTERN, REGRESS, str(tmp_path),
                           name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace')
    assert done.returncode == 0, done.stdout[-8000:]
    assert 'SKIPPED' not in done.stdout, done.stdout
