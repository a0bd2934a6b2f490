"""The description of the REST API is what the server does, for whoever asks and whatever is asked.
"""
import json
import os
import re
import time
import urllib.parse

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import openapi_document
from conftest import Servers
from http_api import Api, with_http
from openapi_document import ANYTHING, DOCUMENT, OPERATIONS, TEXTS, instances, resolve, validator
from postern_server import wait_until

ROUTES = os.path.join(os.path.dirname(__file__), '../../src/worker/http_rest.c')
PASSWORD = 'a long password'
AREAS = [area for area in DOCUMENT['components']['schemas']['Area']['enum'] if area != '*']
STRANGE_METHODS = ['PATCH', 'TRACE', 'HEAD', 'OPTIONS', 'BREW', 'get', 'GET', 'PUT', 'POST',
                   'DELETE']
# what the contract answers with 500
MAY_FAIL = {'addUser', 'dumpData', 'loadData'}


def test_each_route_is_in_the_document_and_the_reverse():
    with open(ROUTES, encoding='utf-8') as file:
        table = set(re.findall(r'\{ "(GET|POST|PUT|DELETE|\*)", "(/[^"]*)"', file.read()))
    assert {(method.replace('*', 'GET'), path) for method, path in table} == {
        (one.method, one.path) for one in OPERATIONS}
    assert len({one.id for one in OPERATIONS}) == len(OPERATIONS) == len(table)


def examples(node, schema=None):
    """(schema, example) of everything below a node that has one."""
    if isinstance(node, list):
        for one in node:
            yield from examples(one)
    elif isinstance(node, dict):
        if 'example' in node and not isinstance(node['example'], dict) or 'type' in node or (
                'allOf' in node):
            if 'example' in node:
                yield node.get('schema', node), node['example']
        for key, one in node.items():
            if key != 'example':
                yield from examples(one)


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get('$ref'), str):
            yield node['$ref']
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from references(one)


def test_examples_and_references_hold():
    found = list(examples(DOCUMENT))
    assert len(found) > 10
    for schema, example in found:
        if isinstance(example, str) and 'type' in resolve(schema):
            example = urllib.parse.unquote(example)
        validator(schema).validate(example)
    used = set(references(DOCUMENT))
    for kind in ('schemas', 'responses', 'parameters'):
        for name in DOCUMENT['components'][kind]:
            assert f'#/components/{kind}/{name}' in used, f'{name} is not used'
    for reference in used:
        resolve({'$ref': reference})
    for one in OPERATIONS:
        assert one.is_open or one.area in AREAS + ['any'], one
        assert {piece['name'] for piece in one.in_path} == set(re.findall('{(.*?)}', one.path))


# ---- a server with an administrator, who is asked for


@pytest.fixture(scope='module')
def shared(host_keys):
    made = Servers(host_keys)
    config = with_http()
    server = made(config)
    server.cli('admin', 'add', 'keeper', '--password-stdin', stdin=PASSWORD + '\n')
    server.key = server.cli('admin', 'key', 'add', 'keeper', 'all').stdout.strip()
    server.api = Api(config).wait()
    yield server
    made.finish()


class Caller:
    """Somebody, by these fields of a request."""

    def __init__(self, server, **fields):
        self.api, self.fields = server.api, fields
        self.connection = server.api.connect()

    def ask(self, method, path, body=None, **fields):
        return self.api.ask(method, path, body, connection=self.connection,
                            **{**self.fields, **fields})


def body_of(one):
    """One that is understood, and changes nothing where it can be so."""
    return {} if one.body else None


def test_the_document_is_served_to_everybody(shared):
    answer = shared.api.ask('GET', '/openapi.yaml')
    assert answer.status == 200 and answer.headers['Content-Type'] == 'application/yaml'
    with open(openapi_document.PATH, 'rb') as file:
        assert answer.body == file.read()
    assert shared.api.ask('GET', '/openapi.yaml', Origin='http://evil.example').status == 403


# ---- who may do what


@pytest.mark.parametrize('area', AREAS)
def test_an_area_opens_what_needs_it_and_nothing_else(shared, area):
    keeper = Caller(shared, X_API_Key=shared.key)
    made = keeper.ask('POST', '/api/v1/key', {
        'username': 'keeper', 'name': f'only {area}', 'areas': [area]}).json
    caller = Caller(shared, Authorization='Bearer ' + made['key'])
    for one in OPERATIONS:
        answer = caller.ask(one.method, one.address(), body_of(one))
        one.check(answer)
        if one.is_open or one.area in (area, 'any'):
            assert answer.status not in (401, 403), one
        else:
            assert answer.status == 403, one


