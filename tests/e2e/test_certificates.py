"""Users who log in with a certificate, and every reason to refuse one."""
import json
import os
import re

import pytest

from certificates import Authority, blob, keygen, offer, plain_proof, proof, put
from conftest import Servers
from postern_server import wait_until
from raw_ssh import (RawSsh, USERAUTH_FAILURE, USERAUTH_PK_OK, USERAUTH_SUCCESS, Reader, load_key,
                     string)
from test_reload import reload

SK_DUMMY = '/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so'
TYPES = ('ed25519', 'rsa', 'ecdsa', 'ecdsa384', 'ecdsa521')


@pytest.fixture(scope='module')
def top(tmp_path_factory):
    return str(tmp_path_factory.mktemp('certificates'))


@pytest.fixture(scope='module')
def authority(top):
    return Authority(top)


@pytest.fixture(scope='module')
def authorities(top, authority):
    """One of each type that can sign."""
    return {'ed25519': authority,
            'rsa': Authority(top, 'rsa', ('-t', 'rsa', '-b', '3072')),
            'ecdsa': Authority(top, 'ecdsa', ('-t', 'ecdsa', '-b', '256')),
            'ecdsa384': Authority(top, 'ecdsa384', ('-t', 'ecdsa', '-b', '384')),
            'ecdsa521': Authority(top, 'ecdsa521', ('-t', 'ecdsa', '-b', '521'))}


def start(made, authorities, **sftpd):
    """A server that trusts these authorities, and has a list of revoked keys without entries."""
    server = made({'sftpd': {'trusted_user_ca_keys': ['authorities', 'more'],
                             'revoked_user_certs_file': 'revoked', **sftpd},
                   'limits': {'max_unauthenticated_per_address': 1000}}, start=False)
    put(server, 'authorities', '# those of the first office', '',
        *(a.line() for a in authorities[:-1]))
    put(server, 'more', authorities[-1].line())
    put(server, 'revoked', '# nothing yet')
    return server.start()


@pytest.fixture(scope='module')
def site(host_keys, authorities):
    made = Servers(host_keys)
    yield start(made, list(authorities.values()))
    made.finish()


@pytest.fixture
def bob(site, accounts):
    """An account that none of the keys here opens by itself."""
    return accounts(site, key='stranger')


@pytest.fixture
def key(keys):
    return load_key(os.path.join(keys, 'id_ed25519'))


@pytest.fixture
def public(keys):
    return os.path.join(keys, 'id_ed25519.pub')


@pytest.fixture
def raw():
    made = []

    def connect(server, **options):
        made.append(RawSsh(server.port, **options))
        return made[-1].ready()
    yield connect
    for connection in made:
        connection.close()


def refusals(server, user, pattern):
    """How many lines tell that this user was refused, and why."""
    return len([line for line in server.log_lines()
                if line.get('sender') == 'connection_failed' and line['username'] == user
                and line['login_type'] == 'public_key' and pattern in line['error']])


def refused(server, user, pattern):
    wait_until(lambda: refusals(server, user, pattern) > 0,
               f'{pattern!r} of {user}; the log:\n{server.log_text()[-3000:]}')


def is_refused(raw, server, user, key, certificate, pattern, **options):
    """Refused as an offer and as a proof, and both say why."""
    before = refusals(server, user, pattern)
    connection = raw(server, **options)
    offer(connection, user, certificate)
    connection.expect(USERAUTH_FAILURE)
    proof(connection, user, key, certificate)
    connection.expect(USERAUTH_FAILURE)
    wait_until(lambda: refusals(server, user, pattern) == before + 2,
               f'{pattern!r} of {user}; the log:\n{server.log_text()[-3000:]}')


def is_let_in(raw, server, user, key, certificate, **options):
    connection = raw(server, **options)
    offer(connection, user, certificate)
    connection.expect(USERAUTH_PK_OK)
    proof(connection, user, key, certificate)
    connection.expect(USERAUTH_SUCCESS)


# ---- real clients

