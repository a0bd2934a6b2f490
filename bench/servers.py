"""The servers that are measured, each in a control group of its own. Imported by run, profile,
parked and path; starts what it is told to and nothing else.
"""
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
POSTERN = os.environ.get('POSTERN') or os.path.join(TOP, 'build', 'postern')
SERVER_CORE, CLIENT_CORE = ('0', '1') if (os.cpu_count() or 1) > 1 else ('0', '0')


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_for(port, process, address='127.0.0.1'):
    """Until the server answers; `process` is None where it is not ours to look at."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise SystemExit(f'the server on port {port} ended with {process.returncode}')
        try:
            with socket.create_connection((address, port), timeout=5) as probe:
                if probe.recv(4) == b'SSH-':
                    return
        except OSError:
            pass
        time.sleep(0.002)
    raise SystemExit(f'nothing answers on port {port}')


class Group:
    """A control group: counts the CPU and finds the processes of one server."""

    def __init__(self, name):
        for base, file, scale in (('/sys/fs/cgroup', 'cpu.stat', 1e-6),
                                  ('/sys/fs/cgroup/cpuacct', 'cpuacct.usage', 1e-9)):
            self.path = os.path.join(base, f'postern-bench-{os.getpid()}-{name}')
            self.file, self.scale = os.path.join(self.path, file), scale
            try:
                os.mkdir(self.path)
            except OSError:
                continue
            if os.path.exists(self.file):
                return
            os.rmdir(self.path)
        raise SystemExit('bench needs control groups it can write: run it as root')

    def enter(self):
        with open(os.path.join(self.path, 'cgroup.procs'), 'w', encoding='ascii') as file:
            file.write(str(os.getpid()))

    def pids(self):
        with open(os.path.join(self.path, 'cgroup.procs'), encoding='ascii') as file:
            return [int(line) for line in file]

    def cpu(self):
        with open(self.file, encoding='ascii') as file:
            text = file.read()
        found = re.search(r'usage_usec (\d+)', text)
        return int(found.group(1) if found else text) * self.scale

    def memory(self):
        """Proportional and private memory of all its processes, in KiB."""
        total = {'Pss': 0, 'Private': 0}
        for pid in self.pids():
            try:
                with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
                    text = file.read()
            except OSError:
                continue
            total['Pss'] += int(re.search(r'^Pss:\s+(\d+)', text, re.M).group(1))
            total['Private'] += sum(int(n) for n in
                                    re.findall(r'^Private_\w+:\s+(\d+)', text, re.M))
        return total

    def settle(self, count):
        """Waits until the connection's processes are gone and the CPU is quiet."""
        last, end = self.cpu(), time.monotonic() + 10
        while time.monotonic() < end:
            time.sleep(0.1)
            now = self.cpu()
            if now - last < 0.002 and len(self.pids()) <= count:
                return
            last = now

    def remove(self):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                os.rmdir(self.path)
                return
            except OSError:
                time.sleep(0.1)


def make_host_key(path, *options):
    subprocess.run(['ssh-keygen', '-q', '-N', '', '-t', 'ed25519', *options, '-f', path],
                   check=True)


def first_line(command):
    done = subprocess.run(command, capture_output=True, text=True)
    return ((done.stdout or done.stderr).splitlines() or ['unknown'])[0].strip()


