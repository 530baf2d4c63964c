"""Messages that the broker refuses or that are lost: the sender repeats them until they are confirmed."""
import json
import os
import signal
import uuid
from contextlib import contextmanager

import pika
import pytest

from chaos.processes import group, send
from harness.broker import event
from harness.waiting import eventually
from harness.rest import ok
from harness.stack import move_deadline

pytestmark = pytest.mark.slow


class Bound:
    """A queue with room for one message, which refuses others until the limit is removed."""

    def __init__(self, stack, queue):
        self.stack, self.queue, self.policy = stack, queue, f"test-{queue}"
        self.limit(1)

    def limit(self, messages):
        definition = {"delivery-limit": 20, "max-length": messages, "overflow": "reject-publish"}
        self.stack.management("PUT", f"policies/comanda/{self.policy}", json={
            "pattern": f"^{self.queue.replace('.', '[.]')}$", "apply-to": "queues", "priority": 100,
            "definition": definition})

    def take_all(self):
        """The policy must stay: without it the broker would continue to refuse the same publishers."""
        self.limit(1_000_000)

    def end(self):
        self.stack.management("DELETE", f"policies/comanda/{self.policy}")


@contextmanager
def bounded(stack, queue):
    bound = Bound(stack, queue)
    try:
        yield bound
    finally:
        bound.end()


def refusals(stack, program):
    return stack.metric(program, "comanda_outbox_relay_messages_total", result="refused")


def sent_now(stack):
    """Makes delayed retries due at once."""
    stack.sql("orders", "UPDATE outbox SET due_at = now()")
    return True


def place(customer, product):
    return ok(customer.place([(product, 1)]), 202)["id"]


def ends(customer, order_id, status, timeout=20):
    return eventually(lambda: (customer.is_settled(order_id) or {}).get("status") == status, timeout=timeout)


def test_an_event_that_the_broker_refused_stays_in_the_outbox_and_is_sent_again(stack, customer, product):
    before, orders = refusals(stack, "svc-orders"), []

    def refused():
        orders.append(place(customer, product))
        return refusals(stack, "svc-orders") > before

    with bounded(stack, "users.events") as queue:
        stack.stop("svc-users")
        try:
            eventually(refused)
            assert stack.sql("orders", "SELECT count(*) FROM outbox")[0][0] > 0
            queue.take_all()
        finally:
            stack.start("svc-users")
        for order_id in orders:
            eventually(lambda: sent_now(stack) and customer.is_settled(order_id), timeout=20)
            assert customer.order(order_id)["status"] == "confirmed"


def test_an_event_is_acknowledged_only_when_the_answer_to_it_has_arrived(stack, customer, as_user, product):
    """svc-users stores nothing for its answers: the unacknowledged event is the only record."""
    ended = place(customer, product)
    ends(customer, ended, "confirmed")
    before, users = refusals(stack, "svc-users"), as_user("svc-users")
    os.kill(stack.pid("svc-users"), signal.SIGSTOP)
    try:
        pending = [place(customer, product) for _ in range(3)]
        eventually(lambda: all(len(customer.timeline(order_id)) == 2 for order_id in pending))
        stack.stop("svc-orders")
        with bounded(stack, "orders.events") as queue:
            with pytest.raises(pika.exceptions.NackError):
                for _ in range(50):  # the broker reports the full queue with a delay
                    users.publish_events(event("user.verified", "svc-users", ended, {"order_id": ended}))
            os.kill(stack.pid("svc-users"), signal.SIGCONT)
            eventually(lambda: refusals(stack, "svc-users") > before)
            queue.take_all()
            stack.start("svc-orders")
            for order_id in pending:
                ends(customer, order_id, "confirmed")
    finally:
        os.kill(stack.pid("svc-users"), signal.SIGCONT)
        stack.start("svc-orders")


@pytest.fixture
def no_answer_from_products(stack):
    os.kill(stack.pid("svc-products"), signal.SIGSTOP)
    yield
    os.kill(stack.pid("svc-products"), signal.SIGCONT)


def test_a_deadline_whose_message_was_lost_comes_again(stack, customer, product, operator, no_answer_from_products):
    order_id = place(customer, product)
    eventually(lambda: len(customer.timeline(order_id)) == 2)
    lost = []

    def lose(channel, method, _properties, body):
        channel.basic_ack(method.delivery_tag)
        lost.append(json.loads(body)["type"])

    first = operator.channel.basic_consume("orders.events", lose, arguments={"x-priority": 2**60})

    def deadline_lost():
        operator.connection.process_data_events(time_limit=0.05)
        return "comanda.order.deadline.v1" in lost

    move_deadline(stack, order_id, "now()")
    eventually(deadline_lost)
    operator.channel.basic_cancel(first)
    ends(customer, order_id, "expired")


def published(stack, connection):
    """Messages that a connection has published. The broker updates the count every 5 s."""
    names = {connection_info["name"] for connection_info in stack.management("GET", "connections").json()
             if connection_info.get("user_provided_name") == connection}
    assert len(names) == 1, f"{connection}: {names}"
    return sum(channel.get("message_stats", {}).get("publish", 0)
               for channel in stack.management("GET", "channels").json()
               if channel["connection_details"]["name"] in names)


def test_nothing_else_travels_where_events_do(stack, customer, product, no_answer_from_products):
    """Otherwise RabbitMQ takes events for duplicates after a change of the log's leader, and the log lacks them."""
    connections = ("svc-orders/relay", "svc-orders/relay-other")
    before = eventually(lambda: [published(stack, connection) for connection in connections])
    order_id = place(customer, product)
    eventually(lambda: len(customer.timeline(order_id)) == 2)
    move_deadline(stack, order_id, "now()")
    ends(customer, order_id, "expired")  # by a timer message
    eventually(lambda: published(stack, connections[0]) >= before[0] + 2 and published(stack, connections[1]) >= before[1] + 1,
               timeout=20)


def test_a_row_in_flight_is_leased_by_one_relay(stack):
    """The sweep runs repeatedly while the broker does not answer."""
    def put():
        row, parked = str(uuid.uuid4()), event("user.praised", "svc-users", str(uuid.uuid4()), {})
        stack.sql("users", "INSERT INTO outbox (id, exchange, routing_key, type, subject, body, created_at, due_at)"
                           " VALUES (%s, 'events', 'user.praised', 'user.praised', %s, %s, now(), now())",
                  row, parked["subject"], json.dumps(parked).encode())
        return row

    def claimed(row):
        return stack.sql("users", "SELECT 1 FROM outbox WHERE id = %s AND due_at > now() + interval '5 seconds'", row)

    def swept():
        return stack.metric("svc-users", "comanda_outbox_swept_total")

    before, frozen, rows = swept(), group(stack, "rabbitmq"), []
    for pid in frozen:
        send(pid, signal.SIGSTOP)
    try:
        for _ in range(3):  # each by a different sweep
            rows.append(put())
            eventually(lambda: claimed(rows[-1]))
        assert swept() == before + len(rows)
    finally:
        for pid in frozen:
            send(pid, signal.SIGCONT)
    eventually(lambda: not stack.sql("users", "SELECT 1 FROM outbox WHERE id = ANY(%s::uuid[])", rows), timeout=30)
