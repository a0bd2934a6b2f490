#!/usr/bin/python3
"""A PostgreSQL or MariaDB server on loopback, in a directory of its own, for tests.

Never one of the system's: data directory, port and socket are made here and end with the test.

    database_server.py postgresql|mysql PROGRAM [ARGUMENT...]

runs a program beside a server. It finds in its environment POSTERN_TEST_DATABASE (the driver),
POSTERN_TEST_PORT, and POSTERN_TEST_CONTROL: a command that takes `stop`, `kill`, `start`, or `sql`
with statements on standard input. Database, user and password are those below; `SSL_CERT_FILE`
names the authority of the server's certificate.
"""
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

DATABASE = 'accounts'
USER = 'postern'
PASSWORD = "pass word'@/\\1"
PATIENCE = 60
SERVICE_USER = 'nobody'


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise RuntimeError(f'{command[0]}: {done.stdout.decode(errors="replace")}')
    return done.stdout.decode(errors='replace')


def as_service_user():
    """Neither server runs as root."""
    return {'user': SERVICE_USER, 'group': pwd.getpwnam(SERVICE_USER).pw_gid,
            'extra_groups': []} if os.geteuid() == 0 else {}


class DatabaseServer:
    """What both have in common. All that lasts is in the directory, so that a second program can
    open the same server with its directory alone."""

    def __init__(self, directory=None):
        if directory is None:
            directory = tempfile.mkdtemp(prefix='postern-db-', dir=self.place())
            os.chmod(directory, 0o755)
            self.dir = directory
            self.port = free_port()
            self.make_certificates()
            os.mkdir(self.path('run'))
            self.give(self.path('run'))
            with open(self.path('server.json'), 'w', encoding='utf-8') as file:
                json.dump({'driver': self.driver, 'port': self.port}, file)
            self.initialise()
        else:
            self.dir = directory
            with open(self.path('server.json'), encoding='utf-8') as file:
                self.port = json.load(file)['port']

    @staticmethod
    def place():
        return '/dev/shm' if os.access('/dev/shm', os.W_OK) else '/tmp'

    def path(self, name):
        return os.path.join(self.dir, name)

    def give(self, path):
        if os.geteuid() == 0:
            entry = pwd.getpwnam(SERVICE_USER)
            os.chown(path, entry.pw_uid, entry.pw_gid)

    def make_certificates(self):
        """An authority, and a certificate of it for this machine."""
        with open(self.path('names'), 'w', encoding='ascii') as file:
            file.write('subjectAltName=DNS:localhost,IP:127.0.0.1\n')
        new_key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
        run(['openssl', 'req', '-x509', *new_key, '-days', '3', '-subj', '/CN=test authority',
             '-keyout', self.path('ca.key'), '-out', self.path('ca.pem')])
        run(['openssl', 'req', *new_key, '-subj', '/CN=localhost',
             '-keyout', self.path('server.key'), '-out', self.path('server.csr')])
        run(['openssl', 'x509', '-req', '-days', '3', '-in', self.path('server.csr'),
             '-CA', self.path('ca.pem'), '-CAkey', self.path('ca.key'), '-CAcreateserial',
             '-extfile', self.path('names'), '-out', self.path('server.pem')])
        os.chmod(self.path('server.key'), 0o600)
        self.give(self.path('server.key'))

    def pid(self):
        try:
            with open(self.path('run/server.pid'), encoding='ascii') as file:
                return int(file.readline())
        except (OSError, ValueError):
            return None

    def start(self):
        with open(self.path('run/server.out'), 'ab') as output:
            subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=output,
                             stderr=subprocess.STDOUT, cwd=self.path('run'),
                             start_new_session=True, env=self.environment(),
                             **as_service_user())
        end = time.monotonic() + PATIENCE
        while not self.answers():
            if time.monotonic() > end:
                with open(self.path('run/server.out'), encoding='utf-8', errors='replace') as f:
                    raise RuntimeError(f'the server does not start: {f.read()[-2000:]}')
            time.sleep(0.05)
        return self

    def environment(self):
        return {**os.environ, 'LC_ALL': 'C', 'HOME': self.path('run'), 'LD_PRELOAD': ''}

    def answers(self):
        try:
            self.sql('SELECT 1')
            return True
        except RuntimeError:
            return False

    def stop(self, number=None):
        pid = self.pid()
        if pid is None:
            return
        # The process is a child of this one or of another: it ends either way, and only its
        # parent can wait for it.
        os.kill(pid, number or self.stop_signal)
        end = time.monotonic() + PATIENCE
        while self.runs(pid):
            if time.monotonic() > end:
                raise RuntimeError('the server does not end')
            time.sleep(0.02)
        if os.path.exists(self.path('run/server.pid')):
            os.unlink(self.path('run/server.pid'))

    @staticmethod
    def runs(pid):
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        try:
            with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as file:
                return file.read().rpartition(')')[2].split()[0] not in 'ZX'
        except OSError:
            return False

    def kill(self):
        """Connections end without a word, or nearly."""
        self.stop(self.kill_signal)

    def remove(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def control(self):
        return f'{sys.executable} {os.path.abspath(__file__)} control {self.dir}'


class PostgreSQL(DatabaseServer):
    driver = 'postgresql'
    stop_signal = signal.SIGINT  # "fast": connections are told and closed
    kill_signal = signal.SIGQUIT  # what SIGKILL leaves behind keeps it from starting again

    def program(self, name):
        found = sorted(glob.glob('/usr/lib/postgresql/*/bin/' + name))
        return found[-1] if found else shutil.which(name) or name

    def initialise(self):
        with open(self.path('run/password'), 'w', encoding='ascii') as file:
            file.write(PASSWORD + '\n')
        run([self.program('initdb'), '-D', self.path('run/data'), '-U', 'postgres', '-A',
             'scram-sha-256', '--pwfile', self.path('run/password'), '-E', 'UTF8', '--no-sync',
             '--locale=C.UTF-8'], cwd=self.path('run'), env=self.environment(),
            **as_service_user())
        self.start()
        quoted = PASSWORD.replace("'", "''")
        self.sql(f"CREATE ROLE {USER} LOGIN PASSWORD '{quoted}'", 'postgres')
        self.sql(f'CREATE DATABASE {DATABASE} OWNER {USER}', 'postgres')

    def command(self):
        settings = {'port': self.port, 'listen_addresses': '127.0.0.1', 'fsync': 'off',
                    'unix_socket_directories': self.path('run'), 'ssl': 'on',
                    'ssl_cert_file': self.path('server.pem'),
                    'ssl_key_file': self.path('server.key'), 'max_connections': 60,
                    'external_pid_file': self.path('run/server.pid')}
        return [self.program('postgres'), '-D', self.path('run/data'),
                *(word for name, value in settings.items() for word in ('-c', f'{name}={value}'))]

    def sql(self, text, database=DATABASE):
        return run([self.program('psql'), '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1',
                    '-h', self.path('run'), '-p', str(self.port), '-U', 'postgres', '-d',
                    'postgres' if text == 'SELECT 1' else database],
                   input=text.encode(), env={**self.environment(), 'PGPASSWORD': PASSWORD})


class MariaDB(DatabaseServer):
    driver = 'mysql'
    stop_signal = signal.SIGTERM
    kill_signal = signal.SIGKILL

    def initialise(self):
        self.give_directory()
        run(['mariadb-install-db', '--no-defaults', '--datadir=' + self.path('run/data'),
             '--auth-root-authentication-method=normal', '--skip-test-db',
             '--tmpdir=' + self.path('run')],
            cwd=self.path('run'), env=self.environment(), **as_service_user())
        self.start()
        quoted = PASSWORD.replace('\\', '\\\\').replace("'", "\\'")
        self.sql(f"CREATE DATABASE {DATABASE}; CREATE USER {USER}@'%' IDENTIFIED BY '{quoted}'; "
                 f"GRANT ALL ON {DATABASE}.* TO {USER}@'%'", '')

    def give_directory(self):
        os.mkdir(self.path('run/data'))
        self.give(self.path('run/data'))

    def command(self):
        return [shutil.which('mariadbd') or '/usr/sbin/mariadbd', '--no-defaults',
                '--datadir=' + self.path('run/data'), f'--port={self.port}',
                '--bind-address=127.0.0.1', '--socket=' + self.path('run/socket'),
                '--pid-file=' + self.path('run/server.pid'), '--tmpdir=' + self.path('run'),
                '--ssl-ca=' + self.path('ca.pem'), '--ssl-cert=' + self.path('server.pem'),
                '--ssl-key=' + self.path('server.key'), '--innodb-flush-log-at-trx-commit=0',
                '--innodb-use-native-aio=0', '--skip-log-bin']

    def sql(self, text, database=DATABASE):
        return run(['mariadb', '--no-defaults', '--socket=' + self.path('run/socket'),
                    '--user=root', '--batch', '--skip-column-names',
                    *([database] if database and text != 'SELECT 1' else [])],
                   input=text.encode(), env=self.environment())


DRIVERS = {'postgresql': PostgreSQL, 'mysql': MariaDB}


def control(directory, verb):
    with open(os.path.join(directory, 'server.json'), encoding='utf-8') as file:
        server = DRIVERS[json.load(file)['driver']](directory)
    if verb == 'sql':
        print(server.sql(sys.stdin.read()), end='')
    else:
        {'stop': server.stop, 'kill': server.kill, 'start': server.start}[verb]()


def main():
    if sys.argv[1] == 'control':
        control(*sys.argv[2:4])
        return 0
    server = DRIVERS[sys.argv[1]]()
    try:
        environment = {**os.environ, 'POSTERN_TEST_DATABASE': server.driver,
                       'POSTERN_TEST_PORT': str(server.port),
                       'POSTERN_TEST_CONTROL': server.control(),
                       'SSL_CERT_FILE': server.path('ca.pem')}
        return subprocess.run(sys.argv[2:], env=environment).returncode
    finally:
        server.remove()


if __name__ == '__main__':
    sys.exit(main())
