"""What an account uses: as it is stored, as a walk of its files finds it, and who uses it."""
import json
import os
import stat

from postern_server import wait_until


class Client:
    """One SFTP session of an account."""

    def __init__(self, account):
        import paramiko
        self.transport = account.paramiko()
        self.sftp = paramiko.SFTPClient.from_transport(self.transport)

    def put(self, name, size):
        with self.sftp.open(name, 'wb') as file:
            for at in range(0, size, 32768):
                file.write(b'x' * min(32768, size - at))

    def close(self):
        self.transport.close()


def walk(top):
    """Files and bytes below a directory, as a scan counts them."""
    seen, size = set(), 0
    for directory, _, names in os.walk(top):
        for name in names:
            entry = os.lstat(os.path.join(directory, name))
            if stat.S_ISREG(entry.st_mode) and (entry.st_dev, entry.st_ino) not in seen:
                seen.add((entry.st_dev, entry.st_ino))
                size += entry.st_size
    return len(seen), size


def temporaries(top):
    """How many of them are uploads under way, or were."""
    return sum(name.startswith('.sftpgo-upload.') for _, _, names in os.walk(top)
               for name in names)


def quota(server, name):
    return json.loads(server.cli('quota', 'show', name, '--json').stdout)


def stored(server, name):
    shown = quota(server, name)
    return shown['used_quota_files'], shown['used_quota_size']


def settles(server, name, wanted=None):
    """Waits until what is stored is what there is, which is what was wanted."""
    seen = {}

    def same():
        seen.update(stored=stored(server, name), walk=walk(server.home(name)))
        return seen['stored'] == seen['walk'] == (wanted or seen['walk'])
    try:
        wait_until(same, f'{name} uses {wanted}')
    except AssertionError as fault:
        raise AssertionError(f'{fault}: {seen}') from None
