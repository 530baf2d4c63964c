"""A rolling restart: two of each program, of which one after the other is replaced while its second carries on."""
import time

from chaos.processes import PROGRAMS, Replica, await_ready

DRAINED = 1.0  # seconds that a balancer gives connections to end


def rolling(context, _all):
    """Nobody need notice. Where there is another build, the seconds begin as that one, and end as ours."""
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
    """As a balancer does it: nobody is sent there any more, and then it ends."""
    if second.program == "edge-http":
        context.rest.remove(second.url)
        time.sleep(DRAINED)
    status = second.stop()
    if status != 0:
        context.records.violated(f"a second {second.program} ended with {status}, asked to end")


def replace_second(context, program, old):
    """By a newer copy, which is there only once the old one has gone."""
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
