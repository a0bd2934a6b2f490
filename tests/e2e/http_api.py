"""A client of the REST API for the tests: one request a call, or bytes that break the rules."""
import base64
import http.client
import json
import socket
import ssl

from postern_server import PATIENCE, free_port, wait_until


def with_http(config=None, **httpd):
    """Settings with an HTTP server on a free port."""
    settings = dict(config or {})
    settings['httpd'] = {'bind_port': free_port(), 'bind_address': '127.0.0.1', **httpd}
    return settings


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def json(self):
        assert self.headers['Content-Type'] == 'application/json; charset=utf-8'
        assert self.body.endswith(b'\n')
        return json.loads(self.body)


class Api:
    """The API of a server that was started with with_http(); as `user` when it is given."""

    def __init__(self, config, user=None, password='', tls=None):
        self.port, self.tls = config['httpd']['bind_port'], tls
        self.headers = {}
        if user is not None:
            token = base64.b64encode(f'{user}:{password}'.encode()).decode()
            self.headers['Authorization'] = f'Basic {token}'

    def connect(self):
        if self.tls is not None:
            return http.client.HTTPSConnection('127.0.0.1', self.port, timeout=PATIENCE,
                                               context=self.tls)
        return http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)

    def wait(self):
        """Until the server answers at all."""
        def answers():
            try:
                return self.ask('GET', '/') is not None
            except (OSError, http.client.HTTPException):
                return False
        wait_until(answers, 'the API answers')
        return self

    def ask(self, method, path, body=None, connection=None, **headers):
        """path is below /api/v1 unless it is an absolute one of another kind ('/metrics')."""
        if not path.startswith('/'):
            path = '/api/v1/' + path
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        own = connection is None
        connection = connection or self.connect()
        names = {name.replace('_', '-'): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {**self.headers, **names})
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            if own:
                connection.close()

    def raw(self, data):
        """Sends bytes, and returns all that comes back until the server closes."""
        with socket.create_connection(('127.0.0.1', self.port), timeout=PATIENCE) as plain:
            try:
                plain.sendall(data)
                plain.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            answer = b''
            while True:
                try:
                    piece = plain.recv(65536)
                except ConnectionResetError:
                    return answer
                if not piece:
                    return answer
                answer += piece

    def raw_status(self, data):
        """The statuses of all answers to these bytes."""
        return [int(part.split(b' ', 1)[0]) for part in self.raw(data).split(b'HTTP/1.1 ')[1:]]


def trusting(certificate, **versions):
    """A TLS context that trusts this certificate and no other."""
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    for name, version in versions.items():
        setattr(context, name, version)
    return context
