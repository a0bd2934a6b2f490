"""What perf(1) saw of a server, by role and kind of work. Imported by profile.

record() samples a core while a piece of work is done, read() takes the server's processes out of
that, and listing() and folded() are texts of what read() gave: {Stack: samples}.
"""
import collections
import contextlib
import os
import re
import signal
import subprocess

SAMPLES_A_SECOND = 9999
SHOWN_PERCENT = 0.4  # of the row: kinds below this are summed up
FUNCTIONS = 6

# A process is what its main function says; a forked worker has the main functions of its parents
# in its stacks, too, so the first of these counts.
ROLES = (('login', {'login_main', 'child_login'}), ('session', {'session_main', 'child_session'}),
         ('scan', {'scan_main', 'child_scan'}), ('parking', {'parking_main'}),
         ('http', {'http_main'}), ('supervisor', {'supervisor_main'}),
         ('nursery', {'nursery_main'}))

Frame = collections.namedtuple('Frame', 'name object')   # object: a file's name, or KERNEL
Stack = collections.namedtuple('Stack', 'role frames')   # frames from the outermost inwards
KERNEL, OURS = '[kernel]', 'postern'

SAMPLE = r'^(\S.*?) +(\d+)/\d+ *\n((?:\s+[0-9a-f]+ .*\n)+)'   # of perf script
# What perf takes for a return address where a library keeps no frame pointers.
NO_CODE = ('[unknown]', '[heap]', '[stack]')

# Of too few samples to tell: a worker of the nursery, any process.
UNKNOWN_WORKER, OTHER = 'a worker', 'other'

# The kernel's function of a system call is the one that these call, under several names.
SYSTEM_CALL_ENTRIES = ('do_syscall_64', 'x64_sys_call', 'invoke_syscall')
SYSTEM_CALL_PREFIX = r'^(__(x64|arm64|do|se)_sys_|__sys_|ksys_|kernel_|do_|vm_)|_pgoff$'


@contextlib.contextmanager
def record(data, core):
    """Samples the core into the file `data` from here to the end of the block."""
    control, ready = os.pipe(), os.pipe()
    perf = subprocess.Popen(
        ['perf', 'record', '-q', '-e', 'cpu-clock:I', '-F', str(SAMPLES_A_SECOND), '-g', '-C', core,
         '-D', '-1', f'--control=fd:{control[0]},{ready[1]}', '-o', data],
        pass_fds=(control[0], ready[1]), stderr=subprocess.DEVNULL)
    try:
        for end in (control[0], ready[1]):
            os.close(end)
        os.write(control[1], b'enable\n')
        if not os.read(ready[0], 16):
            raise SystemExit('perf record does not start: run it by hand to see why')
        yield
    finally:
        perf.send_signal(signal.SIGINT)
        perf.wait()
        for end in (control[1], ready[0]):
            os.close(end)


def parse_frame(line):
    """Of "7f32831cee33 EVP_DigestVerify+0x2f (/usr/lib/libcrypto.so.3)"; None where no code is."""
    found = re.match(r'\s*[0-9a-f]+ (.*?)(?:\+0x[0-9a-f]+)? \((.*)\)$', line)
    if found is None or found.group(2) in NO_CODE:
        return None
    name, path = found.groups()
    place = KERNEL if path[0] == '[' and path != '[vdso]' else os.path.basename(path)
    return Frame(f'[{place.strip("[]")}]' if name == '[unknown]' else name, place)


def parse_stack(text):
    """From the outermost inwards."""
    frames = map(parse_frame, reversed(text.splitlines()))
    return tuple(frame for frame in frames if frame is not None)


def parents_of(text):
    """{process: the one that forked it}, of all that perf has seen or found at its start."""
    return {int(child): int(parent) for child, parent in
            re.findall(r'PERF_RECORD_FORK\((\d+):\d+\):\((\d+):', text)}


