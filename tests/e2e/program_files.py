"""Programs of the administrator for tests: in a place that the server's user reaches."""
import os
import shutil

import pytest

from postern_server import TOP, give, process_stat, scratch

SAMPLES = os.path.join(TOP, 'tests', 'e2e', 'programs')


class Program:
    """A program in a place that the server's user reaches, and what it left in its directory."""

    def __init__(self, text=None, sample=None):
        self.dir = scratch('postern-program-')
        give(self.dir)
        self.path = os.path.join(self.dir, 'program')
        if sample:
            shutil.copyfile(os.path.join(SAMPLES, sample), self.path)
        else:
            with open(self.path, 'w', encoding='utf-8') as file:
                file.write(text.replace('DIR', self.dir))
        os.chmod(self.path, 0o755)

    def read(self, name):
        try:
            with open(os.path.join(self.dir, name), encoding='utf-8', errors='replace') as file:
                return file.read()
        except FileNotFoundError:
            return ''

    def calls(self):
        return self.read('calls').splitlines()


@pytest.fixture
def program():
    made = []

    def make(text=None, sample=None):
        made.append(Program(text, sample))
        return made[-1]
    yield make
    for one in made:
        shutil.rmtree(one.dir, ignore_errors=True)


def alive(pid):
    found = process_stat(int(pid))
    return found is not None and found[0] not in 'ZX'
