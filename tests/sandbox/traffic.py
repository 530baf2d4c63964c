"""Orders with every possible end: many buyers and few products, whose stock and prices change."""
import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import requests

from harness.waiting import eventually
from harness.rest import Client, is_served, ok

TRIED_MOST = 200


def insist(call, wanted=(200, 201, 202)):
    """Sends a request with one key until it is answered."""
    pause = threading.Event()
    for _ in range(TRIED_MOST):
        try:
            answer = call()
        except requests.RequestException:
            answer = None
        if answer is not None and answer.status_code < 500:
            return answer if answer.status_code in wanted else None
        pause.wait(0.1)
    raise AssertionError("never answered")


class Traffic:
    def __init__(self, stack, seed, buyers=8):
        self.stack, self.random = stack, random.Random(seed)
        admin_id = stack.sql("users", "SELECT id FROM users WHERE role = 'admin' ORDER BY created_at LIMIT 1")[0][0]
        self.admin = Client(stack.url, stack.token(admin_id, "admin"), {"id": admin_id})
        eventually(lambda: is_served(self.admin), timeout=30)
        self.buyers = [self.make_buyer() for _ in range(buyers)]
        self.products = [self.make_product(on_hand) for on_hand in (10, 60, 300, 300)]
        self.plenty = self.make_product(1000)  # everybody gets one piece
        self.placed = 0

    def make_buyer(self):
        body = {"email": f"{uuid.uuid4().hex}@example.org", "name": "Ada", "password": f"pass-{uuid.uuid4().hex}"}
        user = ok(insist(lambda: Client(self.stack.url).post("/users", body)), 201)
        return Client(self.stack.url, self.stack.token(user["id"], lifetime=36000), user, body["password"])

    def make_product(self, on_hand, **fields):
        body = {"sku": f"S-{uuid.uuid4().hex[:12]}", "name": "Beans, 1 kg", "price_cents": 1890, "currency": "EUR",
                "on_hand": on_hand} | fields
        return ok(insist(lambda: self.admin.post("/products", body)), 201)

    # ---- buyers ----

    def place_one(self, choice):
        """Most orders are for hot products; some are cancelled at once."""
        buyer = self.buyers[choice.randrange(len(self.buyers))]
        products = choice.sample(self.products, choice.choice((1, 1, 1, 2, 3)))
        items = [(product, choice.randint(1, 4)) for product in products]
        key = str(uuid.uuid4())
        answer = insist(lambda: buyer.place(items, key=key, note="ring twice" if choice.random() < 0.1 else ""))
        if answer is not None and choice.random() < 0.15:
            order_id = answer.json()["id"]
            insist(lambda: buyer.post(f"/orders/{order_id}/cancel"), wanted=(200, 409))
        if choice.random() < 0.02:
            insist(lambda: buyer.place(items, key=key))  # repeated: one order

    def place(self, count, threads=12):
        choices = [random.Random(self.random.random()) for _ in range(count)]
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(self.place_one, choice) for choice in choices]:
                done.result()
        self.placed += count

    # ---- admins ----

    def run_shop(self, ending, every=0.05):
        """Adds stock, changes prices, withdraws and restores products until stopped."""
        while not ending.wait(every):
            product = self.random.choice(self.products)
            path = f"/products/{product['id']}"
            work = self.random.randrange(10)
            if work < 6:
                delta = self.random.choice((-2, 5, 40))
                insist(lambda: self.admin.post(f"{path}/stock", {"delta": delta, "reason": "counted"}), (200, 409))
            elif work < 8:
                insist(lambda: self.admin.patch(path, {"price_cents": self.random.randint(100, 9000)}))
            elif work == 8:
                insist(lambda: self.admin.delete(path), (200, 204))
                insist(lambda: self.admin.patch(path, {"status": "active"}))
            else:
                self.move_sku(product)

    def move_sku(self, product):
        """Frees a SKU, which a new product then uses."""
        old = ok(self.admin.get(f"/products/{product['id']}"))["sku"]
        if insist(lambda: self.admin.patch(f"/products/{product['id']}", {"sku": f"S-{uuid.uuid4().hex[:12]}"})):
            insist(lambda: self.admin.post("/products", {"sku": old, "name": "Heir", "price_cents": 1,
                                                         "currency": "EUR"}), (201, 409))

    def change_people(self):
        """Changes a name, a password, a role, and disables an account."""
        first, second = self.buyers[0], self.buyers[1]
        insist(lambda: first.patch(f"/users/{first.id}", {"name": "Ada K."}))
        insist(lambda: first.patch(f"/users/{first.id}", {"password": {"old": first.password, "new": "another-one"}}))
        insist(lambda: self.admin.patch(f"/users/{second.id}", {"role": "admin"}))
        insist(lambda: self.admin.patch(f"/users/{second.id}", {"role": "customer"}))
        lost = self.buyers[-1]
        insist(lambda: self.admin.delete(f"/users/{lost.id}"), (200, 204))

    # ---- the end ----

    def open_orders(self):
        return self.stack.sql("orders", "SELECT count(*) FROM orders WHERE state < 3")[0][0]

    def settle(self, timeout=120):
        """Waits until all orders have ended, no stock is reserved, and all events are sent."""

        def settled():
            return (self.open_orders() == 0
                    and self.stack.sql("products", "SELECT count(*) FROM reservations WHERE state = 'held'")[0][0] == 0
                    and self.sent())

        eventually(settled, timeout=timeout, every=0.2)

    def sent(self):
        """Outboxes and event queues are empty."""
        rows = sum(self.stack.sql(service, "SELECT count(*) FROM outbox")[0][0]
                   for service in ("users", "products", "orders"))
        queues = [self.stack.management("GET", f"queues/comanda/{service}.events").json()
                  for service in ("users", "products", "orders")]
        return rows == 0 and sum(queue.get("messages", 1) for queue in queues) == 0

    def sent_by_products(self):
        return self.stack.sql("products", "SELECT count(*) FROM outbox")[0][0] == 0

    def fates(self):
        """Number of orders by status."""
        names = ("pending", "pending", "pending", "confirmed", "rejected", "expired", "cancelled")
        counted = {}
        for state, count in self.stack.sql("orders", "SELECT state, count(*) FROM orders GROUP BY state"):
            counted[names[state]] = counted.get(names[state], 0) + count
        return counted