@pytest.mark.parametrize('signer', TYPES)
def test_openssh_with_each_authority(bob, site, authorities, public, signer):
    certificate = authorities[signer].sign(public, '-z', '7', principals=f'x,{bob.name}',
                                           identity=f'id of {bob.name}')
    bob.key = os.path.join(bob.keys, 'id_ed25519')
    assert 'Remote working directory: /' in bob.sftp('pwd\n', CertificateFile=certificate).stdout
    fingerprint = keygen('-l', '-f', authorities[signer].public).split()[1]
    site.log_message(rf'user "{bob.name}" logged in .*public_key:SHA256:\S+:'
                     rf'ID "id of {bob.name}" serial 7 CA {re.escape(fingerprint)}, client ')


@pytest.mark.parametrize('kind', TYPES)
def test_openssh_with_each_key(bob, authority, kind):
    bob.key = os.path.join(bob.keys, f'id_{kind}')
    certificate = authority.sign(bob.key + '.pub', principals=bob.name)
    bob.sftp('pwd\n', CertificateFile=certificate)
    assert bob.sftp('pwd\n', check=False).returncode != 0, 'the key alone lets nobody in'


@pytest.mark.parametrize('algorithm', ['rsa-sha2-256', 'rsa-sha2-512', 'ssh-rsa'])
def test_signatures_of_rsa(bob, authority, algorithm):
    bob.key = os.path.join(bob.keys, 'id_rsa')
    certificate = authority.sign(bob.key + '.pub', principals=bob.name)
    done = bob.sftp('pwd\n', check=False, CertificateFile=certificate,
                    PubkeyAcceptedAlgorithms=f'{algorithm}-cert-v01@openssh.com,{algorithm}')
    assert (done.returncode == 0) == (algorithm != 'ssh-rsa'), done.stderr


def test_sha1_with_the_legacy_preset(servers, accounts, authorities, keys):
    """Of the key, and of its authority."""
    def login(**settings):
        server = start(servers, list(authorities.values()), **settings)
        bob = accounts(server, key='stranger')
        bob.key = os.path.join(keys, 'id_rsa')
        good = authorities['ed25519'].sign(bob.key + '.pub', principals=bob.name)
        old = authorities['rsa'].sign(bob.key + '.pub', '-t', 'ssh-rsa', principals=bob.name)
        yield bob.sftp('pwd\n', check=False, CertificateFile=good, PubkeyAcceptedAlgorithms=
                       'ssh-rsa-cert-v01@openssh.com,ssh-rsa').returncode
        yield bob.sftp('pwd\n', check=False, CertificateFile=old,
                       CASignatureAlgorithms='+ssh-rsa').returncode
    assert list(login(algorithm_preset='legacy')) == [0, 0]
    assert list(login()) == [255, 255]


@pytest.mark.parametrize('kind', ['ed25519', 'rsa', 'ecdsa'])
def test_paramiko(bob, authority, kind):
    import paramiko
    path = os.path.join(bob.keys, f'id_{kind}')
    key = {'ed25519': paramiko.Ed25519Key, 'rsa': paramiko.RSAKey,
           'ecdsa': paramiko.ECDSAKey}[kind].from_private_key_file(path)
    key.load_certificate(authority.sign(path + '.pub', principals=bob.name))
    transport = paramiko.Transport(('127.0.0.1', bob.server.port))
    try:
        transport.connect(username=bob.name, pkey=key)
        assert paramiko.SFTPClient.from_transport(transport).listdir('/') == []
    finally:
        transport.close()


# Not RSA: before 2.13 asyncssh names SHA-1 there and signs with SHA-2, which OpenSSH refuses too.
@pytest.mark.parametrize('kind', ['ed25519', 'ecdsa384'])
def test_asyncssh(bob, authority, kind):
    import asyncio
    import asyncssh
    path = os.path.join(bob.keys, f'id_{kind}')
    certificate = authority.sign(path + '.pub', principals=bob.name)

    async def listing():
        async with asyncssh.connect('127.0.0.1', bob.server.port, username=bob.name,
                                    known_hosts=None, agent_path=None, config=None,
                                    client_keys=[(path, certificate)]) as connection:
            async with connection.start_sftp_client() as client:
                return await client.listdir('/')
    assert set(asyncio.run(listing())) <= {'.', '..'}


