"""One-time codes: enrolled by the command line."""
import base64
import hashlib
import hmac
import json
import struct
import time
import urllib.parse

import pytest


@pytest.fixture
def own(servers):
    return servers()


def code_of(secret, when=None, algorithm='SHA1', digits=6):
    """RFC 6238, written apart from the server's."""
    key = base64.b32decode(secret + '=' * (-len(secret) % 8))
    step = struct.pack('>Q', int(when if when is not None else time.time()) // 30)
    mac = hmac.new(key, step, getattr(hashlib, algorithm.lower())).digest()
    offset = mac[-1] & 15
    return str((int.from_bytes(mac[offset:offset + 4], 'big') & 0x7fffffff) % 10**digits).zfill(
        digits)


def enrol(server, name, *options):
    return json.loads(server.cli('user', 'totp', 'enrol', name, *options, '--json').stdout)


def show(server, name):
    return json.loads(server.cli('user', 'totp', 'show', name, '--json').stdout)


def test_enrol_show_disable(own, accounts):
    accounts(own, name='bob')
    assert show(own, 'bob')['enabled'] is False
    enrolled = enrol(own, 'bob', '--algorithm', 'SHA256', '--digits', '8')
    uri = urllib.parse.urlparse(enrolled['uri'])
    query = urllib.parse.parse_qs(uri.query)
    assert (uri.scheme, uri.netloc, uri.path) == ('otpauth', 'totp', '/Postern:bob')
    assert query == {'secret': [enrolled['secret']], 'issuer': ['Postern'],
                     'algorithm': ['SHA256'], 'digits': ['8'], 'period': ['30']}
    assert len(code_of(enrolled['secret'], algorithm='SHA256', digits=8)) == 8
    assert len(set(enrolled['recovery_codes'])) == 10
    assert show(own, 'bob') == {'username': 'bob', 'enabled': True, 'algorithm': 'SHA256',
                                'digits': 8, 'recovery_codes_left': 10}
    # What opens the account is in no other answer.
    for answer in (own.cli('user', 'show', 'bob', '--json').stdout,
                   own.cli('user', 'list', '--json').stdout, own.log_text()):
        assert enrolled['secret'] not in answer and '$aes$' not in answer
        assert not any(code in answer for code in enrolled['recovery_codes'])
    assert json.loads(own.cli('user', 'show', 'bob', '--json').stdout)['filters']['totp'] == {
        'algorithm': 'SHA256', 'digits': 8}

    again = own.cli('user', 'totp', 'enrol', 'bob', check=False)
    assert again.returncode == 1 and 'disable' in again.stderr
    # Other changes of the account keep them.
    own.cli('user', 'update', 'bob', '--max-sessions', '3')
    assert show(own, 'bob')['enabled'] is True
    own.cli('user', 'totp', 'disable', 'bob')
    assert show(own, 'bob') == {'username': 'bob', 'enabled': False, 'algorithm': '',
                                'digits': 0, 'recovery_codes_left': 0}


def test_enrolment_for_people(own, accounts):
    accounts(own, name='bob')
    text = own.cli('user', 'totp', 'enrol', 'bob').stdout
    assert 'otpauth://totp/Postern:bob?secret=' in text and 'Recovery codes' in text


@pytest.mark.parametrize('arguments, status', [
    (['enrol', 'nobody-here'], 1), (['show', 'nobody-here'], 1), (['disable', 'nobody-here'], 1),
    (['enrol'], 2), ([], 2), (['forget', 'bob'], 2), (['enrol', 'bob', '--digits', '5'], 2),
    (['enrol', 'bob', '--digits', '9'], 2)])
def test_wrong_arguments(server, arguments, status):
    assert server.cli('user', 'totp', *arguments, check=False).returncode == status


def test_impossible_kinds(own, accounts):
    accounts(own, name='bob')
    for options in (['--algorithm', 'MD5'], ['--digits', '7']):
        done = own.cli('user', 'totp', 'enrol', 'bob', *options, check=False)
        assert done.returncode == 1 and done.stderr
    assert show(own, 'bob')['enabled'] is False
