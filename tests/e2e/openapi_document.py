"""The description of the REST API, for tests: operations, schemas, requests made from it."""
import os
import urllib.parse

import jsonschema
import yaml
from hypothesis import strategies as st

PATH = os.path.join(os.path.dirname(__file__), '../../docs/api/openapi.yaml')
with open(PATH, encoding='utf-8') as _file:
    DOCUMENT = yaml.safe_load(_file)
METHODS = ('get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace')


def resolve(node):
    """The node, or what it refers to."""
    while '$ref' in node and len(node) == 1:
        target = DOCUMENT
        for name in node['$ref'].removeprefix('#/').split('/'):
            target = target[name]
        node = target
    return node


def validator(schema):
    """Of JSON Schema 2020-12, which OpenAPI 3.1 uses; references lead into the document."""
    whole = {'$ref': '#/schema', 'schema': schema, 'components': DOCUMENT['components']}
    return jsonschema.Draft202012Validator(whole)


class Operation:
    def __init__(self, path, method, node):
        self.path, self.method, self.node = path, method.upper(), node
        self.id, self.area = node['operationId'], node.get('x-area')
        parameters = [resolve(one) for one in node.get('parameters', [])]
        self.in_path = [one for one in parameters if one['in'] == 'path']
        self.in_query = [one for one in parameters if one['in'] == 'query']
        self.is_open = node.get('security') == [{}]
        body = node.get('requestBody')
        self.body = body and body['content']['application/json']['schema']

    def __repr__(self):
        return f'{self.method} {self.path}'

    def address(self, **values):
        """The path, with these values or else the examples in it."""
        path = self.path
        for one in self.in_path:
            value = values.get(one['name'], urllib.parse.unquote(str(one['example'])))
            path = path.replace('{%s}' % one['name'], urllib.parse.quote(str(value), safe=''))
        return path

    def check(self, answer):
        """The status is in the document, and the body is as it is there."""
        found = self.node['responses'].get(str(answer.status))
        assert found is not None, f'{self!r}: {answer.status} is not in the document'
        (kind, content), = resolve(found)['content'].items()
        assert answer.headers['Content-Type'].split(';')[0] == kind, repr(self)
        if kind == 'application/json':
            validator(content['schema']).validate(answer.json)
            if answer.status >= 400:
                assert answer.json['status'] == answer.status


OPERATIONS = [Operation(path, method, node) for path, item in DOCUMENT['paths'].items()
              for method, node in item.items() if method in METHODS]

# ---- requests

TEXTS = st.one_of(st.text(max_size=20), st.sampled_from([
    '', '/', '*', '..', '../../etc', '\x00', '\u202e', '%', "' OR 1=1 --", '$(id)', 'a' * 5000]))
NUMBERS = st.one_of(st.integers(-3, 100), st.sampled_from([
    2 ** 31, 2 ** 53, 2 ** 63 - 1, -2 ** 63, 10 ** 30]))
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8)


def instances(schema):
    """Values that a schema allows, or nearly: lengths and patterns are not looked at."""
    schema = resolve(schema)
    if 'enum' in schema:
        return st.sampled_from(schema['enum'])
    properties = dict(schema.get('properties', {}))
    for part in schema.get('allOf', []):
        properties.update(resolve(part).get('properties', {}))
    kind = schema.get('type')
    if properties:
        required = set(schema.get('required', []))
        return st.fixed_dictionaries(
            {name: instances(properties[name]) for name in sorted(required)},
            optional={name: st.deferred(lambda part=part: instances(part))
                      for name, part in properties.items() if name not in required})
    if kind == 'object':
        return st.dictionaries(TEXTS, instances(schema.get('additionalProperties', {})),
                               max_size=3)
    if kind == 'array':
        return st.lists(instances(schema['items']), max_size=3)
    return {'integer': NUMBERS, 'string': TEXTS, 'boolean': st.booleans()}.get(kind, ANYTHING)
