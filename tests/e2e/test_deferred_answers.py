"""Deferred answers: no thread waits for a reply; the thread that receives the reply writes the answer. Answers come in order,
to the right client and in time, whatever happens to the service, the client or the edge."""
import os
import random
import signal
import socket
import struct
import threading
import time
import uuid
from contextlib import contextmanager

import pytest

from harness.waiting import SLOWNESS, eventually
from harness.raw_http import Reply
from harness.rest import Client, is_served, ok, problem

pytestmark = pytest.mark.sanitizer


class Line:
    """A connection that is kept alive."""

    def __init__(self, stack):
        self.stack = stack
        self.socket = socket.create_connection(("127.0.0.1", stack.port), timeout=20 * SLOWNESS)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, *requests):
        """Sends several requests at once. A request: its first line and its headers."""
        self.socket.sendall(b"".join(self.one(*request) for request in requests))

    @staticmethod
    def one(start, *headers):
        return "\r\n".join([f"{start} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()

    def more(self):
        piece = self.socket.recv(65536)
        assert piece, f"hung up after {self.received!r}"
        self.received += piece

    def reply(self):
        """The next answer; later data stays in the buffer."""
        while b"\r\n\r\n" not in self.received:
            self.more()
        end = self.received.index(b"\r\n\r\n") + 4
        reply = Reply(self.received[:end])
        end += int(reply.headers.get("Content-Length", 0))
        while len(self.received) < end:
            self.more()
        reply, self.received = Reply(self.received[:end]), self.received[end:]
        return reply

    def handed_over(self, path="/v1/products?limit=1"):
        before = self.stack.metric("edge-http", "comanda_http_deferred_total")
        self.say((f"GET {path}",))
        self.reply()
        return self.stack.metric("edge-http", "comanda_http_deferred_total") > before

    def settle(self):
        """Waits until its requests are deferred; no other requests run meanwhile."""
        eventually(self.handed_over, every=0.05)
        return self

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def settled(stack, count):
    lines = [Line(stack) for _ in range(count)]
    for line in lines:
        line.settle()
    return lines


@contextmanager
def frozen(stack, program):
    pid = stack.pid(program)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def get(product):
    return (f"GET /v1/products/{product['id']}",)


def test_answers_come_in_the_order_of_their_requests(stack, new_product):
    products = [new_product() for _ in range(5)]
    with Line(stack).settle() as line:
        for _ in range(20):
            asked = [random.choice(products) for _ in range(8)]
            line.say(*[request for product in asked for request in (get(product), ("GET /v1/nowhere",))])
            for product in asked:
                assert ok(line.reply())["id"] == product["id"]
                problem(line.reply(), 404)


def test_an_answer_is_the_same_whoever_gives_it(stack, customer, product):
    order = f'{{"items":[{{"product_id":"{product["id"]}","quantity":1}}]}}'
    signed_in = f"Authorization: Bearer {customer.token}"
    requests = [
        get(product), (f"HEAD /v1/products/{product['id']}",), get({"id": uuid.uuid4()}), get({"id": "none"}),
        (*get(product), f'If-None-Match: "{product["version"]}"'), (*get(product), "X-Request-Id: mine"),
        ("GET /v1/orders", signed_in), ("GET /v1/orders",), ("GET /v1/products?limit=2",),
        (f"GET /v1/orders/{uuid.uuid4()}", signed_in),
        ("POST /v1/orders", signed_in, "Content-Type: application/json", "Idempotency-Key: twice-the-same",
         f"Content-Length: {len(order)}", "", order)]
    changing = {"Date", "X-Request-Id", "RateLimit", "RateLimit-Policy"}

    def answer_to(line, request):
        raw = Line.one(*request)
        line.socket.sendall(raw[:-4] if "" in request else raw)  # a body ends without a line's end
        if request[0].startswith("HEAD"):
            while not line.received.endswith(b"\r\n\r\n"):
                line.more()
            reply, line.received = Reply(line.received), b""
        else:
            reply = line.reply()
        kept = {name: value for name, value in reply.headers.items() if name not in changing}
        return reply.status_code, kept, reply.body if reply.status_code < 300 else None

    with Line(stack).settle() as old:
        for request in requests:
            with Line(stack) as young:
                assert answer_to(old, request) == answer_to(young, request)


def test_a_call_to_a_silent_service_is_answered_in_time(stack, product):
    with Line(stack).settle() as line, frozen(stack, "svc-products"):
        began = time.monotonic()
        line.say(get({"id": uuid.uuid4()}), ("GET /.well-known/jwks.json",))
        problem(line.reply(), 504)
        assert 1.9 < time.monotonic() - began < 2.6 * SLOWNESS
        assert ok(line.reply())["keys"]
    eventually(lambda: Client(stack.url).get(f"/products/{product['id']}").status_code == 200)


def test_an_answer_never_goes_to_another_connection(stack, new_product):
    """By then another connection may have the same descriptor."""
    wanted, other = new_product(name="wanted"), new_product(name="other")
    for _ in range(3):
        gone = settled(stack, 10)
        with frozen(stack, "svc-products"):
            for line in gone:
                line.say(get({"id": uuid.uuid4()}), get(wanted))
            for number, line in enumerate(gone):
                line.reset() if number % 2 else line.socket.close()
            lines = [Line(stack) for _ in range(10)]
            for line in lines:
                line.say(get(other))
        for line in lines:
            reply = line.reply()
            assert reply.status_code in (503, 504) or ok(reply)["name"] == "other", reply.text
            line.settle()
            line.say(get(other))
            assert ok(line.reply())["name"] == "other" and line.received == b""
            line.socket.close()


def test_everybody_gets_his_own(stack, new_product):
    products, failures = [new_product() for _ in range(12)], []

    def run(product):
        try:
            for _ in range(6):
                line = Line(stack)
                for number in range(60):
                    line.say(get(product))
                    assert ok(line.reply())["id"] == product["id"]
                    if number < 2:
                        time.sleep(0.4)
                line.say(get(product))
                line.reset()
        except (AssertionError, OSError) as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(product,)) for product in products]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_a_stop_waits_for_the_answers_that_are_to_come(stack, customer):
    """At the end all connections are closed in time."""
    lines = settled(stack, 4)
    with frozen(stack, "svc-products"):
        for line in lines:
            line.say(get({"id": uuid.uuid4()}))
        time.sleep(0.2)
        stopping = threading.Thread(target=stack.stop, args=("edge-http",))
        stopping.start()
        try:
            for line in lines:
                problem(line.reply(), 504)
                line.socket.close()
        finally:
            stopping.join()
            stack.start("edge-http")
    eventually(lambda: is_served(customer), timeout=60)


def test_the_broker_goes_while_answers_are_to_come(stack, product, customer):
    lines = settled(stack, 4)
    with frozen(stack, "svc-products"):
        for line in lines:
            line.say(get({"id": uuid.uuid4()}))
        stack.restart("rabbitmq")
        for line in lines:
            reply = line.reply()
            problem(reply, reply.status_code)
            assert reply.status_code in (503, 504)
            line.socket.close()
    eventually(lambda: is_served(customer), timeout=60)
    eventually(lambda: Client(stack.url).get(f"/products/{product['id']}").status_code == 200, timeout=60)
    eventually(lambda: stack.ready("svc-orders"), timeout=60)  # the next user may need it at once
