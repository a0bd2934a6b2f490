"""What an auditor sees: ssh-audit's remarks on each preset."""
import json

import pytest

from clients import need, run

# The marker of strict key exchange is no algorithm; older auditors do not know it.
STRICT = 'kex-strict-s-v00@openssh.com'


def audit(server):
    need('ssh-audit')
    done = run(['ssh-audit', '-j', '-p', server.port, '127.0.0.1'], check=False)
    return json.loads(done.stdout), done


def remarks(server, level):
    need('ssh-audit')
    done = run(['ssh-audit', '-n', '-l', level, '-p', server.port, '127.0.0.1'], check=False)
    return [line for line in done.stdout.splitlines()
            if (f'[{level}]' in line or '[fail]' in line) and STRICT not in line], done


def test_modern_has_no_remark(servers):
    server = servers({'sftpd': {'algorithm_preset': 'modern'},
                      'limits': {'max_unauthenticated_per_address': 100}})
    found, done = remarks(server, 'warn')
    assert found == [], done.stdout


def test_compatible_fails_only_on_elliptic_curves(servers):
    """The NIST curves are what the auditor calls a failure, and what old clients need."""
    server = servers({'limits': {'max_unauthenticated_per_address': 100}})
    found, done = remarks(server, 'fail')
    assert all('elliptic curves' in line for line in found), done.stdout


def test_banner_names_the_program(servers):
    server = servers()
    report, _ = audit(server)
    assert report['banner']['protocol'] in ('2.0', [2, 0])
    assert 'ostern' in report['banner']['software']


@pytest.mark.parametrize('banner', ['Quiet_1.0'])
def test_configured_banner(servers, banner):
    server = servers({'sftpd': {'banner': banner}})
    report, _ = audit(server)
    assert report['banner']['software'] == banner
