"""./dev demo: some users and products, then orders at a gentle rate, with a line as each one moves on.

Everything goes through the REST API, as any client would do it, but for a mishap at the end: for a timestamp the orders
database has a rule too many, and the answers to one order end among the dead letters. It is what ./dev ctl is for.
Standard library only; Ctrl-C ends it.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

URL = os.environ["COMANDA_DEMO_URL"]
ADMIN_TOKEN = os.environ["COMANDA_DEMO_TOKEN"]

USERS = ["Ada", "Grace", "Edsger"]
# name, price in cents, how many are there: the last one soon runs out, so that a rejection can be seen too
PRODUCTS = [("Espresso beans, 1 kg", 1890, 1000), ("Moka pot", 3450, 1000), ("Hand grinder", 8900, 3)]


class Refused(Exception):
    """The API answered with a problem (RFC 9457)."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('title', '')}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem


def call(method, path, body=None, token=ADMIN_TOKEN, headers=None):
    request = urllib.request.Request(URL + path, method=method, headers=dict(headers or {}))
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, json.dumps(body).encode() if body is not None else None, timeout=15) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            problem = json.load(error)
        except ValueError:
            problem = {"title": error.reason}
        raise Refused(error.code, problem) from None


def say(who, text):
    print(f"{time.strftime('%H:%M:%S')}  {who:<14}{text}", flush=True)


def sign_up(name, tag):
    email = f"{name.lower()}.{tag}@example.org"
    password = uuid.uuid4().hex
    call("POST", "/v1/users", {"email": email, "name": name, "password": password}, token=None)
    answer = call("POST", "/v1/auth/token", {"grant_type": "password", "email": email, "password": password}, token=None)
    say("user", email)
    return name, answer["access_token"]


def put_on_sale(name, price, on_hand, tag):
    sku = f"{name.split(',')[0].upper().replace(' ', '-')}-{tag}"
    product = call("POST", "/v1/products",
                   {"sku": sku, "name": name, "price_cents": price, "currency": "EUR", "on_hand": on_hand})
    say("product", f"{name}, {price / 100:.2f} EUR, {on_hand} on hand")
    return product["id"]


def follow(order_id, label, token):
    """Prints each event of the order's timeline as it comes, until the order has ended."""
    seen = set()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        order = call("GET", f"/v1/orders/{order_id}", token=token)
        for event in call("GET", f"/v1/orders/{order_id}/timeline", token=token)["events"]:
            if event["id"] not in seen:
                seen.add(event["id"])
                say(label, f"{event['source'].strip('/'):<14}{event['type'].removeprefix('comanda.').removesuffix('.v1')}")
        if order["status"] != "pending":
            reason = order.get("reason")
            total = f", {order['total_cents'] / 100:.2f} {order['currency']}" if order.get("total_cents") is not None else ""
            say(label, f"{order['status'].upper()}{total}" + (f": {reason['code']}, {reason['detail']}" if reason else ""))
            return
        time.sleep(0.02)
    say(label, "still pending after a minute: ./dev status")


def place(number, users, products):
    name, token = random.choice(users)
    chosen = random.sample(sorted(products), random.randint(1, 2))
    items = [{"product_id": product, "quantity": random.randint(1, 2)} for product in chosen]
    label = f"order {number}"
    try:
        order = call("POST", "/v1/orders", {"items": items}, token=token, headers={"Idempotency-Key": str(uuid.uuid4())})
        what = ", ".join(f"{item['quantity']} x {products[item['product_id']]}" for item in items)
        say(label, f"{name} orders {what}: accepted as {order['id']}")
        follow(order["id"], label, token)
    except (Refused, OSError) as error:
        say(label, f"failed: {error}")


# What a migration that was written in a hurry might have put there.
RULE = "ALTER TABLE orders ADD CONSTRAINT no_gifts CHECK (note IS NULL OR note <> 'A gift.' OR version = 1) NOT VALID"
NO_RULE = "ALTER TABLE orders DROP CONSTRAINT IF EXISTS no_gifts"


def dev(*words):
    command = [str(Path(__file__).parents[2] / "dev"), "--stack", os.environ["COMANDA_DEMO_STACK"], *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def in_orders_database(statement):
    dev("psql", "orders", "-q", "-c", statement)


def answers_have_died(order_id):
    """Whether users and products have, and both answers have died."""
    return dev("ctl", "dead", "list", "--order", order_id, "--json").count("\n") == 2


def mishap(users, products):
    """One order whose answers cannot be saved. Mended at once; what died meanwhile stays dead."""
    name, token = users[0]
    in_orders_database(RULE)
    try:
        items = [{"product_id": product, "quantity": 1} for product in list(products)[:2]]
        order = call("POST", "/v1/orders", {"items": items, "note": "A gift."}, token=token,
                     headers={"Idempotency-Key": str(uuid.uuid4())})
        say("a gift", f"{name} orders it: accepted as {order['id']}")
        until = time.monotonic() + 20
        while time.monotonic() < until and not answers_have_died(order["id"]):
            time.sleep(0.2)
    finally:
        in_orders_database(NO_RULE)
    say("a gift", "still pending: its answers are dead letters. ./dev ctl dead list; ./dev ctl dead redrive --all")


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=10, help="how many (10)")
    parser.add_argument("--rate", type=float, default=1.0, help="orders a second (1)")
    parser.add_argument("--no-mishap", action="store_true", help="end without a dead letter")
    options = parser.parse_args()
    if options.orders < 1 or options.rate <= 0:
        parser.error("--orders and --rate must be above 0")
    tag = f"{time.time_ns() // 1_000_000:x}"
    try:
        users = [sign_up(name, tag) for name in USERS]
        products = {put_on_sale(*product, tag): product[0] for product in PRODUCTS}
    except (Refused, OSError) as error:
        sys.exit(f"demo: could not set the table: {error}")
    running = []
    for number in range(1, options.orders + 1):
        thread = threading.Thread(target=place, args=(number, users, products))
        thread.start()
        running.append(thread)
        if number < options.orders:
            time.sleep(1 / options.rate)
    for thread in running:
        thread.join()
    if not options.no_mishap:
        mishap(users, products)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        os._exit(130)
