"""Parts stop, crash and come back: every accepted order ends once, without an operator."""
import os
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from chaos.processes import Replica
from harness.waiting import SLOWNESS, eventually
from harness.rest import Client, is_served, ok, problem
from harness.stack import PROGRAMS
from test_orders import stock_of

pytestmark = pytest.mark.slow


class Load:
    """Two clients that place orders and repeat a request without an answer, or answered 503 or 504, with the same key."""

    def __init__(self, stack, customer, product, may_hang_up=False):
        self.stack, self.customer, self.product, self.may_hang_up = stack, customer, product, may_hang_up
        self.orders, self.statuses, self.failures = [], set(), []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(2)]

    def run(self):
        try:
            while not self.over.is_set():
                self.orders.append(self.place())
                time.sleep(0.02)
        except (AssertionError, requests.RequestException) as error:
            self.failures.append(error)

    def place(self):
        """Retries until it is accepted."""
        key, until = str(uuid.uuid4()), time.monotonic() + 60 * SLOWNESS
        while time.monotonic() < until:
            try:
                answer = self.customer.place([(self.product, 1)], key)
            except requests.ConnectionError:
                assert self.may_hang_up, "the edge hung up"
                time.sleep(0.1)
                continue
            self.statuses.add(answer.status_code)
            if answer.status_code == 202:
                return answer.json()["id"]
            problem(answer, answer.status_code)
            assert answer.status_code in (503, 504), answer.text
            time.sleep(0.1)
        raise AssertionError(f"not accepted in time; answers were {self.statuses}")

    def __enter__(self):
        self.before = stock_of(self.customer, self.product)[0]
        self.programs = {program: (self.stack.pid(program), self.stack.restarts(program)) for program in PROGRAMS}
        for thread in self.threads:
            thread.start()
        eventually(lambda: len(self.orders) > 5)
        return self

    def __exit__(self, *raised):
        if not any(raised):
            count = len(self.orders)
            eventually(lambda: self.failures or len(self.orders) > count + 5, timeout=60)
        self.over.set()
        for thread in self.threads:
            thread.join()
        if any(raised):
            return
        assert not self.failures, self.failures
        assert len(set(self.orders)) == len(self.orders)
        for order_id in self.orders:
            order = eventually(lambda: self.customer.is_settled(order_id), timeout=60)
            assert order["status"] == "confirmed", order
        left = self.before - len(self.orders)
        eventually(lambda: stock_of(self.customer, self.product) == (left, 0, left), timeout=30)

    def nobody_exited(self):
        now = {program: (self.stack.pid(program), self.stack.restarts(program)) for program in PROGRAMS}
        assert now == self.programs


@pytest.fixture
def plenty(new_product):
    return new_product(on_hand=100_000)


@pytest.fixture(autouse=True)
def all_is_well_afterwards(stack, customer):
    yield
    eventually(lambda: is_served(customer), timeout=60)
    for program in PROGRAMS:
        eventually(lambda: stack.ready(program), timeout=60)


@pytest.mark.parametrize("service", ["svc-products", "svc-users"])
def test_orders_placed_while_a_service_is_down_are_confirmed_later(stack, customer, admin, product, service):
    stack.stop(service)
    try:
        orders = [ok(customer.place([(product, 1)]), 202)["id"] for _ in range(20)]
        assert {customer.order(order_id)["status"] for order_id in orders} == {"pending"}
    finally:
        stack.start(service)
    for order_id in orders:
        assert eventually(lambda: customer.is_settled(order_id))["status"] == "confirmed"
    eventually(lambda: stock_of(admin, product) == (80, 0, 80))


def test_while_products_is_away_only_its_calls_fail_and_fast(stack, api, customer, product):
    """All but one: a single call at a time probes whether the service is back."""
    def ask(_):
        began = time.monotonic()
        answer = api.get(f"/products/{uuid.uuid4()}")
        problem(answer, answer.status_code)
        return answer.status_code, time.monotonic() - began < 0.5 * SLOWNESS

    stack.stop("svc-products")
    try:
        with ThreadPoolExecutor(16) as threads:
            assert {status for status, _ in threads.map(ask, range(16))} <= {503, 504}
            assert list(threads.map(ask, range(16))).count((503, True)) >= 14
        ok(customer.get(f"/users/{customer.id}"))
        ok(customer.get("/orders"))
        ok(customer.place([(product, 1)]), 202)
    finally:
        stack.start("svc-products")
    eventually(lambda: api.get(f"/products/{product['id']}").status_code == 200)


def test_while_orders_is_away_the_rest_goes_on(stack, api, customer, product):
    stack.stop("svc-orders")
    try:
        answer = customer.place([(product, 1)])
        assert answer.status_code in (503, 504)
        problem(answer, answer.status_code)
        ok(api.get(f"/products/{product['id']}"))
        ok(customer.get(f"/users/{customer.id}"))
        assert stack.ready("edge-http")
    finally:
        stack.start("svc-orders")
    eventually(lambda: customer.get("/orders").status_code == 200)


