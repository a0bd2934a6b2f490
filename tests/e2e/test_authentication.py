"""Who gets in, who does not, and that a refusal tells nothing."""
import os
import socket
import time

import pytest

from raw_ssh import (CHANNEL_OPEN, Closed, DEBUG, DISCONNECT, IGNORE, KEXINIT, NEWKEYS, RawSsh,
                     Reader, SERVICE_REQUEST, UNIMPLEMENTED, USERAUTH_BANNER, USERAUTH_FAILURE,
                     USERAUTH_PK_OK, USERAUTH_SUCCESS, load_key, string, u32)

GOOD, BAD = 'the right one', 'the wrong one'


def methods(payload):
    reader = Reader(payload[1:])
    return reader.string().decode().split(','), reader.u8()


@pytest.fixture
def raw(server):
    made = []

    def connect(to=None, **options):
        connection = RawSsh((to or server).port, **options)
        made.append(connection)
        return connection
    yield connect
    for connection in made:
        connection.close()


@pytest.fixture
def stranger(keys):
    return load_key(os.path.join(keys, 'id_stranger'))


def test_none_lists_the_methods(account, raw):
    connection = raw().ready()
    connection.auth(account.name, 'none')
    names, partial = methods(connection.expect(USERAUTH_FAILURE))
    assert names == ['password', 'publickey', 'keyboard-interactive'] and partial == 0


def test_key_offer_and_proof(account, raw):
    connection = raw().ready()
    key = load_key(account.key)
    connection.key_offer(account.name, key)
    connection.expect(USERAUTH_PK_OK)
    connection.key_proof(account.name, key)
    connection.expect(USERAUTH_SUCCESS)
    connection.sftp()


def test_an_offer_alone_is_no_login(account, raw):
    connection = raw().ready()
    connection.key_offer(account.name, load_key(account.key))
    connection.expect(USERAUTH_PK_OK)
    connection.send(bytes([CHANNEL_OPEN]) + string('session') + u32(0) + u32(1 << 20) + u32(32768))
    assert connection.expect_end() is None or connection.seen[-1][0] == DISCONNECT


def test_a_proof_for_another_connection_fails(account, raw):
    connection = raw().ready()
    connection.key_proof(account.name, load_key(account.key), session_id=os.urandom(32))
    connection.expect(USERAUTH_FAILURE)


def test_a_proof_for_another_user_fails(accounts, raw):
    one, two = accounts(), accounts(key=None, password=GOOD)
    connection = raw().ready()
    connection.key_proof(two.name, load_key(one.key), signed_user=one.name)
    connection.expect(USERAUTH_FAILURE)


def answers(connection, act):
    """The payloads that the server sends from here to its answer."""
    before = len(connection.seen)
    act(connection)
    connection.expect(USERAUTH_FAILURE)
    return connection.seen[before:]


def refused_accounts(accounts, server):
    """An account for each reason to refuse: name -> password that would otherwise be right."""
    yesterday = str(int((time.time() - 86400) * 1000))
    accounts(server, name='known', password=GOOD)
    accounts(server, name='disabled', password=GOOD, extra=['--status', '0'])
    accounts(server, name='expired', password=GOOD, extra=['--expiration-date', yesterday])
    accounts(server, name='keyless', key=None, password=GOOD)
    return {'known': BAD, 'unknown': GOOD, 'disabled': GOOD, 'expired': GOOD, 'keyless': BAD}


def test_refusals_are_byte_for_byte_the_same(servers, accounts, raw, stranger, keys):
    server = servers()
    cases = refused_accounts(accounts, server)
    key = load_key(os.path.join(keys, 'id_ed25519'))
    seen = {}
    for name, password in cases.items():
        connection = raw(server).ready()
        offered = stranger if name in ('known', 'unknown') else key
        seen[name] = [answers(connection, act) for act in (
            lambda c: c.auth(name, 'none'),
            lambda c: c.password(name, password),
            lambda c: c.password(name, ''),
            lambda c: c.key_offer(name, offered),
            lambda c: c.key_proof(name, offered))]
    for name, payloads in seen.items():
        assert payloads == seen['unknown'], name