@pytest.mark.parametrize('kind', ['ed25519-sk', 'ecdsa-sk'])
def test_security_keys(site, accounts, authority, top, kind):
    """With OpenSSH's own imitation of a device; the one that verifies nobody is refused."""
    if not os.path.exists(SK_DUMMY):
        pytest.skip('openssh-tests is not installed')
    bob = accounts(site, key='stranger')
    for device, options in (('touched', ()), ('verified', ('-O', 'verify-required'))):
        path = os.path.join(top, f'{kind}-{device}')
        keygen('-N', '', '-t', kind, '-w', SK_DUMMY, *options, '-f', path)
        bob.key = path
        demanding = authority.sign(path + '.pub', '-O', 'verify-required', principals=bob.name)
        easy = authority.sign(path + '.pub', principals=bob.name)
        bob.sftp('pwd\n', CertificateFile=easy, SecurityKeyProvider=SK_DUMMY)
        done = bob.sftp('pwd\n', check=False, CertificateFile=demanding,
                        SecurityKeyProvider=SK_DUMMY)
        assert (done.returncode == 0) == (device == 'verified'), done.stderr
    refused(site, bob.name, 'its device did not verify the user')


# ---- what the certificate says

REFUSALS = {
    'expired': (['-V', '20200101:20210101'], 'it has expired'),
    'not yet valid': (['-V', '20980101:20990101'], 'it is not valid before'),
    'of a host': (['-h'], "it is a host's"),
    'other command': (['-O', 'force-command=/bin/sh'], 'its force-command is not'),
    'command and more': (['-O', 'force-command=internal-sftp -R'], 'its force-command is not'),
    'unknown option': (['-O', 'critical:who@example.com=me'],
                       'its critical option "who@example.com" is not known'),
    'other network': (['-O', 'source-address=192.0.2.0/24,198.51.100.1,2001:db8::/32'],
                      'its source-address does not have 127.0.0.1'),
    'no device': (['-O', 'verify-required'], 'its device did not verify'),
}


@pytest.mark.parametrize('case', REFUSALS)
def test_what_is_refused(raw, site, bob, authority, key, public, case):
    options, reason = REFUSALS[case]
    certificate = blob(authority.sign(public, *options, principals=bob.name))
    if case == 'no device':  # which only the proof can show
        connection = raw(site)
        proof(connection, bob.name, key, certificate)
        connection.expect(USERAUTH_FAILURE)
        refused(site, bob.name, reason)
        return
    is_refused(raw, site, bob.name, key, certificate, reason)


def test_principals(raw, site, bob, authority, key, public):
    for principals, reason in ((None, 'it names no principals'),
                               ('other', 'none of its principals'),
                               (bob.name + 'x,' + bob.name[:-1], 'none of its principals')):
        certificate = blob(authority.sign(public, principals=principals))
        connection = raw(site)
        proof(connection, bob.name, key, certificate)
        connection.expect(USERAUTH_FAILURE)
        refused(site, bob.name, reason)
    is_let_in(raw, site, bob.name, key, blob(authority.sign(public, principals=bob.name)))


@pytest.mark.parametrize('options', [
    ['-O', 'source-address=127.0.0.0/8'], ['-O', 'source-address=192.0.2.1,127.0.0.2'],
    ['-O', 'force-command=internal-sftp'], ['-O', 'clear'],
    ['-O', 'extension:more@example.com=x'], ['-V', 'always:forever'],
    ['-z', '18446744073709551615'],
])
def test_what_is_let_in(raw, site, bob, authority, key, public, options):
    certificate = blob(authority.sign(public, *options, principals=bob.name))
    is_let_in(raw, site, bob.name, key, certificate, source='127.0.0.2')


def test_source_address_of_ipv6(servers, accounts, authority, public):
    server = servers({'sftpd': {'trusted_user_ca_keys': ['authorities'], 'bind_address': '::1'}},
                     start=False)
    put(server, 'authorities', authority.line())
    server.launch()
    server.log_message('serving SFTP on')
    bob = accounts(server, key='stranger')
    bob.key = os.path.join(bob.keys, 'id_ed25519')
    for source, good in (('::/64', True), ('2001:db8::/32,::1', True), ('2001:db8::/32', False),
                         ('0.0.0.0/0', False)):
        certificate = authority.sign(public, '-O', f'source-address={source}', principals=bob.name)
        done = bob.sftp('pwd\n', check=False, CertificateFile=certificate, HostName='::1')
        assert (done.returncode == 0) == good, f'{source}: {done.stderr}'
    refused(server, bob.name, 'its source-address does not have ::1')


