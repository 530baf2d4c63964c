"""The schedule of faults. It is drawn from the seed before the run, so that a seed repeats it."""
import random
import threading
import time
from collections import Counter, namedtuple

from chaos.faults import FAULTS

Planned = namedtuple("Planned", "at fault target seconds")

CALM_EVERY = (4, 7)    # faults, then
CALM_SECONDS = (4, 7)  # to measure the recovery


def plan(seed, seconds, only=None, gap=2.0):
    """The faults of a run in order of start. Some overlap; after every few there is a pause."""
    rng = random.Random(seed)
    choice = [fault for fault in FAULTS if (fault.weight > 0 if only is None else fault.kind in only)]
    found, at, until_calm = [], 1.0, rng.randint(*CALM_EVERY)
    deck = []
    while at < seconds:
        deck = deck or shuffled(rng, choice)
        fault = deck.pop()
        length = rng.uniform(*fault.seconds)
        if fault.alone and found:
            at += 2
        found.append(Planned(at, fault, rng.choice(fault.targets), length))
        at += 20 if fault.alone else rng.expovariate(1 / gap)
        until_calm -= 1
        if until_calm == 0:
            at = max([at] + [each.at + each.seconds for each in found[-7:]]) + rng.uniform(*CALM_SECONDS)
            until_calm = rng.randint(*CALM_EVERY)
    return [each for each in found if each.at < seconds]


def shuffled(rng, choice):
    """Kinds in proportion to their weights, with no kind left out for long."""
    deck = [fault for fault in choice for _ in range(max(1, round(fault.weight * 2)))]
    rng.shuffle(deck)
    rare = {fault.kind: fault for fault in choice}
    first = list(rare.values())
    rng.shuffle(first)
    return deck + first  # taken from the end: each kind comes once first


class Injector:
    """Executes a plan, each fault in its own thread."""

    def __init__(self, context, planned):
        self.context, self.planned = context, planned
        self.lock = threading.Lock()
        self.busy = set()       # targets with an active fault
        self.done = []          # (kind, target, began, ended), in time.time()
        self.skipped = Counter()
        self.threads = []
        self.alone = False      # a fault that must be alone is active

    def run(self):
        start = time.monotonic()
        for planned in self.planned:
            while time.monotonic() < start + planned.at:
                time.sleep(0.05)
            if planned.fault.alone or self.alone:
                self.join()
            if self.alone:
                time.sleep(CALM_SECONDS[0])
            start = max(start, time.monotonic() - planned.at)  # the wait delays the following faults
            self.alone = planned.fault.alone
            self.begin(planned)
        self.join()

    def join(self):
        for thread in self.threads:
            thread.join()
        self.threads = []

    def begin(self, planned):
        with self.lock:
            if planned.target in self.busy:
                self.skipped[planned.fault.kind] += 1
                return
            self.busy.add(planned.target)
        thread = threading.Thread(target=self.carry_out, args=(planned,), daemon=True)
        self.threads.append(thread)
        thread.start()

    def carry_out(self, planned):
        kind, target = planned.fault.kind, planned.target
        lasts = f" for {planned.seconds:.1f} s" if planned.fault.seconds[1] else ""
        self.context.say(f"{kind:<16}{target}{lasts}")
        began = time.time()
        try:
            undo = planned.fault.act(self.context, target)
            if undo is not None:
                time.sleep(planned.seconds)
                undo()
        except Exception as error:  # another active fault can make this one impossible: a closed port, a dead broker
            self.skipped[kind] += 1
            self.context.say(f"{kind:<16}{target}: could not ({str(error).strip()[:160] or type(error).__name__})")
        else:
            ended = time.time()
            with self.lock:
                self.done.append((kind, target, began, ended))
            if ended - began > 1:
                self.context.say(f"{kind:<16}{target}: over after {ended - began:.1f} s")
        finally:
            with self.lock:
                self.busy.discard(target)
