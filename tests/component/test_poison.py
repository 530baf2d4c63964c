"""Poison messages: one crashes its consumer, one is refused by the database. Only that message becomes a dead letter, and its
neighbours are processed."""
import signal

import pytest

from chaos.processes import Replica
from harness.broker import event, item
from harness.waiting import eventually
from harness.rest import ok
from harness.stack import waiting_for_locks
from test_event_consumers import check_dead, ends, goods, pending, products, refused  # noqa: F401 (fixtures)

pytestmark = pytest.mark.slow


# ---- a message that crashes its consumer ----

class Crasher:
    """Kills svc-orders whenever it is about to decide about one order, while it waits for the lock of that order's row."""

    def __init__(self, stack):
        self.stack, self.crashes = stack, 0
        self.program = Replica(stack, "svc-orders")
        stack.stop("svc-orders")

    def run_until(self, over):
        """Starts it again after each crash."""
        def step():
            found = waiting_for_locks(self.stack, "orders")
            if found:
                self.program.stop(signal.SIGKILL)
                self.forget(found)
                self.program.start()
                self.crashes += 1
            return over()

        eventually(step, timeout=60)

    def forget(self, backends):
        """Otherwise the backend of the killed process would continue to wait and hold its locks."""
        for pid in backends:
            self.stack.sql("orders", "SELECT pg_terminate_backend(%s)", pid)
        eventually(lambda: not waiting_for_locks(self.stack, "orders"))

    def end(self):
        self.program.stop()
        self.stack.start("svc-orders")


def test_an_event_that_always_crashes_its_consumer_is_dead_lettered_alone(stack, customer, products, operator, pending):
    """After two deliveries in a batch the message is delivered alone and counted. After five it is a dead letter."""
    first, poisoned, last, apart = pending(4)
    poison = refused(poisoned)
    crasher = Crasher(stack)
    try:
        with stack.database("orders") as hold:
            hold.execute("SELECT 1 FROM orders WHERE id = %s FOR UPDATE", [poisoned])
            eventually(crasher.program.ready)  # before it is ready: it is not ready while it waits for that row
            products.publish_events([refused(first), poison, refused(last)])
            products.publish_events(refused(apart))
            found = []

            def put_aside():
                message = operator.take("orders.dead")
                found.extend([message] if message and poison["id"].encode() in message[2] else [])
                return found

            crasher.run_until(put_aside)
            assert crasher.crashes == 2 + 5
            (_, properties, _), = found
            check_dead(properties.headers, "crashes_its_consumer")
            assert int(properties.headers["x-dead-attempts"]) == 5 + 1
            for order_id in (first, last, apart):
                ends(customer, order_id, "rejected")
    finally:
        crasher.end()
    assert customer.order(poisoned)["status"] == "pending"
    after, = pending(1)
    products.publish_events([refused(poisoned), refused(after)])  # as a new event it is processed
    for order_id in (poisoned, after):
        ends(customer, order_id, "rejected")


# ---- a message that the database refuses ----

@pytest.fixture
def no_such_row(stack):
    """Makes the database refuse some orders: CHECK (text)."""
    made = []

    def forbid(check):
        made.append(f"forbidden_{len(made)}")
        stack.alter("orders", f"ALTER TABLE orders ADD CONSTRAINT {made[-1]} CHECK ({check}) NOT VALID")

    yield forbid
    for name in made:
        stack.alter("orders", f"ALTER TABLE orders DROP CONSTRAINT {name}")


def test_of_requests_in_one_message_only_the_one_that_cannot_be_saved_fails(edge, customer, goods, no_such_row):
    no_such_row("note IS DISTINCT FROM 'break'")
    line = {"product_id": goods["id"], "quantity": 1}
    asked = [item("orders.place", {"items": [line], "note": "break" if number == 7 else "fine"}, customer.id)
             for number in range(20)]
    statuses = [reply["status"] for reply in edge.call("orders.command", asked)]
    assert statuses == ["internal" if number == 7 else "ok" for number in range(20)]


def test_of_events_in_one_message_only_the_one_that_cannot_be_saved_is_dead_lettered(customer, products, operator,
                                                                                 pending, no_such_row):
    orders = pending(9)
    no_such_row(f"id <> '{orders[4]}' OR state = 0 OR reason_code IS NULL")
    events = [refused(order_id) for order_id in orders]
    products.publish_events(events)
    for order_id in orders[:4] + orders[5:]:
        ends(customer, order_id, "rejected")
    headers, _, body = operator.dead("orders", lambda body: events[4]["id"].encode() in body)
    check_dead(headers, "cannot_be_saved")
    assert customer.order(orders[4])["status"] == "pending"
