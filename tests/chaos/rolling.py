"""A rolling restart: two of each program, of which one after the other is replaced while its twin carries on."""
import time

from chaos.parts import PROGRAMS, Replica, await_ready

DRAINED = 1.0  # seconds that a balancer gives connections to end


def rolling(world, _all):
    """Nobody need notice. Where there is another build, the twins begin as that one, and end as ours."""
    twins = {}
    try:
        for program in PROGRAMS:
            twins[program] = start_twin(world, program, world.other_build)
        for program in PROGRAMS:
            replace_first(world, program)
            twins[program] = replace_twin(world, program, twins.pop(program))
    finally:
        for program in reversed(PROGRAMS):
            if program in twins:
                retire(world, twins[program])


def start_twin(world, program, build=None):
    twin = Replica(world.stack, program, build)
    await_ready(twin.ready, 30, f"a second {program}")
    if program == "edge-http":
        world.door.add(twin.url)
    return twin


def retire(world, twin):
    """As a balancer does it: nobody is sent there any more, and then it ends."""
    if twin.program == "edge-http":
        world.door.remove(twin.url)
        time.sleep(DRAINED)
    status = twin.stop()
    if status != 0:
        world.ledger.violated(f"a second {twin.program} ended with {status}, asked to end")


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
