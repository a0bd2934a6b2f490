"""Every operation with every permission present or absent, from the table that decides.

The rows come from the program operation_table, which is made from src/vfs/operation.h. A protocol
brings its requests: a Sample for each operation that it has. What is to be expected follows from
the table alone: nothing here says which operation needs what.
"""
import json
import os
import subprocess
from dataclasses import dataclass
from typing import Callable

import postern_server

PROGRAM = os.path.join(os.path.dirname(postern_server.BINARY), 'tests', 'unit',
                       'operation_table')
PERMISSIONS = ('list', 'download', 'upload', 'overwrite', 'delete', 'rename', 'create_dirs',
               'create_symlinks', 'chmod', 'chown', 'chtimes')
STRICT = {'RENAME_STRICTLY', 'REPLACE_STRICTLY'}


def table():
    """{operation: {'own': set, 'parent': set, 'node': set, 'target': set}}."""
    rows = {}
    for line in subprocess.run([PROGRAM], check=True, capture_output=True,
                               text=True).stdout.splitlines():
        row = json.loads(line)
        operation = row.pop('operation')
        rows[operation] = {where: set(names) for where, names in row.items()}
    return rows


@dataclass(frozen=True)
class Sample:
    """A request: call(client, path, target) does it, happened(path, target) looks on the disk."""
    operation: str
    kind: str  # what is at the path before: 'file', 'directory', 'link' or 'nothing'
    call: Callable
    happened: Callable = None
    target: str = 'nothing'  # the same for the target
    also: str = None  # an operation that this request is as well

    @property
    def name(self):
        return f'{self.operation}-{self.kind}'


@dataclass(frozen=True)
class Mode:
    """What is granted in a directory, and around it."""
    name: str
    permissions: frozenset
    around_all: bool
    only_for: str = None  # a sample's name; None: for every sample


def needs(rows, sample):
    """The permissions that the sample needs where everything lies in one directory."""
    names = set()
    for operation in filter(None, (sample.operation, sample.also)):
        names |= set().union(*rows[operation].values())
    return frozenset(names)


def modes(rows, samples):
    """Each permission alone, with nothing around; all but each, with all around; just enough."""
    every = frozenset(PERMISSIONS)
    found = [Mode(f'only-{name}', frozenset({name}), False) for name in PERMISSIONS]
    found += [Mode(f'but-{name}', every - {name}, True) for name in PERMISSIONS]
    found += [Mode(f'exact-{sample.name}', needs(rows, sample), False, sample.name)
              for sample in samples]
    return found


def cases(rows, samples, mode):
    """(sample, allowed) of every sample that the mode is for."""
    return [(sample, needs(rows, sample) <= mode.permissions) for sample in samples
            if mode.only_for in (None, sample.name)]
