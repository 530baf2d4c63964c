"""Overload and blocked queues: requests that cannot be served are refused at once, and others are not affected."""
import os
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pika
import pytest

from harness.waiting import SLOWNESS, eventually
from harness.rest import Client, ok, problem

pytestmark = pytest.mark.slow


def refused_at_once(call):
    """Expects 503 within a second; `problem` checks Retry-After."""
    began = time.monotonic()
    answer = call()
    took = time.monotonic() - began
    return answer.status_code == 503 and problem(answer, 503) and took < SLOWNESS


@pytest.fixture
def alarm(stack):
    """Raises the broker's memory alarm, which blocks publishers. One command also schedules its end, because rabbitmqctl
    takes seconds to start."""
    monitor = "vm_memory_monitor"
    done = stack.dev("stack", "rabbitmqctl", "eval", f"{monitor}:set_vm_memory_high_watermark(0.00001), timer:apply_after("
                     f"{6000 * SLOWNESS}, {monitor}, set_vm_memory_high_watermark, [0.4]).")
    assert done.returncode == 0, done.stderr
    yield
    eventually(lambda: stack.management("GET", "health/checks/local-alarms").status_code == 200, timeout=30)


def test_while_the_broker_takes_nothing_calls_are_refused_within_a_second(stack, api, customer, product, alarm):
    eventually(lambda: refused_at_once(lambda: customer.place([(product, 1)])))
    assert refused_at_once(lambda: api.get(f"/products/{product['id']}"))
    assert stack.ready("edge-http"), "a balancer must not take it out"


@pytest.fixture
def orders_refused(stack):
    """A full queue: one message, and a frozen consumer."""
    os.kill(stack.pid("svc-orders"), signal.SIGSTOP)
    policy = "policies/comanda/test-orders.command"
    stack.management("PUT", policy, json={"pattern": "^orders[.]command$", "apply-to": "queues", "priority": 100,
                                          "definition": {"max-length": 1, "overflow": "reject-publish"}})
    yield
    stack.management("DELETE", policy)
    os.kill(stack.pid("svc-orders"), signal.SIGCONT)


def test_while_a_queue_is_full_its_calls_are_refused_within_a_second(api, customer, product, edge,
                                                                     orders_refused):
    with pytest.raises(pika.exceptions.NackError):
        for _ in range(1000):  # some go to the frozen consumer
            edge.publish("rpc", "orders.command", b"[]", content_type="application/json")
    eventually(lambda: refused_at_once(lambda: customer.place([(product, 1)])))
    ok(api.get(f"/products/{product['id']}"))
    ok(customer.get(f"/users/{customer.id}"))


def test_a_storm_of_passwords_delays_no_other_call(stack, api, customer, product):
    """Each request costs 20 ms of CPU time or more, and is refused."""
    over, slow, counts = threading.Event(), [], [0]

    def sign_in(_):
        client = Client(stack.url)
        while not over.is_set():
            body = {"grant_type": "password", "email": customer.user["email"], "password": uuid.uuid4().hex}
            assert client.post("/auth/token", body).status_code in (401, 429, 503, 504)
            counts[0] += 1

    with ThreadPoolExecutor(16) as storm:
        for each in range(16):
            storm.submit(sign_in, each)
        try:
            eventually(lambda: counts[0] > 16)
            for _ in range(15):
                for call in (lambda: api.get(f"/products/{product['id']}"), lambda: customer.get(f"/users/{customer.id}"),
                             lambda: customer.place([(product, 1)]), lambda: customer.get("/orders")):
                    began = time.monotonic()
                    assert call().status_code in (200, 202)
                    slow.append(time.monotonic() - began)
        finally:
            over.set()
    assert sorted(slow)[len(slow) // 2] < 0.1 * SLOWNESS and max(slow) < SLOWNESS, sorted(slow)[-5:]
