"""The records of the clients: requests, answers, and reads. The final checks compare them with the databases and the log."""
import json
import threading
import time
import uuid
from collections import Counter, defaultdict

ENDS = ("confirmed", "rejected", "expired", "cancelled")


class Intent:
    """An order that a buyer places: one idempotency key for all its sendings."""

    def __init__(self, tag, buyer_id, lines):
        self.key = f"{tag}-{uuid.uuid4()}"
        self.buyer_id, self.lines = buyer_id, lines
        self.order_id = None
        self.end = None           # the terminal status that was seen
        self.version = 0          # the highest version that was seen
        self.cancelled = False    # a cancel was answered 200
        self.events = []            # (time, text) for the report of a failure

    def log(self, text):
        self.events.append((time.time(), text))


class Records:
    def __init__(self, tag):
        self.tag = tag
        self.lock = threading.Lock()
        self.intents = []
        self.products = {}                  # id -> initial on_hand
        self.restocked = Counter()          # product id -> sum of accepted deltas
        self.versions = defaultdict(int)    # product id -> version of the last change that was answered 200
        self.violations = []                # (text, order id or None)
        self.statuses = Counter()           # answers by status; 0: no answer
        self.failures = Counter()           # failure and its detail
        self.slowest = (0, "")
        self.repeats = 0                    # requests sent again under the same key

    def violated(self, text, order_id=None):
        with self.lock:
            self.violations.append((text, order_id))
        print(f"VIOLATION  {text}", flush=True)

    def answered(self, what, status, seconds, retry_after):
        with self.lock:
            self.statuses[status] += 1
            self.slowest = max(self.slowest, (seconds, f"{what} -> {status}"))
        if status == 503 and retry_after is None:
            self.violated(f"{what}: 503 without Retry-After")
        if status in (500, 501, 502):
            self.violated(f"{what}: {status}")

    def failed(self, what, status, text):
        try:
            detail = json.loads(text).get("detail", "")
        except ValueError:
            detail = text
        with self.lock:
            self.failures[f"{what}: {status} {detail}"] += 1

    def intend(self, buyer_id, lines):
        intent = Intent(self.tag, buyer_id, lines)
        with self.lock:
            self.intents.append(intent)
        return intent

    # ---- orders ----

    def accepted(self, intent, order):
        """Records an order from the answer to a placement."""
        with self.lock:
            known = intent.order_id
            intent.order_id = known or order["id"]
        if known not in (None, order["id"]):
            self.violated(f"the key {intent.key} was answered with two orders: {known} and {order['id']}", known)
        said = {item["product_id"]: item["quantity"] for item in order["items"]}
        if said != dict(intent.lines) or order.get("note") != intent.key:
            self.violated(f"the order of key {intent.key} differs from its request: {order}", order["id"])

    def saw(self, intent, order, settled_before):
        """Records a read. `settled_before`: (end, version) known when the read began."""
        end, version = settled_before
        if end is not None and order["status"] != end:
            self.violated(f"order {order['id']} was {end}, and is {order['status']} again", order["id"])
        if order["version"] < version:
            self.violated(f"order {order['id']} went back from version {version} to {order['version']}", order["id"])
        with self.lock:
            intent.version = max(intent.version, order["version"])
            if order["status"] not in ENDS or intent.end is not None:
                return
            intent.end = order["status"]
        intent.log(f"seen {order['status']}")
        if intent.cancelled and order["status"] != "cancelled":
            self.violated(f"order {order['id']} is {order['status']} after its cancel was answered 200", order["id"])

    def known(self, intent):
        with self.lock:
            return intent.end, intent.version

    # ---- products ----

    def added(self, product_id, on_hand):
        with self.lock:
            self.products[product_id] = on_hand

    def restock(self, product_id, delta):
        with self.lock:
            self.restocked[product_id] += delta

    def changed(self, product):
        """Records a change that was answered 200: no later read may be older."""
        with self.lock:
            self.versions[product["id"]] = max(self.versions[product["id"]], product["version"])

    def version(self, product_id):
        with self.lock:
            return self.versions[product_id]

    def stock_expected(self, product_id):
        return self.products[product_id] + self.restocked[product_id]

    def count(self):
        with self.lock:
            return Counter("open" if intent.end is None else intent.end for intent in self.intents
                           if intent.order_id is not None)
