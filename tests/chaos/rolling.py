"""A rolling restart: two processes of each program, replaced one by one while the other one serves."""
import time

from chaos.processes import PROGRAMS, Replica, await_ready

DRAINED = 1.0  # seconds for connections to end


def rolling(context, _all):
    """Clients must not notice it. With another build, the second processes start from it and end with this build."""
    seconds = {}
    try:
        for program in PROGRAMS:
            seconds[program] = start_second(context, program, context.other_build)
        for program in PROGRAMS:
            replace_first(context, program)
            seconds[program] = replace_second(context, program, seconds.pop(program))
    finally:
        for program in reversed(PROGRAMS):
            if program in seconds:
                retire(context, seconds[program])


def start_second(context, program, build=None):
    second = Replica(context.stack, program, build)
    await_ready(second.ready, 30, f"a second {program}")
    if program == "edge-http":
        context.rest.add(second.url)
    return second


def retire(context, second):
    """Like a balancer: sends no more requests to it, then stops it."""
    if second.program == "edge-http":
        context.rest.remove(second.url)
        time.sleep(DRAINED)
    status = second.stop()
    if status != 0:
        context.records.violated(f"a second {second.program} ended with {status}, asked to end")


def replace_second(context, program, old):
    """Replaces it by a new process that starts after the old one has ended."""
    retire(context, old)
    return start_second(context, program)


def replace_first(context, program):
    if program != "edge-http":
        context.restart(program)
        return
    context.rest.remove(context.stack.url)
    time.sleep(DRAINED)
    context.restart(program)
    context.rest.add(context.stack.url)
