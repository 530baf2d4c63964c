"""One run: load, faults, quiet, checks, report."""
import random
import threading
import time
from collections import Counter

from chaos import checks
from chaos.load import Load
from chaos.rest import RestClient
from chaos.eventlog import EventLog, order_of
from chaos.records import Records
from chaos.processes import PROGRAMS, alive, await_ready, footprint, group, send
from chaos.proxy import Network
from chaos.connections import CONNECTIONS, all_connections
from chaos.schedule import Injector, plan
from harness.stack import PARTS

WARM_UP = 6                # seconds of load before the first fault
GROWTH_KB = 48 << 10       # growth allowed to a warm process
GROWTH_FDS = 24
WARM_AFTER = 8             # seconds of a process's life until it is warm

GROUPS = {"rabbitmq": "broker", "postgres": "database", "redis": "cache", "all": "rolling"}


def listed(counts):
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


class World:
    """What faults use."""

    def __init__(self, stack, seed, deadline, other_build=None):
        self.stack, self.other_build = stack, other_build
        self.parts = (*stack["COMANDA_BROKERS"].split(), *PARTS[1:])
        self.start = time.time()
        self.log_sizes = {path: path.stat().st_size for path in (stack.directory / "log").glob("*.log")}
        self.random = random.Random(seed)
        self.records = Records(f"chaos-{seed}-{int(self.start)}")
        self.rest = RestClient(stack, self.records)
        self.poison = {}                # mark -> (service, how many were sent)
        self.footprints = {}            # pid -> [program, first seen, warm, latest]
        self.deadline = deadline
        self.dead_before = {(service, body) for service, _, body in checks.dead_letters(self)}
        self.network = Network({way: stack[CONNECTIONS[way.split()[1]][1]] for way in all_connections()})
        self.log = self.load = None

    def say(self, text):
        print(f"{time.time() - self.start:7.1f}  {text}\n", end="", flush=True)

    # ---- for faults ----

    def settings(self, program):
        """The settings that route its connections through the proxy."""
        found = {"COMANDA_ORDER_DEADLINE": f"{self.deadline}s"} if program == "svc-orders" else {}
        for way, port in self.network.ports.items():
            who, where = way.split()
            setting, target = CONNECTIONS[where]
            if who != program:
                continue
            url = self.stack.names.get(f"{setting}_{program.upper().replace('-', '_')}") or self.stack[setting]
            found[setting] = url.replace(f":{self.stack[target]}/", f":{port}/")
        return found

    def restart(self, program):
        settings = [f"{name}={value}" for name, value in self.settings(program).items()]
        done = self.stack.dev("restart", program, *settings)
        if "did not stop within" in done.stderr:
            self.records.violated(f"{program} did not end in time when asked to: it had to be killed")

    def poisoned(self, service, mark, sent):
        self.poison[mark] = (service.removeprefix("svc-"), sent)

    def rabbitmqctl(self, *words):
        done = self.stack.dev("stack", "rabbitmqctl", *words, check=False)
        if done.returncode != 0:
            raise AssertionError(f"rabbitmqctl {words[0]}: {done.stderr.strip()[-200:]}")

    def insist(self, act, timeout=60):
        """Retries until it succeeds: every fault must be undone."""
        until = time.monotonic() + timeout
        while True:
            try:
                if act() is not False:
                    return
            except Exception:  # any error: retry
                pass
            if time.monotonic() > until:
                raise AssertionError("could not be undone")
            time.sleep(0.5)

    def subscriptions(self, queue):
        bound = self.stack.management("GET", f"queues/comanda/{queue}/bindings").json()
        return {each["routing_key"] for each in bound if each["source"] == "events"}

    # ---- before and after ----

    def prepare(self):
        """Restarts the programs behind the proxy, with a shorter deadline."""
        for program in PROGRAMS:
            self.restart(program)
        self.log = EventLog(self.stack)

    def heal(self):
        """Undoes whatever faults left."""
        for part in self.parts:
            for pid in group(self.stack, part):
                send(pid, 18)
        for way in all_connections():
            self.network.command(way, "restore")
        for part in self.parts:
            await_ready(lambda: alive(self.stack, part), 60, part)
        self.insist(lambda: self.rabbitmqctl("set_vm_memory_high_watermark", "0.4"), 90)
        for policy in self.stack.management("GET", "policies/comanda").json():
            if policy["name"].startswith("chaos-"):
                self.stack.management("DELETE", f"policies/comanda/{policy['name']}")
        self.stack.dev("ctl", "topology", "apply")
        for program in PROGRAMS:
            await_ready(lambda: self.stack.ready(program), 60, program)

    def leave(self):
        """Restores the stack."""
        if self.log is not None:
            self.log.close()
        for program in PROGRAMS:
            self.stack.restart(program)
        self.network.close()

    # ---- watching ----

    def watch(self, ending):
        published = 0
        while not ending.wait(2):
            for program in PROGRAMS:
                self.watch_one(program)
            published += 1
            if published % 3 == 0:
                self.say(self.status())

    def watch_one(self, program):
        pid = alive(self.stack, program)
        size = footprint(pid) if pid else None
        if size is None:
            return
        seen = self.footprints.setdefault(pid, [program, time.monotonic(), None, None])
        if seen[2] is None and time.monotonic() - seen[1] > WARM_AFTER:
            seen[2] = size
        seen[3] = size

    def growth(self):
        for program, _, warm, latest in self.footprints.values():
            if warm is not None and (latest[0] > warm[0] + GROWTH_KB or latest[1] > warm[1] + GROWTH_FDS):
                yield f"{program} grew from {warm[0]} kB and {warm[1]} descriptors to {latest[0]} kB and {latest[1]}"

    def load_seconds(self):
        return self.load.seconds() if self.load is not None else 0

    def status(self):
        counted = self.records.count()
        orders = ", ".join(f"{counted[name]} {name}" for name in sorted(counted))
        failed = ", ".join(f"{count}x{status or 'no answer'}" for status, count in sorted(self.records.statuses.items())
                           if status == 0 or status >= 500)
        return f"  orders: {orders or 'none'}; {failed or 'no 5xx'}"

    def log_since_start(self, path):
        with open(path, "rb") as file:
            file.seek(min(self.log_sizes.get(path, 0), path.stat().st_size))
            return file.read().decode(errors="replace").splitlines()


