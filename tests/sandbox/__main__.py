"""./dev sandbox: many orders and crashes, then the sandbox. A build with a changed rule must be detected."""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from harness.waiting import eventually
from harness.stack import ROOT, stack_under_test
from sandbox import replay
from sandbox.traffic import Traffic

# The rule, and the same with the last piece kept back.
RULE = ("svc-products/domain/reservation.c",
        "return demand->quantity <= product_available(demand->product);",
        "return demand->quantity < product_available(demand->product);")


def say(text):
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


class Crashes:
    """Kills one part after the other with SIGKILL until stopped; the supervisor restarts each."""

    def __init__(self, stack, every):
        self.stack, self.every = stack, every
        self.ending, self.counted = threading.Event(), {}
        self.thread = threading.Thread(target=self.run)

    def run(self):
        parts = ["svc-products", "rabbitmq", "svc-orders", "svc-products", "svc-users", "postgres"]
        while not self.ending.wait(self.every):
            parts.append(parts.pop(0))
            pid = self.stack.pid(parts[-1])
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                self.counted[parts[-1]] = self.counted.get(parts[-1], 0) + 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


def make_history(stack, orders, seed):
    """Orders with every possible end."""
    traffic = Traffic(stack, seed, buyers=24)
    ending = threading.Event()
    shop = threading.Thread(target=traffic.run_shop, args=(ending,))
    shop.start()
    try:
        with Crashes(stack, every=12) as crashes:
            while traffic.placed < orders - 200:
                traffic.place(min(1000, orders - 200 - traffic.placed))
                say(f"{traffic.placed} orders placed")
            traffic.change_people()
    finally:
        ending.set()
        shop.join()
    say("killed, and come back: " + ", ".join(f"{part} {count} times" for part, count in crashes.counted.items()))
    traffic.settle(timeout=300)
    expire(stack, traffic)
    say(f"how they ended: {traffic.fates()}")
    return traffic


def expire(stack, traffic):
    """Orders that expire while svc-products is stopped."""
    stack.restart("svc-orders", COMANDA_ORDER_DEADLINE="2s")
    stack.stop("svc-products")
    traffic.place(200)
    eventually(lambda: traffic.open_orders() == 0, timeout=120, every=0.2)
    stack.start("svc-products")
    traffic.settle(timeout=300)


def figures(found):
    for service, each in found.items():
        seconds = each["took_us"] / 1e6
        say(f"  {service}: {each['decisions']} decisions, {each['events']} events in {seconds:.2f} s,"
            f" {each['events'] / seconds:.0f} events/s")
    seconds = sum(each["took_us"] for each in found.values()) / 1e6
    events = sum(each["events"] for each in found.values())
    say(f"  in all: {events} events in {seconds:.2f} s, {events / seconds:.0f} events/s")


def expect(holds, what):
    say(("yes  " if holds else "NO   ") + what)
    return holds


def check_equal(stack):
    since = time.monotonic()
    code, found, err = replay.run(stack)
    took = time.monotonic() - since
    fine = expect(code == 0, "rebuilt, the sandbox is what is live" + ("" if code == 0 else
                                                                      f": {err}{replay.differences(found)}"))
    figures(found)
    say(f"  from start to answer: {took:.1f} s")
    again = replay.run(stack)[1]
    return fine & expect(replay.digests(again) == replay.digests(found), "a second run gives the same digests")


def build_changed(directory):
    """A copy of the sources with the changed rule."""
    names = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z"], check=True,
                           capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    path, rule, changed = RULE
    text = (directory / path).read_text()
    assert text.count(rule) == 1, f"{path} is not as this script knows it"
    (directory / path).write_text(text.replace(rule, changed))
    for command in (["cmake", "--preset", "release"], ["cmake", "--build", "--preset", "release", "--target", "comanda"]):
        subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    return directory / "build/release/bin/comanda"


def check_changed(stack):
    with tempfile.TemporaryDirectory() as directory:
        say("building a copy with the rule changed: the last piece is kept back")
        program = build_changed(Path(directory))
        since = time.monotonic()
        code, found, err = replay.run(stack, "products", program=str(program))
        took = time.monotonic() - since
    fine = expect(code == 1, f"the changed build differs from the record {err}")
    if not fine:
        return False
    first = found["products"]["differences"][0]
    say(f"  {found['products']['decided_differently']} events decided differently; the first is decision {first['decision']}"
        f" of {found['products']['decisions']}, {first['after_us'] / 1e6:.2f} s into the replay;"
        f" {took:.1f} s from start to answer")
    for name in ("recorded", "now"):
        event = first[name]
        say(f"  {name:8} {event['type']} {event['data'].get('detail', '')} {event['data'].get('stock')}")
    return expect(first["recorded"]["type"].endswith("stock.reserved.v1")
                  and first["now"]["type"].endswith("stock.refused.v1"),
                  "the first difference is an order that took the last piece")


def main():
    parser = argparse.ArgumentParser(prog="./dev sandbox", description=__doc__)
    parser.add_argument("--orders", type=int, default=10000, help="how many (10000)")
    parser.add_argument("--seed", type=int, help="seed of the traffic (random, printed)")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1, 100000)
    stack = stack_under_test()
    say(f"{options.orders} orders, seed {seed}")
    make_history(stack, options.orders, seed)
    fine = check_equal(stack)
    fine &= check_changed(stack)
    fine &= expect(not replay.databases(stack), "no database is left behind")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