# ---- whose word it is

def test_a_stranger_s_authority(raw, site, bob, top, key, public):
    certificate = blob(Authority(top).sign(public, principals=bob.name))
    is_refused(raw, site, bob.name, key, certificate, 'its authority is not trusted')


def test_a_changed_certificate(raw, site, bob, authority, key, public):
    good = blob(authority.sign(public, principals='somebody', identity='nobody at all'))
    changed = good.replace(string('somebody'), string((bob.name * 8)[:8]))
    changed = changed.replace(b'nobody at all', b'nobody at ALL')
    assert changed != good
    is_refused(raw, site, bob.name, key, changed, "its authority's signature is wrong")


def test_another_s_certificate(raw, site, bob, authority, keys, public):
    """Whoever has a certificate and not its key."""
    certificate = blob(authority.sign(public, principals=bob.name))
    connection = raw(site)
    proof(connection, bob.name, load_key(os.path.join(keys, 'id_stranger')), certificate)
    connection.expect(USERAUTH_FAILURE)
    refused(site, bob.name, 'the signature is wrong')


def test_a_proof_for_another_connection(raw, site, bob, authority, key, public):
    certificate = blob(authority.sign(public, principals=bob.name))
    connection = raw(site)
    proof(connection, bob.name, key, certificate, session_id=os.urandom(32))
    connection.expect(USERAUTH_FAILURE)


def test_names_that_do_not_fit(raw, site, bob, authority, key, public):
    """A certificate under a plain key's name, of another type, and bytes that are none."""
    certificate = blob(authority.sign(public, principals=bob.name))
    connection = raw(site)
    for data, algorithm in ((certificate, 'ssh-ed25519'),
                            (certificate, 'rsa-sha2-256-cert-v01@openssh.com'),
                            (certificate[:-1], 'ssh-ed25519-cert-v01@openssh.com'),
                            (b'', 'ssh-ed25519-cert-v01@openssh.com')):
        proof(connection, bob.name, key, data, algorithm)
        connection.expect(USERAUTH_FAILURE)
    refused(site, bob.name, 'certificate or algorithm not accepted')


def test_an_authority_does_not_log_in(raw, site, bob, authority):
    connection = raw(site)
    plain_proof(connection, bob.name, load_key(authority.path))
    connection.expect(USERAUTH_FAILURE)


# ---- the account