class Run:
    def __init__(self, stack, seconds, seed, rate=12.0, only=None, deadline=15, gap=2.0, other_build=None):
        self.context = World(stack, seed, deadline, other_build)
        self.seconds, self.seed, self.rate, self.only, self.gap = seconds, seed, rate, only, gap
        self.injector = Injector(self.context, plan(seed, seconds, only, gap))
        self.outcome = None

    def go(self):
        """Runs everything. Returns whether no check failed."""
        context, ending = self.context, threading.Event()
        context.say(f"seed {self.seed}: {len(self.injector.planned)} faults in {self.seconds} s, {self.rate:g} orders/s")
        try:
            context.prepare()
            context.load = Load(context.rest, context.records, self.seed, self.rate)
            watcher = threading.Thread(target=context.watch, args=(ending,), daemon=True)
            watcher.start()
            context.load.start(buyers=max(6, round(self.rate / 4)))
            time.sleep(WARM_UP)
            before = Counter(context.records.statuses)
            self.injector.run()
            self.settle()
            self.outcome = checks.check_all(context)
            checks.check_expired(context, self.outcome, [(began, ended) for _, _, began, ended in self.injector.done])
            if self.only == ["rolling"]:
                checks.check_others_are_served(context, context.records.statuses - before)
        finally:
            ending.set()
            self.report()
            try:
                context.heal()
            finally:
                context.leave()
        return not context.records.violations

    def settle(self):
        context = self.context
        context.say("the last fault is over; waiting for quiet")
        context.heal()
        context.load.end(timeout=60)
        until = time.monotonic() + self.context.deadline + 60
        while unfinished := checks.unfinished(context):
            if time.monotonic() > until:
                for what in unfinished:
                    context.records.violated(f"no quiet: {what}")
                break
            time.sleep(1)
        time.sleep(1.5)  # until the log has been read
        context.say("quiet")

    # ---- report ----

    def report(self):
        context, kinds = self.context, Counter(kind for kind, _, _, _ in self.injector.done)
        print(f"\nseed {self.seed}, {self.seconds} s at {self.rate:g} orders/s")
        print(f"faults    {sum(kinds.values())}: {listed(kinds)}")
        if self.injector.skipped:
            print(f"skipped   {listed(self.injector.skipped)}")
        if self.outcome is not None:
            counted = self.outcome.count()
            print(f"orders    {len(self.outcome.orders)} accepted: "
                  + ", ".join(f"{counted[name]} {name}" for name in ("confirmed", "rejected", "expired", "cancelled")))
            self.report_recovery()
        statuses = context.records.statuses
        print(f"requests  {sum(statuses.values())}, {sum(statuses.values()) / max(1.0, context.load_seconds()):.0f} a second")
        print("answers   " + ", ".join(f"{statuses[status]} x {status or 'none'}" for status in sorted(statuses))
              + f"; {context.records.repeats} sent again; slowest %.1f s (%s)" % context.records.slowest)
        for text, count in context.records.failures.most_common(12):
            print(f"          {count} x {text}")
        if context.log is not None:
            print(f"log       {len(context.log.texts)} events, {context.log.copies} copies")
        print(f"poison    {sum(sent for _, sent in context.poison.values())} messages")
        self.report_violations()

    def report_recovery(self):
        """Seconds from a fault's end to the confirmation of the first order placed after it."""
        orders = sorted((order["created_at"].timestamp(), order["updated_at"].timestamp())
                        for order in self.outcome.orders.values() if self.outcome.state(order) == "confirmed")
        worst, kinds, unclear = {}, {}, 0
        for fault in self.injector.done:
            kind, target, began, ended = fault
            first = min((confirmed for placed, confirmed in orders if placed > ended), default=None)
            others = [each for each in self.injector.done if each is not fault]
            if first is None or any(b < first and e > ended for _, _, b, e in others):
                unclear += 1
                continue
            where = GROUPS.get(target, "service")
            worst[where] = max(worst.get(where, (0, "")), (first - ended, f"{kind} {target}"))
            kinds[kind] = max(kinds.get(kind, 0), first - ended)
        print("recovery  longest from a fault's end to an order placed and confirmed: "
              + ", ".join(f"{name} {seconds:.1f} s ({what})" for name, (seconds, what) in sorted(worst.items()))
              + f"; {unclear} met the next fault")
        print("          by kind, in s: " + ", ".join(f"{kind} {seconds:.1f}" for kind, seconds in sorted(kinds.items())))

    def report_violations(self):
        violations = self.context.records.violations
        if self.outcome is None:
            print("NOT CHECKED: the run ended before its checks; the reason is published below")
        elif not violations:
            print("no violation")
        if not violations:
            return
        print(f"\n{len(violations)} VIOLATIONS (seed {self.seed})")
        for text, _ in violations[:40]:
            print(f"  {text}")
        for order_id in list(dict.fromkeys(order_id for _, order_id in violations if order_id))[:5]:
            self.print_timeline(order_id)

    def print_timeline(self, order_id):
        """Prints everything known about one order."""
        context = self.context
        print(f"\norder {order_id}")
        for intent in context.records.intents:
            if intent.order_id == order_id:
                print(f"  key {intent.key}")
                for at, text in intent.events:
                    print(f"  {at - context.start:7.1f}  client: {text}")
        for statement, service in (("SELECT * FROM orders WHERE id = %s", "orders"),
                                 ("SELECT * FROM reservations WHERE order_id = %s", "products")):
            for row in context.stack.sql(service, statement, order_id):
                print(f"  {service}: {row}")
        for event in context.log.events() if context.log else ():
            if order_of(event) == order_id:
                print(f"  {event['time']} {event['source']:14}{event['type']} id {event['id']} "
                      f"cause {event.get('causationid')}")
        for kind, target, began, ended in self.injector.done:
            print(f"  {began - context.start:7.1f} to {ended - context.start:7.1f}  {kind} {target}")