class Server:
    """One server under measurement; `start` is given by the subclass."""

    address = '127.0.0.1'
    ciphers = ('aes128-gcm', 'aes256-gcm', 'chacha20-poly1305', 'aes128-ctr')

    def __init__(self, work):
        self.work, self.port = work, free_port()
        self.group = Group(self.name)
        self.process, self.command, self.base = None, None, 1
        self.folders = 0  # of small files, so far: each has a name that no cache knows

    def launch(self):
        """Runs self.command, and waits until it answers."""
        self.process = subprocess.Popen(
            ['taskset', '-c', SERVER_CORE, *self.command], preexec_fn=self.group.enter,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.port, self.process)

    def rest(self):
        self.group.settle(1)
        time.sleep(0.3)
        self.group.settle(1)
        self.base = len(self.group.pids())

    def stop_process(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.stop_process()
        self.group.remove()


class Postern(Server):
    """`limits` are settings of that section of the configuration."""

    name = 'postern'
    user = 'bench'

    def __init__(self, work, **limits):
        super().__init__(work)
        self.limits = {'max_unauthenticated_per_address': 1000, **limits}

    def start(self):
        service = pwd.getpwnam('nobody')
        config = self.config = tempfile.mkdtemp(prefix='postern-', dir=self.work.top)
        with open(os.path.join(config, 'sftpgo.json'), 'w', encoding='utf-8') as file:
            json.dump({'service_user': 'nobody', 'httpd': {'bind_port': 0},
                       'limits': self.limits,
                       'sftpd': {'bind_port': self.port, 'bind_address': self.address}}, file)
        for path in (config, os.path.join(config, 'sftpgo.json')):
            os.chown(path, service.pw_uid, service.pw_gid)
        self.command = [POSTERN, 'serve', '-c', config, '-l', os.path.join(config, 'log')]
        self.launch()
        self.cli('user', 'add', self.user, '--home', self.work.files,
                 '--key', self.work.key + '.pub')
        self.rest()

    def cli(self, *arguments):
        return subprocess.run([POSTERN, *arguments, '-c', self.config], check=True,
                              capture_output=True, text=True).stdout

    def status(self):
        return json.loads(self.cli('status', '--json'))

    def wait_parked(self, count):
        end = time.monotonic() + 120
        while (status := self.status())['parked'] != count or status['workers'] > 0:
            if time.monotonic() > end:
                raise SystemExit(f'the sessions were not parked: {status}')
            time.sleep(0.5)

    def remote(self, name):
        return '/' + name

    def version(self):
        return first_line([POSTERN, '--version'])


class OpenSsh(Server):
    name = 'openssh'
    user = 'root'

    def start(self):
        config = os.path.join(self.work.top, 'openssh')
        os.mkdir(config, 0o755)
        os.makedirs('/run/sshd', exist_ok=True)
        make_host_key(os.path.join(config, 'host'))
        shutil.copy(self.work.key + '.pub', os.path.join(config, 'authorized'))
        with open(os.path.join(config, 'sshd_config'), 'w', encoding='utf-8') as file:
            file.write(f'Port {self.port}\nListenAddress 127.0.0.1\nHostKey {config}/host\n'
                       f'PidFile none\nAuthorizedKeysFile {config}/authorized\nUsePAM no\n'
                       'StrictModes no\nPermitRootLogin prohibit-password\nUseDNS no\n'
                       'MaxStartups 500:30:1000\nLogLevel ERROR\nSubsystem sftp internal-sftp\n')
        self.command = ['/usr/sbin/sshd', '-D', '-f', os.path.join(config, 'sshd_config')]
        self.launch()
        self.rest()

    def remote(self, name):
        return os.path.join(self.work.files, name)

    def version(self):
        return first_line(['ssh', '-V'])


class ProFtpd(Server):
    name = 'proftpd'
    user = 'root'
    ciphers = ('aes128-gcm', 'aes256-gcm', 'aes128-ctr')

    def start(self):
        config = os.path.join(self.work.top, 'proftpd')
        os.mkdir(config, 0o755)
        make_host_key(os.path.join(config, 'host'), '-m', 'PEM')
        with open(os.path.join(config, 'authorized'), 'w', encoding='ascii') as file:
            subprocess.run(['ssh-keygen', '-e', '-m', 'RFC4716', '-f', self.work.key + '.pub'],
                           stdout=file, check=True)
        with open(os.path.join(config, 'proftpd.conf'), 'w', encoding='utf-8') as file:
            file.write(f'''ModulePath /usr/lib/proftpd
LoadModule mod_sftp.c
ServerName bench
ServerType standalone
DefaultAddress 127.0.0.1
SocketBindTight on
Port {self.port}
PidFile {config}/pid
ScoreboardFile {config}/scoreboard
User nobody
Group nogroup
AuthOrder mod_auth_unix.c
RootLogin on
UseFtpUsers off
UseReverseDNS off
MaxInstances 1000
RequireValidShell off
WtmpLog off
TransferLog none
SystemLog {config}/log
DefaultRoot /
AllowOverwrite on
SFTPEngine on
SFTPHostKey {config}/host
SFTPAuthMethods publickey
SFTPAuthorizedUserKeys file:{config}/authorized
''')
        self.command = ['/usr/sbin/proftpd', '-n', '-c', os.path.join(config, 'proftpd.conf')]
        self.launch()
        self.rest()

    def remote(self, name):
        return os.path.join(self.work.files, name)

    def version(self):
        return first_line(['/usr/sbin/proftpd', '-v'])


class Rclone(Server):
    name = 'rclone'
    user = 'bench'
    ciphers = ('aes128-gcm', 'chacha20-poly1305', 'aes128-ctr')

    def start(self):
        config = os.path.join(self.work.top, 'rclone')
        os.mkdir(config, 0o755)
        make_host_key(os.path.join(config, 'host'))
        self.command = ['rclone', 'serve', 'sftp', self.work.files, '--config', '/dev/null',
                        '--addr', f'127.0.0.1:{self.port}', '--key', os.path.join(config, 'host'),
                        '--authorized-keys', self.work.key + '.pub']
        self.launch()
        self.rest()

    def remote(self, name):
        return '/' + name

    def version(self):
        return first_line(['rclone', 'version'])


ALL = (Postern, OpenSsh, ProFtpd, Rclone)
QUICK = (Postern, OpenSsh)
