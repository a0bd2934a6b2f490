"""The work that servers are measured with: files and programs (Work), pieces of work that give
back numbers (Measure, limit), and which of them are the rows of the table (plan). Imported by run,
profile, parked and path.
"""
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time

from servers import CLIENT_CORE, SERVER_CORE, TOP

BENCH = os.path.join(TOP, 'bench')
MEMORY = '/dev/shm'
CIPHERS = {'aes128-gcm': 'aes128-gcm@openssh.com', 'aes256-gcm': 'aes256-gcm@openssh.com',
           'chacha20-poly1305': 'chacha20-poly1305@openssh.com', 'aes128-ctr': 'aes128-ctr'}
PARALLEL = 4


def build_programs(directory):
    flags = ['-std=gnu17', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra']
    for name, sources in (('client', ['client.c', 'ssh.c', 'cipher.c', 'bytes.c']),
                          ('limit', ['limit.c'])):
        subprocess.run(['cc', *flags, '-o', os.path.join(directory, name),
                        *(os.path.join(BENCH, source) for source in sources), '-lcrypto'],
                       check=True)


class Work:
    """The files, the programs and the key that all servers share."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.top = tempfile.mkdtemp(prefix='postern-bench-', dir=MEMORY)
        os.chmod(self.top, 0o755)
        self.files = os.path.join(self.top, 'files')
        os.mkdir(self.files)
        os.chmod(self.files, 0o777)
        build_programs(self.top)
        self.key = os.path.join(self.top, 'key')
        subprocess.run(['ssh-keygen', '-q', '-N', '', '-t', 'ed25519', '-f', self.key], check=True)
        with open(os.path.join(self.files, 'big'), 'wb') as file:
            block = os.urandom(1 << 20)
            for _ in range(sizes['mib']):
                file.write(block)
        os.mkdir(os.path.join(self.files, 'many'))
        for number in range(sizes['entries']):
            os.close(os.open(os.path.join(self.files, 'many', f'entry-{number:07}'),
                             os.O_CREAT | os.O_WRONLY, 0o644))

    def remove(self):
        shutil.rmtree(self.top, ignore_errors=True)


class Measure:
    """Runs one piece of work and gives back its numbers as {name: value}, lower being better."""

    def __init__(self, work, server):
        self.work, self.server = work, server

    def client(self, *arguments, cipher='aes128-gcm'):
        return ['taskset', '-c', CLIENT_CORE, os.path.join(self.work.top, 'client'),
                '-p', str(self.server.port), '-u', self.server.user, '-k', self.work.key,
                '-c', CIPHERS[cipher], *map(str, arguments)]

    def run(self, *arguments, at_once=1, **options):
        """The clients' reports, and the server's CPU for all of them."""
        before = self.server.group.cpu()
        clients = [subprocess.Popen(self.client(*arguments, **options), stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True) for _ in range(at_once)]
        done = [client.communicate(timeout=900) for client in clients]
        if any(client.returncode != 0 for client in clients):
            raise SystemExit(f'{self.server.name}: {arguments}: {done[0][1].strip()}')
        self.server.group.settle(self.server.base)
        return [json.loads(out) for out, _ in done], self.server.group.cpu() - before

    def transfer(self, what, cipher):
        gib = self.work.sizes['mib'] / 1024
        if what == 'get':
            (report,), cpu = self.run('get', self.server.remote('big'), cipher=cipher)
        else:
            (report,), cpu = self.run('put', self.server.remote('upload'),
                                      self.work.sizes['mib'] << 20, cipher=cipher)
            os.unlink(os.path.join(self.work.files, 'upload'))
        return {'server CPU s/GiB': cpu / gib, 's/GiB': report['seconds'] / gib}

    def parallel(self):
        gib = PARALLEL * self.work.sizes['mib'] / 1024
        reports, cpu = self.run('get', self.server.remote('big'), at_once=PARALLEL)
        return {'server CPU s/GiB': cpu / gib,
                's/GiB': max(report['seconds'] for report in reports) / gib}

    def logins(self, at_once):
        (report,), cpu = self.run('login', self.work.sizes['logins'] // at_once, at_once)
        return {'server CPU ms': cpu / report['logins'] * 1000,
                'ms': report['seconds'] / report['logins'] * 1000}

    @contextlib.contextmanager
    def holding(self, count):
        """`count` logged-in connections, from here to the end of the block."""
        held = subprocess.Popen(self.client('idle', count), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        try:
            if 'READY' not in held.stdout.readline():
                raise SystemExit(f'{self.server.name}: the idle connections were refused')
            yield
        finally:
            held.stdin.close()
            held.wait()

    def idle(self):
        count, group = self.work.sizes['idle'], self.server.group
        before = group.memory()
        with self.holding(count):
            time.sleep(1)
            after = group.memory()
        group.settle(self.server.base)
        return {'KiB proportional': (after['Pss'] - before['Pss']) / count,
                'KiB private': (after['Private'] - before['Private']) / count}

    def small(self, what, at_once):
        count = self.work.sizes['files']
        self.server.folders += what == 'put'
        folder = f'small-{self.server.name}-{self.server.folders}'
        (report,), cpu = self.run(f'small{what}', self.server.remote(folder), count, 4096, at_once)
        if what == 'get':
            shutil.rmtree(os.path.join(self.work.files, folder))
        return {'server CPU us/file': cpu / count * 1e6,
                'us/file': report['seconds'] / count * 1e6}

    def listing(self):
        (report,), cpu = self.run('list', self.server.remote('many'))
        if report['entries'] < self.work.sizes['entries']:
            raise SystemExit(f'{self.server.name}: the listing is short')
        return {'server CPU us/entry': cpu / report['entries'] * 1e6,
                'us/entry': report['seconds'] / report['entries'] * 1e6}

    def start(self):
        """From the start of the program until it answers, host keys being there already."""
        self.server.stop_process()
        began = time.monotonic()
        self.server.launch()
        seconds = time.monotonic() - began
        self.server.rest()
        return {'ms': seconds * 1000}


def limit(work, what, cipher):
    """The bare loop, on the same cores and the same file, in the same minute."""
    path = os.path.join(work.files, 'big' if what == 'get' else 'bare')
    done = subprocess.run([os.path.join(work.top, 'limit'), what, CIPHERS[cipher], path,
                           str(work.sizes['mib']), SERVER_CORE, CLIENT_CORE],
                          capture_output=True, text=True, check=True)
    if what == 'put':
        os.unlink(path)
    report, gib = json.loads(done.stdout), work.sizes['mib'] / 1024
    return {'server CPU s/GiB': report['server_cpu'] / gib, 's/GiB': report['seconds'] / gib}


def plan(quick):
    """What is measured: (label, function of Measure, function of Work or None, cipher or None)."""
    rows = []
    for cipher in list(CIPHERS)[:1] if quick else CIPHERS:
        for what, word in (('get', 'download'), ('put', 'upload')):
            rows.append((f'{word} {cipher}', lambda m, w=what, c=cipher: m.transfer(w, c),
                         lambda work, w=what, c=cipher: limit(work, w, c), cipher))
    if not quick:
        rows.append((f'{PARALLEL} downloads at once', lambda m: m.parallel(), None, None))
    rows.append(('login', lambda m: m.logins(1), None, None))
    if not quick:
        rows.append(('login, 8 at once', lambda m: m.logins(8), None, None))
    rows.append(('idle session', lambda m: m.idle(), None, None))
    for at_once in (1, 64):
        for what, word in (('put', 'create'), ('get', 'read')):
            rows.append((f'{word} 4 KiB files, {at_once} at a time',
                         lambda m, w=what, n=at_once: m.small(w, n), None, None))
    rows.append(('list a large directory', lambda m: m.listing(), None, None))
    rows.append(('start', lambda m: m.start(), None, None))
    return rows
