"""Deadlines start in the row of their batch. A deadline that is open a second later gets its own row."""
import os
import signal
import threading
import uuid
from contextlib import contextmanager

import pytest

from harness.broker import order_event
from harness.waiting import eventually
from harness.rest import ok
from harness.stack import move_deadline, waiting_for_locks


@pytest.fixture
def frozen_products(stack):
    """svc-products is stopped, so that orders stay pending."""
    os.kill(stack.pid("svc-products"), signal.SIGSTOP)
    yield
    os.kill(stack.pid("svc-products"), signal.SIGCONT)


def place(customer, product):
    return ok(customer.place([(product, 1)]), 202)["id"]


def batch_of(stack, order_id, service="orders"):
    """The id of the batch row with an order's deadline; None: there is none."""
    rows = stack.sql(service, "SELECT id FROM deadline_batches WHERE %s::uuid = ANY(subjects)", order_id)
    return rows[0][0] if rows else None


def has_row(stack, order_id, service="orders"):
    return stack.sql(service, "SELECT count(*) FROM deadlines WHERE subject = %s", order_id)[0][0] == 1


def place_young(stack, customer, product):
    """An order that waits for products. Its deadline stays in the batch row, whose time is an hour in the future."""
    def made():
        order_id = place(customer, product)
        return stack.sql("orders", "UPDATE deadline_batches SET made_at = now() + interval '1 hour'"
                                   " WHERE %s::uuid = ANY(subjects) RETURNING 1", order_id) and order_id

    order_id = eventually(made)
    eventually(lambda: len(customer.timeline(order_id)) == 2)
    return order_id


def age(stack, order_id):
    stack.sql("orders", "UPDATE deadline_batches SET made_at = now() - interval '1 hour' WHERE %s::uuid = ANY(subjects)", order_id)


def expires(stack, customer, order_id):
    move_deadline(stack, order_id, "now()")
    eventually(lambda: (customer.is_settled(order_id) or {}).get("status") == "expired", timeout=20)
    eventually(lambda: not has_row(stack, order_id))


def test_what_still_waits_a_second_later_gets_a_row_of_its_own_and_expires(stack, customer, product, frozen_products):
    orders = [place(customer, product) for _ in range(3)]
    for order_id in orders:
        eventually(lambda: has_row(stack, order_id) and batch_of(stack, order_id) is None)
        assert stack.sql("orders", "SELECT 1 FROM deadlines JOIN orders ON id = subject WHERE id = %s"
                                   " AND due_at = expires_at", order_id), "the deadline that its batch set"
        expires(stack, customer, order_id)


def test_what_is_settled_within_the_second_leaves_nothing(stack, customer, product):
    order_id = place(customer, product)
    eventually(lambda: (customer.is_settled(order_id) or {}).get("status") == "confirmed")
    for service in ("orders", "products"):
        eventually(lambda: batch_of(stack, order_id, service) is None and not has_row(stack, order_id, service))


def test_a_reservation_that_is_still_held_a_second_later_gets_a_row(stack, product, as_user, operator):
    """Of an order unknown to svc-orders, so that only this test finishes it."""
    orders, order_id = as_user("svc-orders"), str(uuid.uuid4())
    orders.publish_events(order_event("order.placed", order_id, product, "pending"))
    eventually(lambda: has_row(stack, order_id, "products") and batch_of(stack, order_id, "products") is None)
    orders.publish_events(order_event("order.expired", order_id, product, "expired"))
    eventually(lambda: not has_row(stack, order_id, "products"))
    operator.dead("orders", lambda body: order_id.encode() in body)  # stock.reserved of an unknown order


def test_a_due_deadline_is_found_in_a_batch_of_any_age(stack, customer, product, frozen_products):
    order_id = place_young(stack, customer, product)
    stack.sql("orders", "UPDATE deadline_batches SET due_at = now(), dues[array_position(subjects, %s::uuid)] = now()"
                        " WHERE %s::uuid = ANY(subjects)", order_id, order_id)
    eventually(lambda: (customer.is_settled(order_id) or {}).get("status") == "expired", timeout=20)
    eventually(lambda: not has_row(stack, order_id))


