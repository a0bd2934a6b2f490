"""Where the memory of processes is, by mapping. Imported by profile.

read() takes /proc/PID/smaps apart, listing() writes what grew between two of its results.
"""
import collections
import os
import re

Memory = collections.namedtuple('Memory', 'proportional private')   # KiB
SHOWN_KIB = 0.5   # of a session: smaller changes are left out


def mapping_name(words):
    """Of the words of a mapping's first line: the file, or what memory without one is."""
    path = ' '.join(words[5:]).removesuffix(' (deleted)')
    return f'{os.path.basename(path) or "anonymous"} {words[1][:3]}'


def role_of(pid):
    """"session" of "postern: session bench"."""
    with open(f'/proc/{pid}/cmdline', 'rb') as file:
        words = file.read().replace(b'\0', b' ').decode(errors='replace').split()
    return words[1] if words and words[0] == 'postern:' else 'other'


def read(pids):
    """{(role, mapping): Memory} of all these processes together."""
    found = collections.defaultdict(lambda: Memory(0, 0))
    for pid in pids:
        try:
            role = role_of(pid)
            with open(f'/proc/{pid}/smaps', encoding='utf-8', errors='replace') as file:
                lines = file.read().splitlines()
        except OSError:
            continue   # it has ended meanwhile
        for line in lines:
            words = line.split()
            if re.match(r'[0-9a-f]+-[0-9a-f]+$', words[0]):
                key = role, mapping_name(words)
            elif words[0] == 'Pss:':
                found[key] = found[key]._replace(
                    proportional=found[key].proportional + int(words[1]))
            elif words[0].startswith('Private_'):
                found[key] = found[key]._replace(private=found[key].private + int(words[1]))
    return dict(found)


def listing(title, before, after, count):
    """What each of `count` sessions added, by role and mapping."""
    grown = {}
    for key in before.keys() | after.keys():
        was, now = (found.get(key, Memory(0, 0)) for found in (before, after))
        grown[key] = Memory(*((b - a) / count for a, b in zip(was, now)))

    def total(role):
        return Memory(*map(sum, zip(*(m for (r, _), m in grown.items() if role in (None, r)))))

    def line(indent, memory, name):
        return f'{indent}{memory.proportional:9.2f} {memory.private:9.2f}  {name}'

    lines = [f'{title}: KiB for each of {count} sessions', f'{"proportional":>12} private',
             line('   ', total(None), 'in all')]
    for role in sorted({role for role, _ in grown}, key=lambda role: -total(role).proportional):
        lines.append(line('   ', total(role), role))
        for (of, name), memory in sorted(grown.items(), key=lambda item: -item[1].proportional):
            if of == role and max(map(abs, memory)) >= SHOWN_KIB:
                lines.append(line('      ', memory, name))
    return '\n'.join(lines) + '\n'
