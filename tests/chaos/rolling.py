"""A rolling restart: two of each program, of which one after the other is replaced while its duplicate_of carries on."""
import time

from chaos.parts import PROGRAMS, Replica, await_ready

DRAINED = 1.0  # seconds that a balancer gives connections to end


def rolling(world, _all):
    """Nobody need notice. Where there is another build, the duplicates begin as that one, and end as ours."""
    duplicates = {}
    try:
        for program in PROGRAMS:
            duplicates[program] = start_twin(world, program, world.other_build)
        for program in PROGRAMS:
            replace_first(world, program)
            duplicates[program] = replace_twin(world, program, duplicates.pop(program))
    finally:
        for program in reversed(PROGRAMS):
            if program in duplicates:
                retire(world, duplicates[program])


def start_twin(world, program, build=None):
    duplicate_of = Replica(world.stack, program, build)
    await_ready(duplicate_of.ready, 30, f"a second {program}")
    if program == "edge-http":
        world.door.add(duplicate_of.url)
    return duplicate_of


def retire(world, duplicate_of):
    """As a balancer does it: nobody is sent there any more, and then it ends."""
    if duplicate_of.program == "edge-http":
        world.door.remove(duplicate_of.url)
        time.sleep(DRAINED)
    status = duplicate_of.stop()
    if status != 0:
        world.ledger.violated(f"a second {duplicate_of.program} ended with {status}, asked to end")


def replace_twin(world, program, old):
    """By a newer copy, which is there only once the old one has gone."""
    retire(world, old)
    return start_twin(world, program)


def replace_first(world, program):
    if program != "edge-http":
        world.restart(program)
        return
    world.door.remove(world.stack.url)
    time.sleep(DRAINED)
    world.restart(program)
    world.door.add(world.stack.url)
