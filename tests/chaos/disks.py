"""Full disks of the broker and the database. A run with these faults mounts small file systems."""
import os
from pathlib import Path

from chaos.processes import alive, await_ready

BROKER_WANTS_FREE = 200 << 20  # disk_free_limit in compose/rabbitmq.conf


def data_directory(stack, part):
    if part == "postgres":
        return Path((stack.directory / "postgres").read_text().strip())
    return stack.directory / part


def small_disk(stack, part):
    directory = data_directory(stack, part)
    if not os.path.ismount(directory):
        raise AssertionError(f"{directory} is no disk of its own: ./dev chaos --only disk-full makes it one")
    return directory


def disk_full(context, part):
    """Fills the disk to its last byte, and frees the space later."""
    filler = small_disk(context.stack, part) / "filler"
    fill(filler)

    def free():
        filler.unlink()
        await_ready(lambda: alive(context.stack, part), 30, part)
        if part == "rabbitmq":  # a broker that could not write its log may come back without a queue: an operator restarts it
            context.insist(lambda: context.stack.dev("restart", part))
    return free


def disk_alarm(context, part):
    """Leaves less space than disk_free_limit, so that the broker blocks publishers."""
    directory = small_disk(context.stack, part)
    filler = directory / "filler"
    free = os.statvfs(directory)
    with open(filler, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - BROKER_WANTS_FREE // 2)

    def end():
        filler.unlink()
        context.insist(lambda: context.stack.management("GET", "health/checks/local-alarms").status_code == 200)
    return end


def fill(path):
    block = bytes(1 << 16)
    with open(path, "ab", buffering=0) as file:
        while True:
            try:
                file.write(block)
            except OSError:
                if len(block) == 1:
                    return
                block = block[:len(block) // 2]