def filters(server, name, **members):
    path = os.path.join(server.top, 'filters.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump({'filters': members}, file)
    server.cli('user', 'update', name, '--from-json', path)


def test_rules_of_the_account_hold(raw, site, accounts, authority, key, public):
    for name, extra, reason in (
            ('gone', ('--status', '0'), 'is disabled'),
            ('old', ('--expiration-date', '1000'), 'is expired'),
            ('elsewhere', ('--allowed-ip', '192.0.2.0/24'), 'may not log in from'),
            ('nokeys', (), 'login method publickey is denied')):
        accounts(site, name=name, key='stranger', extra=extra)
        if name == 'nokeys':
            filters(site, name, denied_login_methods=['publickey'])
        certificate = blob(authority.sign(public, principals=name))
        is_refused(raw, site, name, key, certificate, reason)
    certificate = blob(authority.sign(public, principals='never'))
    is_refused(raw, site, 'never', key, certificate, 'does not exist')


def test_an_authority_of_one_account(raw, site, accounts, top, key, public):
    own = Authority(top)
    line = own.line()
    for name, options, principals, good in (
            ('anna', 'cert-authority', 'anna', True),
            ('berta', 'cert-authority', 'anna', False),
            ('carla', 'cert-authority,principals="web,ops"', 'ops', True),
            ('dora', 'cert-authority,principals="web,ops"', 'dora', False),
            ('emma', 'no-pty,CERT-AUTHORITY,restrict', 'emma', True)):
        accounts(site, name=name, key=None, extra=('--key', f'{options} {line}'))
        certificate = blob(own.sign(public, principals=principals))
        if good:
            is_let_in(raw, site, name, key, certificate)
        else:
            is_refused(raw, site, name, key, certificate, 'none of its principals')
        connection = raw(site)
        plain_proof(connection, name, load_key(own.path))
        connection.expect(USERAUTH_FAILURE)
    done = site.cli('user', 'add', 'frieda', '--home', site.home('frieda'), '--key',
                    f'cert-authority,from="192.0.2.1" {line}', check=False)
    assert done.returncode != 0 and 'could not parse key nr. 0' in done.stderr


def test_a_certificate_as_a_key(raw, site, accounts, top, key, public):
    """Compared byte for byte, as ever; what it limits itself holds."""
    stranger = Authority(top)
    path = stranger.sign(public, principals='whoever')
    with open(path, encoding='utf-8') as file:
        accounts(site, name='listed', key=None, extra=('--key', file.read().strip()))
    is_let_in(raw, site, 'listed', key, blob(path))
    other = blob(stranger.sign(public, principals='listed'))
    is_refused(raw, site, 'listed', key, other, 'its authority is not trusted')
    connection = raw(site)
    plain_proof(connection, 'listed', key)
    connection.expect(USERAUTH_FAILURE)


def test_a_password_after_the_certificate(raw, site, accounts, authority, key, public):
    accounts(site, name='careful', key='stranger', password='the second step')
    filters(site, 'careful', required_methods=[['publickey', 'password']])
    certificate = blob(authority.sign(public, principals='careful'))
    connection = raw(site)
    proof(connection, 'careful', key, certificate)
    answer = Reader(connection.expect(USERAUTH_FAILURE)[1:])
    assert (answer.string(), answer.u8()) == (b'password', 1)
    connection.password('careful', 'the second step')
    connection.expect(USERAUTH_SUCCESS)


# ---- revoked

def spec(top, name, *lines):
    path = os.path.join(top, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(''.join(line + '\n' for line in lines))
    return path


def text_of(path):
    with open(path, encoding='utf-8') as file:
        return file.read().strip()


def krl(server, *arguments, authority=None):
    path = os.path.join(server.dir, 'revoked')
    signer = ['-s', authority.public] if authority else []
    keygen('-k', '-f', path, *signer, *arguments)
    os.chmod(path, 0o644)


def fingerprint(path):
    return keygen('-l', '-f', path).split()[1]


WAYS = {
    'key': ('its key', lambda c, p, a: [text_of(p)]),
    'word key': ('its key', lambda c, p, a: ['key: ' + text_of(p)]),
    'fingerprint': ('its key', lambda c, p, a: [fingerprint(p)]),
    'word hash': ('its key', lambda c, p, a: ['hash: ' + fingerprint(c)]),
    'authority': ('its authority', lambda c, p, a: [fingerprint(a.public)]),
    'certificate': ('the certificate itself', lambda c, p, a: [text_of(c)]),
    'serial': ('its serial number', lambda c, p, a: ['serial: 77']),
    'serials': ('its serial number', lambda c, p, a: ['serial: 1-76', 'serial: 77-78']),
    'id': ('its key id', lambda c, p, a: ['id: lost laptop']),
    'json': ('its key', lambda c, p, a: [json.dumps(['serial: 1', fingerprint(p)])]),
}
LISTS = {
    'list of keys': ('its key', lambda c, p, a: ([p], None)),
    'list of certificates': ('its serial number', lambda c, p, a: ([c], a)),
    'list of fingerprints': ('its key', lambda c, p, a: (['sha256: ' + text_of(p)], None)),
    'list of old fingerprints': ('its key', lambda c, p, a: (['sha1: ' + text_of(p)], None)),
    'list of serials': ('its serial number', lambda c, p, a: (['serial: 70-90'], a)),
    'list of many serials': ('its serial number', lambda c, p, a: (
        [f'serial: {n}' for n in range(65, 1065, 4)], a)),
    'list of ids': ('its key id', lambda c, p, a: (['id: lost laptop'], a)),
}


@pytest.fixture(scope='module')
def revoking(host_keys, authority, top):
    made = Servers(host_keys)
    yield start(made, [authority, Authority(top)])
    made.finish()


@pytest.fixture(scope='module')
def suspect(revoking, authority, keys):
    """A user with a certificate that is good until something of it is revoked: name, path."""
    revoking.add_user('suspect', keys=[os.path.join(keys, 'id_stranger.pub')])
    return 'suspect', authority.sign(os.path.join(keys, 'id_ed25519.pub'), '-z', '77',
                                     principals='suspect', identity='lost laptop')


@pytest.mark.parametrize('way', [*WAYS, *LISTS])
def test_revoked(raw, revoking, suspect, authority, top, key, keys, public, way):
    name, path = suspect
    if way in WAYS:
        what, entries = WAYS[way]
        put(revoking, 'revoked', *entries(path, public, authority))
    else:
        what, entries = LISTS[way]
        lines, signer = entries(path, public, authority)
        files = [lines[0]] if os.path.exists(lines[0]) else [spec(top, 'spec', *lines)]
        krl(revoking, *files, authority=signer)
    assert 'was read again' in reload(revoking)['message']
    is_refused(raw, revoking, name, key, blob(path), what + ' is revoked')
    # What it does not name still comes in.
    if way != 'authority':
        other = os.path.join(keys, 'id_stranger')
        certificate = blob(authority.sign(other + '.pub', '-z', '99', principals=name))
        is_let_in(raw, revoking, name, load_key(other), certificate)


def test_nothing_is_revoked(raw, revoking, suspect, key):
    put(revoking, 'revoked')
    reload(revoking)
    is_let_in(raw, revoking, suspect[0], key, blob(suspect[1]))


def test_a_revoked_plain_key(raw, revoking, accounts, key, public):
    bob = accounts(revoking)
    put(revoking, 'revoked', fingerprint(public))
    reload(revoking)
    connection = raw(revoking)
    connection.key_offer(bob.name, key)
    connection.expect(USERAUTH_FAILURE)
    connection.key_proof(bob.name, key)
    connection.expect(USERAUTH_FAILURE)
    refused(revoking, bob.name, 'the key is revoked')


def test_authorities_change_while_sessions_go_on(raw, revoking, accounts, authority, top, key,
                                                 public):
    bob = accounts(revoking, key='stranger')
    second = Authority(top)
    put(revoking, 'revoked')
    reload(revoking)
    old, new = (blob(a.sign(public, principals=bob.name)) for a in (authority, second))
    held = raw(revoking)
    proof(held, bob.name, key, old)
    held.expect(USERAUTH_SUCCESS)
    held.sftp()
    is_refused(raw, revoking, bob.name, key, new, 'its authority is not trusted')
    put(revoking, 'authorities', second.line())
    reload(revoking)
    is_let_in(raw, revoking, bob.name, key, new)
    is_refused(raw, revoking, bob.name, key, old, 'its authority is not trusted')
    held.data(b'\0\0\0\x0a\x10\0\0\0\x01\0\0\0\x01.')
    assert held.read()[0] in (93, 94), 'the session of the old authority goes on'
    # A file with a mistake changes nothing.
    for name, text in (('authorities', 'no key'), ('revoked', 'serial: 0'),
                       ('revoked', 'SHA256:short'), ('revoked', '["serial: 1", 5]'),
                       ('revoked', 'SSHKRL\n\0')):
        before = text_of(os.path.join(revoking.dir, name))
        put(revoking, name, text)
        assert 'nothing has changed' in reload(revoking)['message']
        put(revoking, name, before)
    is_let_in(raw, revoking, bob.name, key, new)
    put(revoking, 'authorities', authority.line())
    reload(revoking)


# ---- mistakes at the start

@pytest.mark.parametrize('files, settings, words', [
    ({}, {'trusted_user_ca_keys': ['none']}, ('trusted_user_ca_keys', 'none', 'name a file')),
    ({'ca': '# nothing'}, {'trusted_user_ca_keys': ['ca']}, ('it has no key',)),
    ({'ca': 'no-pty ssh-ed25519 AAAA'}, {'trusted_user_ca_keys': ['ca']}, ('line 1',)),
    ({}, {'revoked_user_certs_file': 'none'}, ('revoked_user_certs_file', 'none')),
    ({'revoked': '\nserial: x'}, {'revoked_user_certs_file': 'revoked'},
     ('line 2 is no public key',)),
])
def test_the_start_names_the_file(servers, files, settings, words):
    server = servers({'sftpd': settings}, start=False)
    for name, text in files.items():
        put(server, name, text)
    server.launch()
    assert server.process.wait(60) == 1
    server.stopped = 1
    for word in words:
        assert word in server.error_text()
