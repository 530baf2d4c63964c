"""Long measurements: a backlog, a second replica of every service, a large table."""
import os
import subprocess
import time

import resource_usage

BACKLOG = 20_000
GROWN = 5_000_000
CONFIRMED = r'relay_events_total\{type="order.confirmed"'

GROW = """
    INSERT INTO orders (id, user_id, state, version, created_at, updated_at, expires_at, items, total_cents, currency, history)
    SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid,
           gen_random_uuid(), 3, 3, at, at, at, items, 1890, 'EUR', history
    FROM generate_series({first}, {last}) n, (SELECT now() - interval '90 days' AS at, items, history FROM orders
                                              WHERE state = 3 LIMIT 1) AS one;"""


def confirmed_per_s(stack, measured, seconds):
    result = measured(stack, "place_order", connections=256, seconds=seconds, warm_up=2)
    stack.await_settled()
    return result


def backlog(stack, say):
    """Places orders while svc-products is down, and measures how fast the backlog drains."""
    say(f"a backlog of {BACKLOG} orders")
    stack.dev("stop", "svc-products")
    stack.load("place_order", connections=256, seconds=120, warm_up=0, requests=BACKLOG)
    before = resource_usage.counters_of(stack, "svc-orders")
    stack.dev("start", "svc-products")
    begun = time.monotonic()
    while stack.pending() and time.monotonic() - begun < 120:
        time.sleep(0.2)
    drained = resource_usage.counted(before, resource_usage.counters_of(stack, "svc-orders"), CONFIRMED)
    return {"orders": drained, "drained_per_s": drained / (time.monotonic() - begun)}


class Replica:
    """A second process of a program, with the settings of the first, and an admin port of its own."""

    def __init__(self, stack, program, port, **more):
        with open(f"/proc/{stack.pid(program)}/environ", encoding="utf-8") as file:
            settings = dict(line.split("=", 1) for line in file.read().split("\0") if "=" in line)
        settings.update(more, COMANDA_ADMIN_PORT=str(port))
        with open(stack.directory / "log" / f"{program}-2.log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([stack.bin / program], env=settings, stdout=log, stderr=log)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def replicas(stack, seconds, measured, say):
    say("two replicas of every service")
    base = 40_000 + os.getpid() % 10_000
    started = [Replica(stack, program, base + number) for number, program in enumerate(resource_usage.PROGRAMS[:3])]
    time.sleep(2)
    stack.replicas = [(program, replica.process.pid, base + number)
                      for number, (program, replica) in enumerate(zip(resource_usage.PROGRAMS, started))]
    result = confirmed_per_s(stack, measured, seconds)
    stack.replicas = []
    for replica in started:
        replica.stop()
    return result


def grown(stack, seconds, measured, say):
    say(f"a table of {GROWN:,} orders")
    step = GROWN // 10
    for first in range(1, GROWN, step):
        stack.psql("orders", GROW.format(first=first, last=first + step - 1))
    stack.psql("orders", "VACUUM ANALYZE orders; CHECKPOINT")
    return confirmed_per_s(stack, measured, seconds)


def run(stack, seconds, measured, say):
    found = {"backlog": backlog(stack, say)}
    say("one replica, for comparison")
    found["one_replica"] = confirmed_per_s(stack, measured, seconds)
    found["two_replicas"] = replicas(stack, seconds, measured, say)
    found["before_growth"] = confirmed_per_s(stack, measured, seconds)
    found["after_growth"] = grown(stack, seconds, measured, say)
    return found
