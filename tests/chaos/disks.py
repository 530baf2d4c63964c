"""Disks that run full: those of the broker and of the database, which are small where a run is asked for this."""
import os
from pathlib import Path

from chaos.parts import alive, await_ready


def data_directory(stack, part):
    if part == "postgres":
        return Path((stack.directory / "postgres").read_text().strip())
    return stack.directory / part


def disk_full(world, part):
    """Another fills the disk to its last byte, and some time later takes it all away again."""
    directory = data_directory(world.stack, part)
    if not os.path.ismount(directory):
        raise AssertionError(f"{directory} is no disk of its own: ./dev chaos --only disk-full makes it one")
    filler = directory / "filler"
    fill(filler)

    def free():
        filler.unlink()
        await_ready(lambda: alive(world.stack, part), 30, part)
    return free


def fill(path):
    block = bytes(1 << 16)
    with open(path, "ab", buffering=0) as file:
        while True:
            try:
                file.write(block)
            except OSError:
                if len(block) == 1:
                    return
                block = block[:len(block) // 2] or block[:1]
