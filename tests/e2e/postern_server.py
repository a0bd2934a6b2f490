"""A real server on loopback, in a directory of its own, for the tests to talk to.

Everything a test starts is ended by its process id, and what the server leaves behind is looked
at: a process that outlives it, a fault report in its output, or a bad exit status fails the test.
"""
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get('POSTERN') or os.path.join(TOP, 'build', 'postern')
SANITIZED = 'sanitize' in os.path.basename(os.path.dirname(BINARY))
AS_ROOT = os.geteuid() == 0
# Started as root, the server drops to this user, so its files have to be this user's.
SERVICE_USER = 'nobody'
# Generous, because a loaded machine is no fault; nothing ever waits this long when all is well.
PATIENCE = 60 if SANITIZED else 30

FAULTS = re.compile(rb'bug at |\.c:\d+: bug|AddressSanitizer|LeakSanitizer|UndefinedBehavior'
                    rb'|runtime error:|stack smashing|buffer overflow detected')


def wait_until(condition, what, patience=PATIENCE):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'not within {patience} s: {what}')
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def give(path):
    """Makes a file or directory the service user's, where there is one."""
    if AS_ROOT:
        entry = pwd.getpwnam(SERVICE_USER)
        os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def scratch(prefix='postern-e2e-'):
    """A directory that the service user can reach; pytest's own are closed to others."""
    path = tempfile.mkdtemp(prefix=prefix, dir='/tmp')
    os.chmod(path, 0o755)
    return path


def process_stat(pid):
    """(state, parent, start time) of a process, or None."""
    try:
        with open(f'/proc/{pid}/stat', 'rb') as file:
            fields = file.read().rpartition(b') ')[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0].decode(), int(fields[1]), fields[19]


def process_title(pid):
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as file:
            return file.read().rstrip(b'\0').replace(b'\0', b' ').decode('utf-8', 'replace')
    except (FileNotFoundError, ProcessLookupError):
        return ''


def all_pids():
    return [int(name) for name in os.listdir('/proc') if name.isdigit()]