def test_a_batch_of_deadlines_survives_the_service_that_wrote_it(stack, customer, product, frozen_products):
    """Killed before a deadline of the batch had its own row."""
    order_id, killed = place_young(stack, customer, product), stack.pid("svc-orders")
    os.kill(killed, signal.SIGKILL)
    assert batch_of(stack, order_id) and not has_row(stack, order_id)
    age(stack, order_id)
    eventually(lambda: stack.pid("svc-orders") not in (None, killed) and stack.ready("svc-orders"), timeout=30)
    expires(stack, customer, order_id)


def test_a_service_that_stops_leaves_no_deadline_batch(stack, customer, product, frozen_products):
    """The next process may be an older build, which only knows single rows."""
    order_id = place_young(stack, customer, product)
    stack.stop("svc-orders")
    try:
        assert has_row(stack, order_id) and batch_of(stack, order_id) is None
    finally:
        stack.start("svc-orders")
    expires(stack, customer, order_id)


# ---- finishing and promotion at the same time ----


def settle(cursor, order_id):
    """Like a batch of another replica: the order, then its deadline."""
    cursor.execute("UPDATE orders SET state = 6, version = version + 1 WHERE id = %s", [order_id])
    cursor.execute("DELETE FROM deadlines WHERE subject = %s AND type = 'order.deadline'", [order_id])


def passed_over(stack, order_id):
    """Waits until the relay has taken the deadline and put it back."""
    before = batch_of(stack, order_id)
    age(stack, order_id)
    eventually(lambda: batch_of(stack, order_id) not in (None, before))


def test_an_order_that_is_being_settled_is_left_for_the_next_round(stack, customer, product, frozen_products):
    order_id = place_young(stack, customer, product)
    with stack.database("orders") as other:
        settle(other, order_id)
        passed_over(stack, order_id)
        age(stack, order_id)
    eventually(lambda: batch_of(stack, order_id) is None)
    assert not has_row(stack, order_id), "nobody would ever clear it"


def test_a_pending_order_that_was_locked_gets_its_deadline_row_later(stack, customer, product, frozen_products):
    order_id = place_young(stack, customer, product)
    with stack.database("orders") as other:
        other.execute("SELECT FROM orders WHERE id = %s FOR NO KEY UPDATE", [order_id])
        passed_over(stack, order_id)
        assert not has_row(stack, order_id)
    expires(stack, customer, order_id)


@contextmanager
def maturing_held(stack, order_id):
    """Until the block ends, the relay waits after it locked the order and before it inserts the deadline's row."""
    name = f"hold_{uuid.uuid4().hex[:8]}"
    key = int(name[5:], 16)
    stack.alter("orders", f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
                          f" 'BEGIN PERFORM pg_advisory_xact_lock({key}); RETURN NEW; END'")
    stack.alter("orders", f"CREATE TRIGGER {name} BEFORE INSERT ON deadlines"
                          f" FOR EACH ROW WHEN (NEW.subject = '{order_id}') EXECUTE FUNCTION {name}()")
    try:
        with stack.database("orders") as hold:
            hold.execute("SELECT pg_advisory_xact_lock(%s)", [key])
            yield
    finally:
        eventually(lambda: not waiting_for_locks(stack, "orders"))
        stack.alter("orders", f"DROP TRIGGER {name} ON deadlines")
        stack.alter("orders", f"DROP FUNCTION {name}()")


def test_an_order_ends_only_after_an_earlier_promotion_of_its_deadline(stack, customer, product, frozen_products):
    order_id = place_young(stack, customer, product)
    cancel = threading.Thread(target=customer.post, args=(f"/orders/{order_id}/cancel",))
    with maturing_held(stack, order_id):
        age(stack, order_id)
        relay = eventually(lambda: waiting_for_locks(stack, "orders"))
        cancel.start()
        eventually(lambda: waiting_for_locks(stack, "orders") > relay or customer.is_settled(order_id))
    cancel.join()
    eventually(lambda: (customer.is_settled(order_id) or {}).get("status") == "cancelled")
    eventually(lambda: batch_of(stack, order_id) is None)
    assert not has_row(stack, order_id), "the batch that ended the order deleted it"
