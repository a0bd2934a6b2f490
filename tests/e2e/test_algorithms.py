"""Every key exchange with every cipher and MAC, each with a real transfer."""
import itertools

import pytest

from clients import random_file, read

KEX = ['curve25519-sha256', 'curve25519-sha256@libssh.org', 'ecdh-sha2-nistp256',
       'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521', 'diffie-hellman-group14-sha256',
       'diffie-hellman-group16-sha512', 'diffie-hellman-group18-sha512']
AEAD = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com']
CTR = ['aes128-ctr', 'aes192-ctr', 'aes256-ctr']
MACS = ['hmac-sha2-256', 'hmac-sha2-512', 'hmac-sha2-256-etm@openssh.com',
        'hmac-sha2-512-etm@openssh.com']
CIPHERS = [(cipher, None) for cipher in AEAD] + list(itertools.product(CTR, MACS))


def names(value):
    return str(value).replace('@openssh.com', '').replace('@libssh.org', '-libssh')


def combinations():
    """All of them; with sanitizers each key exchange once and each cipher and MAC once."""
    for kex, (cipher, mac) in itertools.product(KEX, CIPHERS):
        once = kex == KEX[0] or cipher == AEAD[0]
        yield pytest.param(kex, cipher, mac, marks=[] if once else pytest.mark.plain_only)


@pytest.mark.parametrize('kex, cipher, mac', combinations(), ids=names)
def test_combination(account_of_module, kex, cipher, mac):
    account = account_of_module
    options = {'KexAlgorithms': kex, 'Ciphers': cipher}
    if mac:
        options['MACs'] = mac
    account.sftp('put up there\nget there down\n', **options)
    assert read(account.local('up')) == read(account.local('down'))


@pytest.fixture(scope='module')
def account_of_module(server, keys):
    from conftest import Accounts
    made = Accounts(server, keys)
    account = made()
    random_file(account.local('up'), 100_000)
    yield account
    made.finish()


@pytest.mark.parametrize('option, value', [
    ('KexAlgorithms', 'diffie-hellman-group14-sha1'), ('Ciphers', 'aes128-cbc'),
    ('MACs', 'hmac-sha1'), ('HostKeyAlgorithms', 'ssh-rsa')])
def test_legacy_only_by_configuration(account, servers, accounts, option, value):
    """What the default refuses works with the preset `legacy`, and the refusal is in the log."""
    extra = {'Ciphers': 'aes128-ctr'} if option == 'MACs' else {}
    done = account.sftp('pwd\n', check=False, **{option: value}, **extra)
    assert done.returncode != 0
    account.server.log_message(value)
    legacy = servers({'sftpd': {'algorithm_preset': 'legacy'}})
    accounts(legacy).sftp('pwd\n', **{option: value}, **extra)


def test_explicit_lists_decide(servers, accounts):
    only = servers({'sftpd': {'kex_algorithms': ['ecdh-sha2-nistp256'],
                              'ciphers': ['aes256-ctr'], 'macs': ['hmac-sha2-512']}})
    account = accounts(only)
    account.sftp('pwd\n')
    assert account.sftp('pwd\n', check=False, Ciphers='aes128-ctr').returncode != 0
    assert account.sftp('pwd\n', check=False, KexAlgorithms='curve25519-sha256').returncode != 0
    assert account.sftp('pwd\n', check=False, MACs='hmac-sha2-256').returncode != 0
