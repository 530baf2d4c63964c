"""The measurements of a soak run and their limits."""
import os
import re
from pathlib import Path
from statistics import median

from resource_usage import PROGRAMS

# Tables whose rows are deleted: after their retention, once sent, once the order has ended.
BOUNDED = dict.fromkeys(("users", "products", "orders"),
                        ("inbox_commands", "inbox_events", "processed_events", "outbox", "deadlines", "deadline_batches",
                         "attempts"))
# Tables that keep one row per order. Reservations are deleted after 30 days, and no setting goes below one day.
KEPT = {"products": ("reservations",), "orders": ("orders",)}

MEMORY_SHARE, MEMORY_KB = 0.10, 4096  # allowed growth of a process
DESCRIPTORS = 4
ROWS_SHARE, ROWS = 0.25, 2000         # allowed growth of a bounded table
SIZE_SHARE, SIZE = 0.5, 8 << 20       # and its files, free space included


def tables(service):
    return BOUNDED.get(service, ()) + KEPT.get(service, ())


def look(stack, seconds):
    """One measurement: (program → resident kB, descriptors), ("service.table" → rows, bytes)."""
    programs, sizes = {}, {}
    for program in PROGRAMS:
        proc = Path(f"/proc/{stack.pid(program)}")
        resident = int(re.search(r"VmRSS:\s+(\d+)", (proc / "status").read_text())[1])
        programs[program] = (resident, len(os.listdir(proc / "fd")))
    for service in BOUNDED:
        query = " UNION ALL ".join(f"SELECT '{table}', count(*), pg_total_relation_size('{table}') FROM {table}"
                                   for table in tables(service))
        for row in stack.psql(service, query).splitlines():
            table, rows, size = row.split("|")
            sizes[f"{service}.{table}"] = (int(rows), int(size))
    return {"seconds": seconds, "programs": programs, "tables": sizes}


def line(seen):
    return (f"{seen['seconds']:6.0f} s  " + ", ".join(f"{program} {kb / 1024:.1f} MB {fds} fds"
                                                     for program, (kb, fds) in seen["programs"].items())
            + f"; {seen['tables']['orders.orders'][0]} orders")


def parts(looks, warm):
    """The measurements after the warm-up, as an earlier and a later half."""
    steady = [seen for seen in looks if seen["seconds"] > warm] or looks
    return steady[:len(steady) // 2] or steady, steady[len(steady) // 2:]


def report(looks, ttl_seconds):
    """Prints two tables; returns what has grown."""
    faults = []
    # By then the first rows have been pruned: retention, plus the pause between two prunings, plus a reserve.
    early, late = parts(looks, min(ttl_seconds + 60, looks[-1]["seconds"] / 3))
    print(f"\n{'program':<30}{'earlier':>12}{'later':>12}{'most':>12}{'descriptors':>14}")
    for program in PROGRAMS:
        faults += judge_program(program, early, late, looks)
    print(f"\n{'table':<30}{'rows before':>12}{'later':>12}{'MB before':>12}{'later':>12}")
    for table in sorted(looks[0]["tables"]):
        faults += judge_table(table, early, late)
    return faults


def judge_program(program, early, late, looks):
    before = median(seen["programs"][program][0] for seen in early)
    after = median(seen["programs"][program][0] for seen in late)
    most = max(seen["programs"][program][0] for seen in looks)
    first, last = (max(seen["programs"][program][1] for seen in half) for half in (early, late))
    print(f"{program:<30}{before / 1024:>9.1f} MB{after / 1024:>9.1f} MB{most / 1024:>9.1f} MB{first:>7} → {last}")
    if after > before * (1 + MEMORY_SHARE) + MEMORY_KB:
        yield f"{program}: from {before:.0f} to {after:.0f} kB"
    if last > first + DESCRIPTORS:
        yield f"{program}: from {first} to {last} descriptors"


def judge_table(table, early, late):
    (rows, size), (rows_later, size_later) = (
        tuple(max(seen["tables"][table][place] for seen in half) for place in (0, 1)) for half in (early, late))
    kept = table.split(".")[1] in sum(KEPT.values(), ())
    print(f"{table:<30}{rows:>12}{rows_later:>12}{size / 1e6:>12.1f}{size_later / 1e6:>12.1f}{'  kept' if kept else ''}")
    if kept:
        return
    if rows_later > rows * (1 + ROWS_SHARE) + ROWS:
        yield f"{table}: from {rows} to {rows_later} rows"
    if size_later > size * (1 + SIZE_SHARE) + SIZE:
        yield f"{table}: its files from {size} to {size_later} bytes"