@pytest.mark.plain_only
@pytest.mark.parametrize('tries', [1, 3, 6])
def test_attempts_are_limited(servers, raw, tries):
    """At n failures the connection ends; the first `none` is free."""
    server = servers({'sftpd': {'max_auth_tries': 0 if tries == 6 else tries}})
    connection = raw(server).ready()
    connection.auth('nobody-here', 'none')
    connection.expect(USERAUTH_FAILURE)
    for _ in range(tries - 1):
        connection.password('nobody-here', BAD)
        connection.expect(USERAUTH_FAILURE)
    connection.password('nobody-here', BAD)
    reason = connection.expect_end()
    assert reason is not None and Reader(reason[1:]).u32() == 2
    assert b'too many authentication failures' in reason.lower()


def test_refused_key_offers_count(servers, raw, stranger):
    server = servers({'sftpd': {'max_auth_tries': 2}})
    connection = raw(server).ready()
    connection.key_offer('nobody-here', stranger)
    connection.expect(USERAUTH_FAILURE)
    connection.key_offer('nobody-here', stranger)
    assert connection.expect_end() is not None


def test_login_banner(servers, accounts, raw):
    server = servers(start=False)
    with open(os.path.join(server.dir, 'banner.txt'), 'w', encoding='utf-8') as file:
        file.write('Welcome, and behave.\n')
    os.chmod(os.path.join(server.dir, 'banner.txt'), 0o644)
    server.configure({'sftpd': {'login_banner_file': 'banner.txt'}})
    server.start()
    account = accounts(server)
    connection = raw(server).ready()
    connection.auth(account.name, 'none')
    assert b'Welcome, and behave.' in connection.expect(USERAUTH_BANNER)
    connection.expect(USERAUTH_FAILURE)
    connection.key_proof(account.name, load_key(account.key))
    connection.expect(USERAUTH_SUCCESS)


@pytest.mark.parametrize('name', ['', 'x' * 1024, '../../etc/passwd', 'a\nb', '\u00fc', "' OR 1=1"],
                         ids=['empty', 'long', 'path', 'newline', 'umlaut', 'quote'])
def test_odd_user_names(raw, name):
    connection = raw().ready()
    connection.password(name, GOOD)
    connection.expect(USERAUTH_FAILURE)


@pytest.mark.parametrize('payload', [
    bytes([USERAUTH_SUCCESS]), bytes([CHANNEL_OPEN]) + string('session') + u32(0) * 3,
    bytes([94]) + u32(0) + string('data'), bytes([80]) + string('x') + b'\1',
    bytes([USERAUTH_FAILURE]) + string('') + b'\0', bytes([NEWKEYS])],
    ids=['success', 'channel-open', 'channel-data', 'global', 'failure', 'newkeys'])
def test_what_must_not_come_before_login(account, raw, payload):
    """libssh and others acted on such messages; here each one ends the connection."""
    connection = raw().ready()
    connection.send(payload)
    connection.expect_end()
    assert USERAUTH_SUCCESS not in [seen[0] for seen in connection.seen]


@pytest.mark.parametrize('kind', [0, 99, 192, 200, 255])
def test_unknown_messages_before_login(raw, kind):
    """Answered with UNIMPLEMENTED (RFC 4253 section 11.4) or the end, and nothing else."""
    connection = raw().ready()
    connection.send(bytes([kind]))
    try:
        answer = connection.read()
    except Closed:
        return
    assert answer[0] in (UNIMPLEMENTED, DISCONNECT)


@pytest.mark.parametrize('extra', [
    bytes([IGNORE]) + string('x'), bytes([DEBUG]) + b'\0' + string('x') + string(''),
    bytes([SERVICE_REQUEST]) + string('ssh-userauth'), bytes([KEXINIT])],
    ids=['ignore', 'debug', 'service', 'kexinit'])
def test_strict_key_exchange(raw, extra):
    """With strict key exchange nothing may stand between KEXINIT and NEWKEYS (Terrapin)."""
    connection = raw()
    with pytest.raises((Closed, AssertionError)):
        connection.hello().exchange(before_newkeys=extra)
        connection.send(bytes([SERVICE_REQUEST]) + string('ssh-userauth'))
        connection.expect(6)


@pytest.mark.parametrize('greeting', [
    b'GET / HTTP/1.1\r\n\r\n', b'SSH-1.5-old\r\n', b'SSH-2.0-\0\r\n', b'x' * 100_000, b'\r\n' * 5000],
    ids=['http', 'version-1', 'nul', 'endless', 'empty-lines'])
def test_wrong_greetings(account, raw, greeting):
    connection = raw()
    try:
        connection.socket.sendall(greeting)
        connection.socket.shutdown(socket.SHUT_WR)
        connection.expect_end()
    except (Closed, OSError, AssertionError):
        pass
    account.sftp('pwd\n')
