"""./dev soak: half of the maximum load for a long time, without a leak.

The script measures the capacity, and the rate under twice as many clients. Then it places orders at half of the capacity,
with short retentions, and watches memory, descriptors and tables. Standard library and the benchmark's modules.
"""
import argparse
import json
import os
import sys
import time

import limits
from resource_usage import PROGRAMS, counted, counters
from bench_stack import Stack, commit, machine

TTL_SECONDS = 60  # retention of the inbox
SETTINGS = (f"COMANDA_IDEMPOTENCY_TTL={TTL_SECONDS}s", f"COMANDA_DEDUP_TTL={TTL_SECONDS}s")
CONNECTIONS = 64
CONFIRMED = r'relay_events_total\{type="order.confirmed"'


def say(text):
    print(f"soak          {text}", file=sys.stderr, flush=True)


def prepare(stack):
    for program in PROGRAMS[:3]:
        stack.dev("restart", program, *SETTINGS)
    stack.dev("restart", "edge-http", f"COMANDA_HTTP_THREADS={3 * CONNECTIONS}")
    say("putting products and users into the stack")
    stack.fill()


def confirmed_per_s(stack, connections, seconds):
    """Orders confirmed per second with so many clients in a closed loop, and the number of failed answers."""
    load = stack.start_load("place_order", connections=connections, seconds=seconds, warm_up=2)
    time.sleep(2)
    before, begun = counters(stack), time.monotonic()
    time.sleep(seconds - 0.5)
    found = counted(before, counters(stack), CONFIRMED) / (time.monotonic() - begun)
    refused = json.loads(load.communicate()[0])["unexpected"]
    stack.await_settled()
    return found, refused


def measure_capacity(stack, seconds):
    """(confirmed per second, the same with twice as many clients), each the better of two rounds."""
    once, twice = [], []
    for _ in range(2):
        once.append(confirmed_per_s(stack, CONNECTIONS, seconds)[0])
        twice.append(confirmed_per_s(stack, 2 * CONNECTIONS, seconds)[0])
    return max(once), max(twice)


def soak(stack, seconds, rate, every):
    """Measures repeatedly during the load. Returns the measurements and the result of the load."""
    load = stack.start_load("place_order", connections=CONNECTIONS, seconds=seconds, warm_up=1, rate=rate)
    looks, began = [], time.monotonic()
    while load.poll() is None:
        looks.append(limits.look(stack, time.monotonic() - began))
        if len(looks) % 6 == 1:
            say(limits.line(looks[-1]))
        time.sleep(min(every, max(0.1, began + seconds - time.monotonic())))
    result = json.loads(load.communicate()[0])
    stack.await_settled()
    return looks, result


def main():
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__.partition(": ")[2].partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30, help="how long (30); less than 4 tell little")
    parser.add_argument("--rate", type=float, help="orders a second (half of what was measured)")
    parser.add_argument("--capacity-seconds", type=float, default=8, metavar="S", help="one measurement of the capacity (8)")
    options = parser.parse_args()
    stack = Stack(os.environ["COMANDA_STACK"])
    prepare(stack)
    capacity, overloaded = measure_capacity(stack, options.capacity_seconds)
    rate = options.rate or capacity / 2
    say(f"capacity {capacity:.0f} orders/s, {overloaded:.0f} with twice as many clients; soaking at {rate:.0f} for "
        f"{options.minutes:g} minutes")
    looks, result = soak(stack, options.minutes * 60, rate, every=10 if options.minutes >= 5 else 3)
    print(f"\n{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {commit()}, {machine()['cores']} cores, "
          f"{options.minutes:g} minutes at {rate:.0f} orders/s")
    print(f"capacity  {capacity:.0f} orders/s confirmed with {CONNECTIONS} connections, {overloaded:.0f} with twice as many "
          f"({overloaded / capacity:.2f})")
    print(f"load      {result['done']} answers, {result['unexpected']} unexpected, {result['lost']} connections lost, "
          f"{result['missed']} missed; p50 {result['p50_ms']:.1f} ms, p99 {result['p99_ms']:.1f} ms")
    faults = limits.report(looks, TTL_SECONDS)
    if overloaded < 0.85 * capacity:
        faults.append(f"with twice as many clients {overloaded / capacity:.2f} of the orders were confirmed")
    if result["unexpected"] or result["lost"]:
        faults.append(f"{result['unexpected']} answers were not 202 (the last was {result['unexpected_status']})")
    print("\n".join(f"GROWS OR FAILS  {fault}" for fault in faults) or "nothing grows")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
