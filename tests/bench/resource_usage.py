"""CPU time, memory and counters of each part of a stack, read from /proc and the admin ports."""
import os
import re
import urllib.request
from pathlib import Path

PROGRAMS = ("svc-users", "svc-products", "svc-orders", "edge-http")
SERVERS = ("rabbitmq", "postgres", "redis")
TICKS = os.sysconf("SC_CLK_TCK")


def read_stat(pid):
    """Fields of /proc/PID/stat from the third on (the name before them may contain blanks); None if the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def own_seconds(fields):
    return (int(fields[11]) + int(fields[12])) / TICKS


def with_children_seconds(fields):
    """CPU seconds of the process and of its children that have ended."""
    return sum(int(field) for field in fields[11:15]) / TICKS


def children(pid):
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        fields = read_stat(path.name)
        if fields and int(fields[1]) == pid:
            found[int(path.name)] = fields
    return found


def postgres_role(pid):
    """The purpose of a PostgreSQL process: the database of its session, or its duty."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "postgres:other"
    session = re.match(r"postgres: \S+ (\S+) \S+\(\d+\)", title)
    return f"postgres:{session[1]}" if session else "postgres:other"


def cpu_seconds(stack):
    """CPU seconds by part; database sessions by service."""
    spent = {}
    for part in PROGRAMS + SERVERS:
        fields = read_stat(stack.pid(part))
        if fields:
            spent[part] = with_children_seconds(fields)
    for part, pid, _ in stack.replicas:
        spent[part] += own_seconds(read_stat(pid))
    for pid, fields in children(stack.pid("postgres")).items():
        role = postgres_role(pid)
        spent[role] = spent.get(role, 0) + own_seconds(fields)
    return spent


def cpu_between(before, after):
    """CPU seconds by part; the database as a whole and by service."""
    spent = {part: after[part] - before.get(part, 0) for part in after}
    sessions = [part for part in spent if part.startswith("postgres:")]
    spent["postgres"] = spent.get("postgres", 0) + sum(spent[part] for part in sessions)
    return spent


def machine_seconds(stack):
    """CPU seconds of other processes on this machine, and seconds stolen by other virtual machines."""
    user, nice, system, _, _, irq, softirq, stolen = map(int, Path("/proc/stat").read_text().split()[1:9])
    busy = user + nice + system + irq + softirq  # interrupts are charged to the process that they interrupt
    stack_spent = sum(cpu_seconds(stack).values())
    return busy / TICKS - stack_spent - sum(os.times()[:4]), stolen / TICKS


def memory_mb(stack):
    """Memory of each program: its proportional set size (Pss, proc(5))."""
    sizes = {}
    for program in PROGRAMS:
        rollup = Path(f"/proc/{stack.pid(program)}/smaps_rollup").read_text()
        sizes[program] = round(int(re.search(r"Pss:\s+(\d+)", rollup)[1]) / 1024, 1)
    sizes["all"] = round(sum(sizes.values()), 1)
    return sizes


def counters_of(stack, program, port=None):
    """Its counters: "program name{label}" → value. A replica has a port of its own."""
    port = port or stack[f"COMANDA_{program.upper().replace('-', '_')}_ADMIN_PORT"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
        lines = [line.rsplit(" ", 1) for line in page.read().decode().splitlines()
                 if not line.startswith("#") and "_bucket" not in line]
    return {f"{program} {name}": float(value) for name, value in lines}


def counters(stack):
    """All counters of all programs, those of replicas with the first one's."""
    found = {name: value for program in PROGRAMS for name, value in counters_of(stack, program).items()}
    for program, _, port in stack.replicas:
        for name, value in counters_of(stack, program, port).items():
            found[name] = found.get(name, 0) + value
    return found


def counted(before, after, pattern):
    """The sum of the growth of all matching counters."""
    return sum(after[name] - before.get(name, 0) for name in after if re.search(pattern, name))