def read(data, pids):
    """{Stack: samples} of these processes, which are masters, and of all that came of them."""
    text = subprocess.run(['perf', 'script', '-i', data, '--show-task-events', '-F',
                           'comm,pid,tid,ip,sym,dso'], check=True, capture_output=True, text=True,
                          errors='replace').stdout
    parents, ours, samples = parents_of(text), set(pids), collections.defaultdict(list)
    for child, parent in parents.items():   # in the order of the forks
        if parent in ours:
            ours.add(child)
    for command, pid, stack in re.findall(SAMPLE, text, re.M):
        frames = parse_stack(stack)
        if int(pid) in ours and command == OURS and frames:   # other commands: before the exec
            samples[int(pid)].append(frames)
    roles = {pid: role_of(of_one) for pid, of_one in samples.items()}
    stacks = collections.Counter()
    for pid, of_one in samples.items():
        role = roles[pid]
        if pid in pids:
            role = 'master'
        elif role in ('nursery', OTHER) and roles.get(parents.get(pid)) == 'nursery':
            role = UNKNOWN_WORKER
        stacks.update(Stack(role, frames) for frames in of_one)
    return stacks


def role_of(stacks):
    names = {frame.name for frames in stacks for frame in frames}
    return next((role for role, mains in ROLES if names & mains), OTHER)


def kind_of(frames):
    """What a sample is: a system call, page faults, interrupts, or code of a library."""
    if frames[-1].object != KERNEL:
        return frames[-1].object
    names = [frame.name for frame in frames if frame.object == KERNEL]
    if any('page_fault' in name for name in names):
        return 'page faults'
    entries = [i for i, name in enumerate(names) if name in SYSTEM_CALL_ENTRIES]
    inside = names[entries[-1] + 1:] if entries else []
    if inside and not inside[0].startswith(('exit_to_user', 'syscall_')):
        return re.sub(SYSTEM_CALL_PREFIX, '', inside[0]) + '()'
    if any('sysvec' in name for name in names):
        return 'interrupts'
    if any(name.startswith('ret_from_fork') for name in names):
        return 'beginning of a process'
    return 'way in and out'   # of system calls: the switch to another process, too


def caller_of(frames):
    """The innermost function of ours. A library without frame pointers may hide it."""
    return next((frame.name for frame in reversed(frames) if frame.object == OURS), '?')


def table(groups):
    """{key: samples} as pairs, the largest first."""
    return sorted(groups.items(), key=lambda item: (-item[1], item[0]))


def listing(title, stacks):
    total = sum(stacks.values())
    roles, kinds = collections.Counter(), collections.defaultdict(collections.Counter)
    inner, callers = (collections.defaultdict(collections.Counter) for _ in range(2))
    for (role, frames), count in stacks.items():
        kind = kind_of(frames)
        roles[role] += count
        kinds[role][kind] += count
        inner[role, kind][frames[-1].name] += count
        callers[role, kind][caller_of(frames)] += count

    def percent(count):
        return f'{100 * count / total:5.1f} %'

    def names(counter, most=FUNCTIONS):
        return ', '.join(f'{name} {100 * count / total:.1f}'
                         for name, count in table(counter)[:most]
                         if 100 * count / total >= 0.05)

    lines = [f'{title}: {total} samples, {total / SAMPLES_A_SECOND:.2f} s of CPU',
             f'of all: {names(sum(kinds.values(), collections.Counter()), 12)}']
    for role, count in table(roles):
        lines.append(f'{percent(count)}  {role}')
        rest = 0
        for kind, of_kind in table(kinds[role]):
            if 100 * of_kind / total < SHOWN_PERCENT:
                rest += of_kind
                continue
            lines.append(f'   {percent(of_kind)}  {kind:19} {names(inner[role, kind])}')
            if kind != OURS:
                lines.append(f'{"":33}for {names(callers[role, kind])}')
        if rest:
            lines.append(f'   {percent(rest)}  what is below {SHOWN_PERCENT} %')
    return '\n'.join(lines) + '\n'


def folded(stacks):
    """One line a stack, "role;outermost;...;innermost samples", as flame graph programs read it."""
    lines = collections.Counter()
    for (role, frames), count in stacks.items():
        lines[';'.join([role, *(frame.name + ('_[k]' if frame.object == KERNEL else '')
                                for frame in frames)])] += count
    return ''.join(f'{line} {count}\n' for line, count in sorted(lines.items()))
