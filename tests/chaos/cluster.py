"""A cluster of brokers: nodes are killed one by one under load, also leaders of queues and of the log. With --two-every, two
nodes are killed at once, so that the cluster loses its majority. ./dev chaos --brokers 3 runs it."""
import signal
import statistics
import time
from collections import Counter

import requests

from chaos.eventlog import EventLog
from chaos.processes import alive, await_ready, send
from chaos.run import Run

RESTART = 120        # seconds until a killed node must be back with all replicas
CALM = (2, 5)        # seconds between a node's return and the next kill
LED = ("orders.events", "products.events", "users.events", "events.log", "orders.command")


class Nodes:
    """The nodes of the cluster."""

    def __init__(self, stack):
        self.stack, self.parts = stack, stack["COMANDA_BROKERS"].split()

    def ask(self, part, path):
        """A GET of one node's management API; None if it fails."""
        suffix = part.removeprefix("rabbitmq").replace("-", "_")
        port, known = self.stack[f"COMANDA_MANAGEMENT_PORT{suffix}"], self.stack["COMANDA_MANAGEMENT_URL"]
        session = requests.Session()
        session.trust_env = False
        try:
            answer = session.get(f"{known.rpartition(':')[0]}:{port}/api/{path}", timeout=5)
        except requests.RequestException:
            return None
        return answer.json() if answer.status_code == 200 else None

    def whole(self):
        """Every node is up, and every queue has all its replicas online."""
        for part in self.parts:
            queues = alive(self.stack, part) and self.ask(part, "queues/comanda")
            if not queues or self.ask(part, "health/checks/local-alarms") is None:
                return False
            if any(set(queue.get("members", ())) != set(queue.get("online", ())) for queue in queues):
                return False
        return True

    def leader(self, queue):
        """A random queue and the part that leads it (for a classic queue: its node)."""
        found = next((each for each in (self.ask(part, f"queues/comanda/{queue}") for part in self.parts) if each), {})
        node = (found.get("leader") or found.get("node") or "comanda@").partition("@")[0]
        return "rabbitmq" + node.removeprefix("comanda")


class Killer:
    """Kills nodes; each kill waits until the node before has come back."""

    def __init__(self, context, kills, two_every):
        self.context, self.kills, self.two_every = context, kills, two_every
        self.nodes = Nodes(context.stack)
        self.planned, self.done, self.skipped = range(kills), [], Counter()
        self.led = Counter()    # queues led by the killed nodes

    def run(self):
        number = 0
        while number < self.kills:
            victims = self.choose(number)
            began = time.time()
            for part in victims:
                self.context.say(f"kill-node       {part}")
                send(alive(self.context.stack, part), signal.SIGKILL)
                self.done.append(("kill-node", part, began, began))
            number += len(victims)
            await_ready(self.nodes.whole, RESTART, "the cluster")
            self.context.say(f"                the cluster is whole again after {time.time() - began:.1f} s")
            time.sleep(self.context.random.uniform(*CALM))

    def choose(self, number):
        """Every second time the leader of a random queue; else a random node."""
        queue = self.context.random.choice(LED)
        leader = self.nodes.leader(queue)
        part = leader if number % 2 == 0 else self.context.random.choice(self.nodes.parts)
        self.led[queue] += part == leader
        others = [each for each in self.nodes.parts if each != part]
        two = self.two_every and number % self.two_every == self.two_every - 1
        return [part, self.context.random.choice(others)] if two else [part]


class ClusterRun(Run):
    def __init__(self, stack, kills, two_every, seed, rate, deadline):
        super().__init__(stack, 0, seed, rate, deadline=deadline)
        self.injector = Killer(self.context, kills, two_every)

    def settle(self):
        await_ready(self.injector.nodes.whole, RESTART, "the cluster")
        super().settle()
        self.read_again()

    def read_again(self):
        """Reads the whole log again, so that a lagging node cannot have misled the reader."""
        self.context.log.close()
        self.context.log, known = EventLog(self.context.stack), -1
        while known < len(self.context.log.texts) or known < 1:
            known = len(self.context.log.texts)
            time.sleep(3)

    def report_recovery(self):
        """Seconds from a kill to the confirmation of the first order placed after it."""
        orders = sorted((order["created_at"].timestamp(), order["updated_at"].timestamp())
                        for order in self.outcome.orders.values() if self.outcome.state(order) == "confirmed")
        for count, name in ((1, "one node"), (2, "two nodes at once")):
            kills = Counter(began for _, _, began, _ in self.injector.done)
            took = sorted(min(confirmed for placed, confirmed in orders if placed > began) - began
                          for began, many in kills.items() if many == count and orders[-1][0] > began)
            if took:
                print(f"recovery  {name}, {len(took)} times: from the kill to the next order placed and confirmed: "
                      f"median {statistics.median(took):.1f} s, longest {took[-1]:.1f} s")
        print("leaders   killed: " + ", ".join(f"{count} x of {queue}" for queue, count in sorted(self.injector.led.items())))
