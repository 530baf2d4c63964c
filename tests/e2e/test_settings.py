"""Settings that clients notice: limits, waiting requests, and allowed origins."""
import os
import signal
import socket
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.waiting import SLOWNESS, eventually
from harness.raw_http import Reply, exchange
from harness.rest import is_served, ok, problem

pytestmark = pytest.mark.slow
SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def edge_with(stack, customer):
    """Restarts the edge with the given settings; restores it afterwards."""

    def restart(**settings):
        stack.restart("edge-http", **settings)
        eventually(lambda: is_served(customer))

    yield restart
    restart()


@pytest.fixture
def frozen(stack):
    """Freezes programs until the test is over."""
    pids = []

    def freeze(program):
        pids.append(stack.pid(program))
        os.kill(pids[-1], signal.SIGSTOP)

    yield freeze
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def test_scripts_of_an_origin_that_a_setting_names_may_call(api, edge_with):
    edge_with(COMANDA_CORS_ORIGINS=f"https://other.example,{SHOP}")
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization,content-type,idempotency-key"}
    answer = api.call("OPTIONS", "/orders", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "idempotency-key", "if-match", "prefer"))
    answer = api.get("/products", headers={"Origin": SHOP})
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP and "Origin" in answer.headers["Vary"]
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    for stranger in ("https://evil.example", "https://shop.example.evil.example", "null", "http://shop.example"):
        answer = api.get("/products", headers={"Origin": stranger})
        assert "Access-Control-Allow-Origin" not in answer.headers and "Origin" in answer.headers["Vary"]


def test_a_request_that_takes_too_long_to_arrive_is_given_up(stack, edge_with):
    edge_with(COMANDA_HTTP_BODY_TIMEOUT="500ms")
    head = (b"POST /v1/auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 90\r\n\r\n{")
    with socket.create_connection(("127.0.0.1", stack.port), timeout=10 * SLOWNESS) as connection:
        connection.sendall(head)
        reply = Reply(connection.recv(65536))
        problem(reply, 408)
        assert connection.recv(1) == b"", "and the connection is closed"


def test_an_idle_connection_is_closed(stack, edge_with):
    edge_with(COMANDA_HTTP_IDLE_TIMEOUT="300ms")
    with socket.create_connection(("127.0.0.1", stack.port), timeout=10 * SLOWNESS) as connection:
        connection.sendall(b"GET /v1/products?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
        assert connection.recv(1) == b""


def test_more_connections_than_workers_are_all_served(stack, edge_with):
    edge_with(COMANDA_HTTP_THREADS="4")
    one = b"GET /v1/products?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(lambda _: exchange(stack.port, one), range(40)))
    assert all(answer.startswith(b"HTTP/1.1 200 OK") for answer in answers)


def test_waiting_clients_leave_workers_for_others(stack, api, customer, new_product, edge_with, frozen):
    """With 8 workers 2 requests may wait; further requests get 202 at once."""
    product = new_product()
    edge_with(COMANDA_HTTP_THREADS="8")
    frozen("svc-products")

    def place(_):
        began = time.monotonic()
        ok(customer.place([(product, 1)], wait=3), 202)
        return time.monotonic() - began

    with ThreadPoolExecutor(6) as threads:
        waiting = threads.map(place, range(6))
        began = time.monotonic()
        ok(customer.get(f"/users/{customer.id}"))
        assert time.monotonic() - began < 1 * SLOWNESS
        times = sorted(waiting)
    assert times[3] < 1 * SLOWNESS and times[-1] > 2, times


def test_more_calls_than_one_consumer_may_have_are_refused_at_once(stack, api, edge_with, frozen):
    edge_with(COMANDA_RPC_IN_FLIGHT="2")
    frozen("svc-products")

    def ask(_):
        return api.get(f"/products/{uuid.uuid4()}")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) == 6, [answer.status_code for answer in answers]
    for answer in refused:
        problem(answer, 503)


def test_a_keyed_call_without_an_answer_explains_how_to_repeat_it(stack, customer, new_product, edge_with, frozen):
    product = new_product()
    edge_with(COMANDA_RPC_DEADLINE="300ms")
    frozen("svc-orders")
    assert "Idempotency-Key" in problem(customer.place([(product, 1)]), 504)["detail"]


def test_no_order_is_accepted_while_events_are_not_being_sent(stack, customer, product):
    """Inserts an outbox row of an hour ago that is due tomorrow."""
    stack.sql("orders", "INSERT INTO outbox (id, exchange, routing_key, type, body, created_at, due_at) VALUES"
                        " (gen_random_uuid(), 'events', 'order.test', 'order.test', '{}', now() - interval '1 hour',"
                        " now() + interval '1 day')")
    try:
        eventually(lambda: problem(customer.place([(product, 1)]), 503))
        ok(customer.get("/orders"))
    finally:
        stack.sql("orders", "DELETE FROM outbox WHERE routing_key = 'order.test'")
    eventually(lambda: customer.place([(product, 1)], wait=10).status_code == 201)


def test_no_more_orders_are_accepted_than_may_be_pending(stack, customer, product, frozen):
    """Until one order ends: cancellations are accepted."""
    frozen("svc-products")
    others = stack.sql("orders", "SELECT count(*) FROM deadlines_all")[0][0]
    stack.restart("svc-orders", COMANDA_ORDERS_PENDING_MAX=str(others + 5))
    try:
        pending = []

        def refused():
            answer = customer.place([(product, 1)])
            if answer.status_code == 202:
                pending.append(answer.json()["id"])
            return answer.status_code == 503 and problem(answer, 503, code="busy")

        eventually(refused)
        assert len(pending) >= 5
        ok(customer.get("/orders"))
        for order_id in pending:
            ok(customer.post(f"/orders/{order_id}/cancel"))
        eventually(lambda: customer.place([(product, 1)]).status_code == 202)
    finally:
        stack.restart("svc-orders")


def test_access_tokens_live_as_long_as_a_setting_says(stack, api, customer):
    body = {"grant_type": "password", "email": customer.user["email"], "password": customer.password}
    stack.restart("svc-users", COMANDA_ACCESS_TOKEN_TTL="5m")
    try:
        assert eventually(lambda: api.post("/auth/token", body).json().get("expires_in")) == 300
    finally:
        stack.restart("svc-users")


@pytest.mark.parametrize("program, old, new", [("edge-http", "COMANDA_HTTP_PATIENCE", "COMANDA_HTTP_OVERLOAD_TIMEOUT"),
                                               ("svc-orders", "COMANDA_OPEN_MAX", "COMANDA_MAX_PENDING"),
                                               ("svc-users", "COMANDA_TOKEN_KEY_OTHER_FILE", "COMANDA_TOKEN_KEY_SECONDARY_FILE")])
def test_a_program_that_is_given_an_old_name_does_not_start_and_says_the_new_one(stack, program, old, new):
    done = subprocess.run([Path(stack["COMANDA_BIN"]) / program], env={old: "1"}, capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 2
    assert f"{old}: has a new name: {new};" in done.stderr, done.stderr
    assert "COMANDA_BROKER_URL: is not set" in done.stderr, "all faults are reported at once"