class Server:
    """A configuration directory and the server that runs on it."""

    def __init__(self, config=None, host_keys=None, environment=None, command=None):
        self.top = scratch()
        self.dir = os.path.join(self.top, 'config')
        self.homes = os.path.join(self.top, 'homes')
        for path in (self.dir, self.homes):
            os.mkdir(path, 0o700)
            give(path)
        self.port = free_port()
        self.environment = environment or {}
        self.command = command
        self.process = None
        self.stopped = None
        self.faults_expected = False
        self.known, self.births = set(), {}
        for key in host_keys or []:
            copy = os.path.join(self.dir, os.path.basename(key))
            shutil.copyfile(key, copy)
            os.chmod(copy, 0o600)
            give(copy)
        self.configure(config or {})

    def configure(self, config):
        settings = {section: dict(keys) if isinstance(keys, dict) else keys
                    for section, keys in config.items()}
        settings.setdefault('sftpd', {}).setdefault('bind_port', self.port)
        settings['sftpd'].setdefault('bind_address', '127.0.0.1')
        settings.setdefault('httpd', {}).setdefault('bind_port', 0)
        if AS_ROOT:
            settings.setdefault('service_user', SERVICE_USER)
        path = os.path.join(self.dir, 'sftpgo.json')
        with open(path, 'w', encoding='utf-8') as file:
            json.dump(settings, file, indent=2)
        os.chmod(path, 0o600)
        give(path)

    # ---- life

    def launch(self):
        """Starts the process without waiting for it."""
        self.output = os.path.join(self.top, 'output.log')
        self.errors = os.path.join(self.top, 'errors.log')
        with open(self.output, 'ab') as output, open(self.errors, 'ab') as errors:
            self.process = subprocess.Popen(
                self.command or [BINARY, 'serve', '-c', self.dir, '-l', ''],
                stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=self.top,
                env={**os.environ, **self.environment}, start_new_session=True)
        self.stopped = None
        self.known, self.births = set(), {}
        return self

    def start(self):
        self.launch()
        wait_until(self.answers, f'the server answers; its output:\n{self.log_text()[-3000:]}')
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f'the server ended with status {self.process.returncode}:\n'
                                 f'{self.log_text()[-3000:]}\n{self.error_text()[-6000:]}')
        try:
            with socket.create_connection(('127.0.0.1', self.port), timeout=5) as probe:
                return probe.recv(4) == b'SSH-'
        except OSError:
            return False

    @property
    def pid(self):
        return self.process.pid

    def family(self):
        """The living processes of this server: {pid: title}."""
        stats = {pid: stat for pid in all_pids() if (stat := process_stat(pid))}
        found, grown = {self.pid} | self.known, True
        while grown:
            more = {pid for pid, stat in stats.items() if stat[1] in found}
            grown = not more <= found
            found |= more
        # A process id that has been given to somebody else has another start time.
        alive = {pid for pid in found if pid in stats and stats[pid][0] != 'Z'
                 and self.births.setdefault(pid, stats[pid][2]) == stats[pid][2]}
        self.known = alive - {self.pid}
        return {pid: process_title(pid) for pid in alive}

    def workers(self, word):
        """Process ids of the workers whose title has this word, such as 'session bob'."""
        return [pid for pid, title in self.family().items() if word in title]

    def stop(self, check=True):
        """SIGTERM, then the last look: exit status, left processes, fault reports."""
        if self.process is None or self.stopped is not None:
            return
        self.family()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.stopped = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.stopped = 'did not end'
        left = {}
        if self.stopped != 'did not end':
            end = time.monotonic() + 10
            while (left := self.family()) and time.monotonic() < end:
                time.sleep(0.02)
        else:
            left = self.family()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.stopped == 'did not end':
            self.process.wait()
        if check:
            assert self.stopped == 0, f'exit {self.stopped}: {self.error_text()[-6000:]}'
            assert not left, f'processes were left: {left}'
            self.check_faults()

    def check_faults(self):
        if self.faults_expected:
            return
        for path in (self.output, self.errors):
            with open(path, 'rb') as file:
                text = file.read()
            found = FAULTS.search(text)
            assert not found, text[max(0, found.start() - 500):found.start() + 6000].decode(
                'utf-8', 'replace')

    def remove(self):
        shutil.rmtree(self.top, ignore_errors=True)

    # ---- what it says

    def log_text(self):
        with open(self.output, encoding='utf-8', errors='replace') as file:
            return file.read()

    def error_text(self):
        with open(self.errors, encoding='utf-8', errors='replace') as file:
            return file.read()

    def log_lines(self):
        """Every complete line of the log, as ordered objects."""
        lines = []
        for line in self.log_text().splitlines():
            if line.startswith('{') and line.endswith('}'):
                lines.append(json.loads(line))
        return lines

    def log_line(self, **wanted):
        """Waits for a line with these values and returns it."""
        def find():
            for line in self.log_lines():
                if all(line.get(key) == value for key, value in wanted.items()):
                    return line
            return None
        return wait_until(find, f'a log line with {wanted}; the log:\n{self.log_text()[-3000:]}')

    def log_message(self, pattern):
        """Waits for a line whose message or error matches and returns it."""
        def find():
            for line in self.log_lines():
                if re.search(pattern, str(line.get('message', line.get('error', '')))):
                    return line
            return None
        return wait_until(find, f'a message {pattern!r}; the log:\n{self.log_text()[-3000:]}')

    # ---- the command line

    def cli(self, *arguments, stdin='', check=True, timeout=PATIENCE):
        run = subprocess.run([BINARY, *arguments, '-c', self.dir], input=stdin, text=True,
                             capture_output=True, timeout=timeout, cwd=self.top)
        if check:
            assert run.returncode == 0, f'{arguments}: {run.returncode}\n{run.stdout}{run.stderr}'
        return run

    def home(self, name):
        return os.path.join(self.homes, name)

    def add_user(self, name, keys=(), password=None, permissions=None, extra=()):
        """Creates an account whose home is a directory below `homes`."""
        home = self.home(name)
        os.makedirs(home, mode=0o755, exist_ok=True)
        give(home)
        arguments = ['user', 'add', name, '--home', home]
        for key in keys:
            arguments += ['--key', key]
        if permissions:
            arguments += ['--permissions', ','.join(permissions)]
        if password is not None:
            arguments += ['--password-stdin']
        self.cli(*arguments, *extra, stdin=(password or '') + '\n')
        return home