def test_a_request_whose_outcome_was_unknown_is_repeated_with_its_key(stack, customer, admin, product):
    """The service stops in between: whatever happened to the first request, one order exists."""
    key = str(uuid.uuid4())
    os.kill(stack.pid("svc-orders"), signal.SIGSTOP)
    try:
        answer = customer.place([(product, 1)], key)
        assert answer.status_code in (503, 504)
        assert "Idempotency-Key" in problem(answer, answer.status_code)["detail"] or answer.status_code == 503
    finally:
        os.kill(stack.pid("svc-orders"), signal.SIGCONT)
    order = eventually(lambda: accepted(customer.place([(product, 1)], key)))
    assert eventually(lambda: customer.is_settled(order["id"]))["status"] == "confirmed"
    eventually(lambda: stock_of(admin, product) == (99, 0, 99))


def accepted(answer):
    return answer.json() if answer.status_code == 202 else None


@pytest.mark.parametrize("part", ["postgres", "redis", "rabbitmq"])
def test_a_restart_of_what_is_below_loses_no_order(stack, customer, plenty, part):
    with Load(stack, customer, plenty) as load:
        stack.restart(part)
    load.nobody_exited()
    assert load.statuses <= {202, 503, 504}
    if part == "redis":
        assert load.statuses == {202}


@pytest.fixture
def late_edge(stack):
    """A second edge, started while svc-users is stopped."""
    stack.stop("svc-users")
    edge = Replica(stack, "edge-http")
    try:
        yield edge
    finally:
        stack.start("svc-users")
        assert edge.stop() == 0


def test_an_edge_is_ready_once_it_can_verify_tokens(stack, customer, product, late_edge):
    someone, nobody = Client(late_edge.url, customer.token), Client(late_edge.url)
    eventually(lambda: late_edge.admin_get("readyz")[0] == 503)
    eventually(lambda: "not listening" not in late_edge.admin_get("readyz")[1])
    status, why = late_edge.admin_get("readyz")
    assert status == 503 and "no keys of access tokens from svc-users yet" in why
    assert late_edge.admin_get("healthz")[0] == 200
    eventually(lambda: nobody.get(f"/products/{product['id']}").status_code == 200)
    problem(someone.get("/orders"), 503)
    stack.start("svc-users")
    eventually(late_edge.ready)
    ok(someone.get("/orders"))
    stack.stop("svc-users")
    ok(someone.get("/orders"))
    assert late_edge.ready(), "a balancer must not take it out"


def test_while_redis_is_away_reads_come_from_the_database_and_are_not_stale(stack, api, admin, product):
    path = f"/products/{product['id']}"
    ok(api.get(path))
    stack.stop("redis")
    try:
        for price in range(10):
            ok(admin.patch(path, {"price_cents": price}))
            assert ok(api.get(path))["price_cents"] == price
    finally:
        stack.start("redis")
    for price in range(10, 30):
        ok(admin.patch(path, {"price_cents": price}))
        assert ok(api.get(path))["price_cents"] == price


def test_while_the_broker_is_away_calls_are_refused_within_a_second(stack, api, customer, product):
    stack.stop("rabbitmq")
    try:
        for _ in range(3):
            began = time.monotonic()
            problem(api.get(f"/products/{product['id']}"), 503)
            problem(customer.place([(product, 1)]), 503)
            assert time.monotonic() - began < 2 * SLOWNESS
        assert stack.ready("edge-http"), "a balancer must not take it out"
        assert stack.admin("svc-orders", "readyz").status_code == 503
        assert stack.admin("svc-orders", "healthz").status_code == 200
    finally:
        stack.start("rabbitmq")
    eventually(lambda: customer.place([(product, 1)], wait=10).status_code == 201, timeout=30)


def test_while_the_database_is_away_calls_are_refused_and_events_wait(stack, customer, admin, product):
    order = ok(customer.place([(product, 1)]), 202)
    stack.stop("postgres")
    try:
        for call in (lambda: customer.place([(product, 1)]), lambda: customer.get("/orders")):
            answer = call()
            assert answer.status_code in (503, 504)
            problem(answer, answer.status_code)
        assert stack.admin("svc-orders", "healthz").status_code == 200
        eventually(lambda: stack.admin("svc-orders", "readyz").status_code == 503)
    finally:
        stack.start("postgres")
    assert eventually(lambda: settled_if_answered(customer, order["id"]), timeout=30)["status"] == "confirmed"


def settled_if_answered(customer, order_id):
    answer = customer.get(f"/orders/{order_id}")
    return answer.json() if answer.status_code == 200 and answer.json()["status"] != "pending" else None


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_is_killed_is_started_again_and_nothing_is_lost(stack, customer, plenty, program):
    with Load(stack, customer, plenty, may_hang_up=program == "edge-http") as load:
        for _ in range(2):
            killed = stack.pid(program)
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: stack.pid(program) not in (None, killed), timeout=30)
            eventually(lambda: stack.ready(program), timeout=30)
    assert stack.restarts(program) == load.programs[program][1] + 2
    assert load.statuses <= {202, 503, 504}


@pytest.mark.parametrize("program", ["svc-users", "svc-products", "svc-orders"])
def test_a_program_that_is_frozen_for_a_while_goes_on_where_it_was(stack, customer, plenty, program):
    with Load(stack, customer, plenty) as load:
        os.kill(stack.pid(program), signal.SIGSTOP)
        try:
            threading.Event().wait(3)
        finally:
            os.kill(stack.pid(program), signal.SIGCONT)
    assert load.statuses <= {202, 503, 504}


def test_a_program_that_is_stopped_finishes_what_it_has_begun(stack, customer, plenty):
    with Load(stack, customer, plenty, may_hang_up=True) as load:
        for program in PROGRAMS:
            stack.restart(program)
    assert load.statuses <= {202, 503, 504}