def nobodies(shared):
    """Callers who must not get anything, and the status that says so to each."""
    keeper = Caller(shared, X_API_Key=shared.key)
    revoked = keeper.ask('POST', '/api/v1/key', {'username': 'keeper', 'name': 'old'}).json['key']
    assert keeper.ask('DELETE', '/api/v1/key/keeper/old').status == 200
    expired = keeper.ask('POST', '/api/v1/key', {
        'username': 'keeper', 'name': 'short',
        'expires': int(time.time() * 1000) + 500}).json['key']
    wait_until(lambda: keeper.ask('GET', '/api/v1/self', X_API_Key=expired).status == 401,
               'the key expires')
    login = shared.api.ask('POST', '/api/v1/login', {'username': 'keeper', 'password': PASSWORD})
    cookie = login.headers['Set-Cookie'].split(';')[0]
    wrong = Api({'httpd': {'bind_port': shared.api.port}}, 'keeper', 'wrong')
    yield {}, (401,)
    yield wrong.headers, (401, 429)
    yield {'Authorization': 'Basic !!!'}, (401,)
    yield {'Authorization': 'Bearer postern-key-00'}, (401,)
    yield {'Authorization': 'Bearer ' + revoked}, (401,)
    yield {'X_API_Key': expired}, (401,)
    yield {'Cookie': 'postern_session=postern-session-00'}, (401,)
    yield {'Cookie': cookie.replace('=', '=x')}, (401,)
    yield {'Cookie': cookie}, (403,)
    yield {'Cookie': cookie, 'X_CSRF_Token': 'x'}, (403,)


def test_nothing_answers_whom_it_does_not_know(shared):
    for fields, statuses in nobodies(shared):
        caller = Caller(shared, **fields)
        for one in OPERATIONS:
            reads = one.method == 'GET' and one.id not in ('dumpData', 'loadData')
            if one.is_open or (reads and statuses == (403,)):
                continue
            answer = caller.ask(one.method, one.address(), body_of(one))
            assert answer.status in statuses, (one, fields)
            one.check(answer)
            assert len(answer.body) < 200, one


def test_methods_that_there_are_not(shared):
    known = Caller(shared, X_API_Key=shared.key)
    for path in DOCUMENT['paths']:
        methods = {one.method for one in OPERATIONS if one.path == path}
        one = next(one for one in OPERATIONS if one.path == path)
        for method in STRANGE_METHODS:
            if method in methods:
                continue
            for caller in (known, Caller(shared)):
                answer = caller.ask(method, one.address())
                if path == '/metrics':
                    assert answer.status == (200 if caller is known else 401), method
                elif method == 'HEAD':
                    assert answer.status == 405 and answer.body == b''
                elif path == '/openapi.yaml':
                    assert answer.status == 405
                else:
                    assert answer.json == {'error': '', 'message': 'Method not allowed',
                                           'status': 405}


# ---- whatever is asked


def bodies(schema):
    """Valid ones, ones with a member that is something else, and bytes that are no JSON at all."""
    valid = instances(schema)
    mutated = st.tuples(valid, TEXTS, ANYTHING, st.randoms()).map(mutate)
    texts = st.one_of(valid, mutated, ANYTHING).map(
        lambda value: json.dumps(value).encode())
    broken = st.tuples(texts, st.integers(0, 60)).map(lambda pair: pair[0][:pair[1]])
    return st.one_of(texts, texts, broken, st.binary(max_size=40), st.sampled_from([
        b'', b'[' * 100000, b'{"a":' * 100000, b'{"username":"\xff\xfe"}', b'{"a":1,"a":2}',
        b'{"uid":1e400}', b'{"uid":' + b'9' * 5000 + b'}', b'\x00', b'{"username":"\\ud800"}',
        b'{"password":"' + b'p' * 60000 + b'"}']))


def mutate(parts):
    value, name, other, random = parts
    if not isinstance(value, dict):
        return other
    changed = dict(value)
    changed[random.choice(list(value) or [name])] = other
    return changed


def queries(parameters):
    return st.fixed_dictionaries({}, optional={
        one['name']: st.one_of(TEXTS, instances(one['schema']).map(str)) for one in parameters})


def pieces(one):
    return st.fixed_dictionaries({piece['name']: st.one_of(
        TEXTS, instances(piece['schema']).map(str), st.just('192.0.2.0/24'))
        for piece in one.in_path})


def means(text, number):
    try:
        return int(text) == number
    except ValueError:
        return False


@pytest.fixture(scope='module')
def watched(shared):
    """An account that no request may touch."""
    caller = Caller(shared, X_API_Key=shared.key)
    answer = caller.ask('POST', '/api/v1/user', {
        'username': 'watched', 'password': 'pw', 'home_dir': '/tmp/watched', 'status': 1,
        'permissions': {'/': ['*']}})
    assert answer.status == 200
    return answer.json


@pytest.mark.parametrize('one', OPERATIONS, ids=lambda one: one.id)
def test_whatever_is_asked(shared, watched, one):
    caller = Caller(shared, X_API_Key=shared.key)

    @settings(max_examples=40, deadline=None, database=None, derandomize=True,
              phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.data())
    def run(data):
        values = data.draw(pieces(one)) if one.in_path else {}
        assume(all(values.values()) and not means(values.get('id', ''), watched['id']))
        assume(values.get('username') != 'keeper')
        query = data.draw(queries(one.in_query)) if one.in_query else {}
        body = data.draw(bodies(one.body)) if one.body else None
        address = one.address(**values) + ('?' + urllib.parse.urlencode(query) if query else '')
        assume(len(address) < 8000)
        answer = caller.ask(one.method, address, body)
        one.check(answer)
        assert answer.status < 500 or answer.status == 507 or one.id in MAY_FAIL, answer.body
    run()
    path = f'/api/v1/user/{watched["id"]}'
    assert caller.ask('GET', path).json == watched
    assert shared.process.poll() is None
