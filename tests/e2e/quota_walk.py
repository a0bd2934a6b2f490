"""What an account uses: as it is stored, and as a walk of its files finds it."""
import json
import os
import stat

from postern_server import wait_until


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
