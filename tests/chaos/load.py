"""The load: buyers that order a few hot products, and a stock clerk that adds stock and reads its own writes."""
import random
import threading
import time
import uuid

from chaos.rest import GaveUp
from chaos.records import ENDS

OPEN_MAX = 40  # orders that one buyer follows at a time


def new_key():
    return {"Idempotency-Key": str(uuid.uuid4())}


class Load:
    """Threads that run until the end of the load, and then until all their requests are answered."""

    def __init__(self, rest, records, seed, rate):
        self.rest, self.records, self.rate = rest, records, rate
        self.random = random.Random(seed)
        self.ending = threading.Event()
        self.registering = threading.Lock()
        self.threads, self.began, self.ended = [], 0.0, None
        admin_row = rest.stack.sql("users", "SELECT id FROM users WHERE role = 'admin' ORDER BY created_at LIMIT 1")
        self.admin = rest.client(admin_row[0][0], "admin")
        self.hot = [self.make_product(on_hand) for on_hand in (40, 150, 400, 400)]

    def make_product(self, on_hand):
        body = {"sku": f"{self.records.tag}-{uuid.uuid4().hex[:8]}".upper(), "name": "Beans, 1 kg", "price_cents": 1890,
                "currency": "EUR", "on_hand": on_hand}
        answer = self.rest.call(self.admin, "POST", "/products", json=body, headers=new_key())
        assert answer.status_code == 201, answer.text
        product = answer.json()
        self.records.added(product["id"], on_hand)
        self.records.changed(product)
        return product["id"]

    def start(self, buyers):
        self.began = time.monotonic()
        work = [Buyer(self, buyers) for _ in range(buyers)] + [StockClerk(self)]
        for worker in work:
            thread = threading.Thread(target=worker.run, daemon=True)
            thread.start()
            self.threads.append(thread)

    def seconds(self):
        """Seconds in which orders were placed."""
        return (self.ended or time.monotonic()) - self.began

    def end(self, timeout):
        """Starts no new orders; waits for the answers to the others."""
        self.ending.set()
        self.ended = time.monotonic()
        until = time.monotonic() + timeout
        for thread in self.threads:
            thread.join(max(0.1, until - time.monotonic()))
        self.rest.give_up.set()
        for thread in self.threads:
            thread.join(20)


class Worker:
    def __init__(self, load):
        self.load, self.rest, self.records = load, load.rest, load.records
        self.random = random.Random(load.random.random())

    def run(self):
        try:
            self.open()
            while not self.load.ending.is_set():
                self.step()
            self.close()
        except GaveUp as never:
            self.records.violated(f"never answered, although everything is up again: {never}")
        except Exception as error:  # an exception of a client means an unexpected answer
            self.records.violated(f"a client fell over: {error!r}")
            raise

    def open(self):
        """Before the first step."""

    def close(self):
        """After the last one."""

    def pause(self, seconds):
        self.load.ending.wait(seconds)

    def read_product(self, product_id):
        """A read is never older than a change that was answered 200 before the read began."""
        least = self.records.version(product_id)
        answer = self.rest.once(self.load.admin, "GET", f"/products/{product_id}")
        if answer is None or answer.status_code != 200:
            return None
        product = answer.json()
        if product["version"] < least:
            self.records.violated(f"product {product_id} reads version {product['version']} after {least} was answered")
        if product["available"] != product["on_hand"] - product["reserved"] or product["available"] < 0:
            self.records.violated(f"product {product_id} does not add up: {product}")
        return product


