"""Places orders while containers are replaced, then checks the end of each order. Uses only HTTP.
load.py URL TOKEN SECONDS-FILE: places orders until the file is removed, prints the results, exits with 1 on a fault."""
import collections
import http.client
import json
import os
import sys
import threading
import time
import uuid
from urllib.parse import quote, urlsplit

BUYERS = 8
STOCK = 1_000_000


class Shop:
    def __init__(self, url, token):
        self.place, self.token = urlsplit(url), token
        self.lock = threading.Lock()
        self.answers, self.wrong, self.accepted = collections.Counter(), [], {}

    def call(self, method, path, body=None, key=None):
        """(status, Retry-After, JSON). Status 0: nobody answered."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        connection = http.client.HTTPConnection(self.place.hostname, self.place.port, timeout=20)
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, answer.getheader("Retry-After"), json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            return 0, None, str(error)
        finally:
            connection.close()

    def note(self, status, retry_after, body):
        with self.lock:
            self.answers[status] += 1
            if status == 0 or (status >= 500 and not (status == 503 and retry_after)):
                self.wrong.append(f"{status or 'no answer'}: {body}")

    def insist(self, method, path, body=None, key=None):
        """Repeats what was answered with 503 or 429, as a client should."""
        until = time.monotonic() + 60
        while True:
            status, retry_after, answer = self.call(method, path, body, key)
            self.note(status, retry_after, answer)
            if (0 < status < 500 and status != 429) or time.monotonic() > until:
                return status, answer
            time.sleep(min(float(retry_after or 1), 1))

    def buy(self, product, flag):
        while os.path.exists(flag):
            key = str(uuid.uuid4())
            status, order = self.insist("POST", "/v1/orders", {"items": [{"product_id": product, "quantity": 1}]}, key)
            with self.lock:
                if status == 202:
                    self.accepted.setdefault(order["id"], []).append(key)
                else:
                    self.wrong.append(f"an order was answered {status}: {order}")
            time.sleep(0.1)

    def states(self):
        """Every order by its id, as the list tells."""
        found, cursor = {}, ""
        while cursor is not None:
            status, page = self.insist("GET", f"/v1/orders?limit=100{cursor and '&cursor=' + quote(cursor)}")
            assert status == 200, page
            found |= {order["id"]: order["status"] for order in page["items"]}
            cursor = page["next"]
        return found

    def settled(self):
        """How many accepted orders came to rest in which state; a minute is plenty."""
        until = time.monotonic() + 60
        while True:
            known = self.states()
            states = collections.Counter(known.get(order_id, "nowhere to be found") for order_id in self.accepted)
            if not states["pending"] or time.monotonic() > until:
                return +states
            time.sleep(0.5)


def main():
    url, token, flag = sys.argv[1:]
    shop = Shop(url, token)
    status, product = shop.insist("POST", "/v1/products", {"sku": f"ROLL-{uuid.uuid4()}", "name": "Rolled oats", "currency": "EUR",
                                                          "price_cents": 250, "on_hand": STOCK}, str(uuid.uuid4()))
    assert status == 201, product
    buyers = [threading.Thread(target=shop.buy, args=(product["id"], flag)) for _ in range(BUYERS)]
    for buyer in buyers:
        buyer.start()
    for buyer in buyers:
        buyer.join()
    states = shop.settled()
    _, product = shop.insist("GET", f"/v1/products/{product['id']}")
    print(f"{len(shop.accepted)} orders accepted: " + ", ".join(f"{count} {state}" for state, count in states.items())
          + "; answers: " + ", ".join(f"{count} x {status or 'none'}" for status, count in sorted(shop.answers.items())))
    if states != {"confirmed": len(shop.accepted)}:
        shop.wrong.append(f"of {len(shop.accepted)} accepted orders: {dict(states)}")
    if STOCK - product["on_hand"] != len(shop.accepted) or product["reserved"]:
        shop.wrong.append(f"{len(shop.accepted)} pieces were ordered; {STOCK - product['on_hand']} were sold, {product['reserved']} are held")
    for text in shop.wrong[:20]:
        print(f"WRONG: {text}")
    sys.exit(1 if shop.wrong else 0)


main()