class Buyer(Worker):
    def __init__(self, load, buyers):
        super().__init__(load)
        self.gap = buyers / load.rate
        self.open_orders = []

    def open(self):
        email = f"{uuid.uuid4().hex}@example.org"
        body = {"email": email, "name": "Ada", "password": uuid.uuid4().hex}
        with self.load.registering:  # password hashing is slow: register one by one
            answer = self.rest.call(self.load.admin, "POST", "/users", json=body, headers=new_key())
        assert answer.status_code == 201, f"registering: {answer.status_code} {answer.text}"
        self.client = self.rest.client(answer.json()["id"])

    def step(self):
        began = time.monotonic()
        if self.random.random() < 0.3:
            self.read_product(self.random.choice(self.load.hot))
        self.place()
        self.follow(2 if len(self.open_orders) < OPEN_MAX else OPEN_MAX)
        self.pause(max(0.0, self.random.uniform(0.5, 1.5) * self.gap - (time.monotonic() - began)))

    def close(self):
        until = time.monotonic() + 150
        while self.open_orders and time.monotonic() < until and not self.rest.give_up.is_set():
            self.follow(len(self.open_orders))
            time.sleep(0.2)

    # ---- placing ----

    def place(self):
        chosen = self.random.sample(self.load.hot, self.random.choice((1, 1, 2, 3)))
        intent = self.records.intend(self.client.id, [(product, self.random.randint(1, 3)) for product in chosen])
        luck = self.random.random()
        if luck < 0.06:
            self.send_twice_at_once(intent)
        self.send(intent, wait=1 if luck > 0.8 else None)
        if luck < 0.15:
            self.send(intent, wait=None)  # the client sends it again
        self.open_orders.append(intent)
        if self.random.random() < 0.08:
            self.cancel(intent)

    def send(self, intent, wait):
        items = [{"product_id": product, "quantity": quantity} for product, quantity in intent.lines]
        headers = {"Idempotency-Key": intent.key} | ({"Prefer": f"wait={wait}"} if wait else {})
        body_sent = {"items": items, "note": intent.key}
        answer = self.rest.call(self.client, "POST", "/orders", json=body_sent, headers=headers)
        body = answer.json()
        intent.log(f"placed: {answer.status_code}")
        if answer.status_code in (201, 202):
            self.records.accepted(intent, body)
        elif answer.status_code == 409 and wait and "order" in body:
            body = body["order"]
            self.records.accepted(intent, body)
        else:
            self.records.violated(f"an order was answered {answer.status_code}: {answer.text[:300]}")
            return
        if body["status"] in ENDS and wait:
            self.records.saw(intent, body, (None, 0))

    def send_twice_at_once(self, intent):
        def other():
            try:
                self.send(intent, wait=None)
            except GaveUp:
                pass  # the first sending reports it
        self.other = threading.Thread(target=other, daemon=True)
        self.other.start()

    def cancel(self, intent):
        answer = self.rest.call(self.client, "POST", f"/orders/{intent.order_id}/cancel", json={})
        intent.log(f"cancel: {answer.status_code}")
        if answer.status_code == 200:
            intent.cancelled = True
            if answer.json()["status"] != "cancelled":
                self.records.violated(f"cancel answered 200, the order is {answer.json()['status']}", intent.order_id)
        elif answer.status_code != 409:
            self.records.violated(f"a cancel was answered {answer.status_code}: {answer.text[:300]}", intent.order_id)

    # ---- following ----

    def follow(self, count):
        for intent in self.random.sample(self.open_orders, min(count, len(self.open_orders))):
            self.look(intent)
        self.open_orders = [intent for intent in self.open_orders
                            if intent.order_id and (intent.end is None or self.random.random() < 0.3)
                            and not (intent.end and self.load.ending.is_set())]

    def look(self, intent):
        before = self.records.known(intent)
        answer = self.rest.once(self.client, "GET", f"/orders/{intent.order_id}")
        if answer is None or answer.status_code in (503, 504):
            return
        if answer.status_code != 200:
            self.records.violated(f"order {intent.order_id} was accepted, and reads {answer.status_code}",
                                 intent.order_id)
            return
        self.records.saw(intent, answer.json(), before)


class StockClerk(Worker):
    """Adds stock, changes names, and owns a product that no buyer orders, whose figures must be exact."""

    def open(self):
        self.own = self.load.make_product(10)
        self.own_stock = 10

    def step(self):
        luck = self.random.random()
        if luck < 0.45:
            enough = max(1.0, self.load.rate / 12)
            self.restock(self.random.choice(self.load.hot), int(self.random.randint(10, 60) * enough))
        elif luck < 0.8:
            delta = self.random.randint(1, 5)
            self.restock(self.own, delta)
            self.own_stock += delta
            self.look_at_own()
        else:
            self.rename(self.random.choice(self.load.hot))
        self.pause(self.random.uniform(0.1, 1.0))

    def restock(self, product_id, delta):
        answer = self.rest.call(self.load.admin, "POST", f"/products/{product_id}/stock", json={"delta": delta},
                                headers=new_key())
        if answer.status_code != 200:
            self.records.violated(f"a restock was answered {answer.status_code}: {answer.text[:300]}")
            return
        self.records.restock(product_id, delta)
        self.records.changed(answer.json())
        self.read_product(product_id)

    def look_at_own(self):
        for _ in range(2):
            product = self.read_product(self.own)
            if product is not None and product["on_hand"] != self.own_stock:
                self.records.violated(f"{self.own} reads {product['on_hand']} on hand; {self.own_stock} was answered")

    def rename(self, product_id):
        name = f"Beans {uuid.uuid4().hex[:6]}"
        answer = self.rest.call(self.load.admin, "PATCH", f"/products/{product_id}", json={"name": name})
        if answer.status_code != 200:
            self.records.violated(f"a change of name was answered {answer.status_code}: {answer.text[:300]}")
            return
        self.records.changed(answer.json())
        product = self.read_product(product_id)
        if product is not None and product["name"] != name:
            self.records.violated(f"{product_id} reads {product['name']!r} after {name!r} was answered")
