"""The aggregate cache: a service takes aggregates that it just saved from memory. The result is the same as after a load, also
if another replica changed the row."""
import time
import uuid

import pytest

from harness.broker import order_event
from harness.waiting import SLOWNESS, eventually
from harness.rest import ok
from harness.stack import waiting_for_locks


class ProductsService:
    """Sends svc-products events of orders of two pieces, as svc-orders. svc-orders does not know these orders."""

    def __init__(self, stack, orders, operator):
        self.stack, self.orders, self.operator = stack, orders, operator

    def publish_events(self, status, product, *order_ids):
        name = "order.placed" if status == "pending" else f"order.{status}"
        self.orders.publish_events([order_event(name, order_id, product, status) for order_id in order_ids])

    def place(self, product):
        order_id = str(uuid.uuid4())
        self.publish_events("pending", product, order_id)
        return order_id

    def state(self, order_id):
        found = self.stack.sql("products", "SELECT state FROM reservations WHERE order_id = %s", order_id)
        return found[0][0] if found else None

    def placed(self, product):
        order_id = self.place(product)
        eventually(lambda: self.state(order_id))
        return order_id

    def end(self, product, *order_ids):
        """Releases the reservations, and empties the dead letters of svc-orders."""
        self.publish_events("expired", product, *order_ids)
        eventually(lambda: all(self.state(order_id) in ("released", "refused") for order_id in order_ids))
        for order_id in order_ids:
            self.operator.dead("orders", lambda body, order_id=order_id: order_id.encode() in body)

    def reserved(self, product):
        return self.stack.sql("products", "SELECT reserved FROM products WHERE id = %s", product["id"])[0][0]

    def change(self, product, what):
        """Changes the row like another replica, unknown to this one."""
        self.stack.sql("products", f"UPDATE products SET {what}, sequence = sequence + 1 WHERE id = %s", product["id"])

    def invalidations(self):
        return self.stack.metric("svc-products", "comanda_aggregate_cache_invalidations_total")


@pytest.fixture
def products(stack, as_user, operator):
    return ProductsService(stack, as_user("svc-orders"), operator)


def used(stack, program):
    """(from memory, from the database): aggregates loaded so far."""
    return [stack.metric(program, "comanda_aggregates_loaded_total", source=where) for where in ("memory", "database")]


def until_it_happens(attempt):
    """An entry lives for a second. After a version conflict the cache is off for some seconds. An attempt that did not use
    the cache is repeated; an attempt that fails fails the test."""
    until = time.monotonic() + 40 * SLOWNESS
    while not attempt():
        assert time.monotonic() < until, "nothing was taken from memory"


def test_an_order_that_was_just_placed_is_confirmed_without_loading_it(stack, customer, new_product):
    product = new_product(on_hand=100_000)  # a hundred attempts take about four seconds

    def attempt():
        before = used(stack, "svc-orders")
        order_id = ok(customer.place([(product, 1)]), 202)["id"]
        eventually(lambda: (customer.is_settled(order_id) or {}).get("status") == "confirmed")
        memory, database = (now - then for now, then in zip(used(stack, "svc-orders"), before, strict=True))
        return memory >= 1 and database == 0

    until_it_happens(attempt)


def test_the_events_consumer_uses_what_the_command_consumer_has_cached(stack, admin, products, new_product):
    def attempt():
        product = new_product(on_hand=0)
        ok(admin.post(f"/products/{product['id']}/stock", {"delta": 2}))
        before = used(stack, "svc-products")
        order_id = products.placed(product)
        memory, database = (now - then for now, then in zip(used(stack, "svc-products"), before, strict=True))
        assert products.state(order_id) == "held", "of the two that were added"
        products.end(product, order_id)
        return memory == 1 and database == 0

    until_it_happens(attempt)


def test_a_reservation_that_was_assumed_missing_is_found(stack, products, product):
    """The first try assumes that a placed order has no reservation."""
    def attempt():
        order_id, retried = str(uuid.uuid4()), stack.metric("svc-products", "comanda_transactions_total", result="retry")
        stack.sql("products", "INSERT INTO reservations (order_id, state, total_cents, updated_at, version)"
                              " VALUES (%s, 'released', 0, now(), 1)", order_id)
        products.publish_events("pending", product, order_id)
        other = products.placed(product)
        assert products.state(order_id) == "released"
        assert products.reserved(product) == 2, "of the other order alone"
        products.end(product, other)
        return stack.metric("svc-products", "comanda_transactions_total", result="retry") > retried

    until_it_happens(attempt)


def test_stock_that_another_replica_changed_is_loaded_again(products, product):
    def attempt():
        first = products.placed(product)
        invalidations, before = products.invalidations(), products.reserved(product)
        products.change(product, "reserved = reserved + 1")
        second = products.placed(product)
        assert products.reserved(product) == before + 3, "one that the other took, and two of the second order"
        products.end(product, first, second)
        assert products.reserved(product) == before - 1
        return products.invalidations() > invalidations

    until_it_happens(attempt)


def test_a_product_that_only_the_cache_shows_as_sold_out_is_sold(products, new_product):
    """The batch would refuse and not change the product, so that no save would detect the old version."""
    def attempt():
        product = new_product(on_hand=2)
        first = products.placed(product)
        invalidations = products.invalidations()
        products.change(product, "on_hand = on_hand + 2")
        second = products.placed(product)
        assert products.state(second) == "held", "of the two that the other has added"
        products.end(product, first, second)
        return products.invalidations() > invalidations

    until_it_happens(attempt)


def test_a_sold_out_product_is_refused_and_stays_cached(stack, products, new_product):
    def attempt():
        product = new_product(on_hand=2)
        first = products.placed(product)
        invalidations, memory = products.invalidations(), used(stack, "svc-products")[0]
        second = products.placed(product)
        assert products.state(second) == "refused"
        assert products.invalidations() == invalidations
        taken = used(stack, "svc-products")[0] > memory
        products.end(product, first, second)
        return taken

    until_it_happens(attempt)


def test_a_reservation_of_another_replica_is_released_although_the_cache_lacks_it(products, product):
    """The reservation is loaded, but the cached product is older: its reserved stock is less than that of the order."""
    def attempt():
        products.end(product, products.placed(product))
        invalidations, order_id = products.invalidations(), str(uuid.uuid4())
        products.stack.sql("products", "INSERT INTO reservations (order_id, state, lines, currency, total_cents, updated_at,"
                                   " version) VALUES (%s, 'held', %s, 'EUR', 3780, now(), 1)", order_id,
                       f'{{"lines":[{{"product_id":"{product["id"]}","name":"Tea","quantity":2,'
                       '"unit_price_cents":1890}]}')
        products.change(product, "reserved = reserved + 2")
        products.publish_events("expired", product, order_id)
        eventually(lambda: products.state(order_id) == "released")
        assert products.reserved(product) == 0
        return products.invalidations() > invalidations

    until_it_happens(attempt)


def test_a_batch_whose_connection_was_lost_leaves_nothing_in_memory(stack, products, product):
    """Both replicas write the same version."""
    def taken_from_memory():
        before = used(stack, "svc-products")[0]
        products.end(product, products.placed(product))
        return used(stack, "svc-products")[0] > before

    def attempt():
        eventually(taken_from_memory)  # after a lost connection a consumer is pessimistic for some seconds
        first = products.placed(product)
        invalidations, before = products.invalidations(), products.reserved(product)
        with stack.database("products") as other:
            other.execute("UPDATE products SET reserved = reserved + 1, sequence = sequence + 1 WHERE id = %s",
                          [product["id"]])
            second = products.place(product)
            waiting = eventually(lambda: waiting_for_locks(stack, "products"))
            for pid in waiting:
                stack.sql("products", "SELECT pg_terminate_backend(%s)", pid)
        eventually(lambda: products.state(second))
        third = products.placed(product)
        assert products.reserved(product) == before + 5, "one that the other took, and two of each order"
        products.end(product, first, second, third)
        assert products.reserved(product) == before - 1
        return products.invalidations() > invalidations

    until_it_happens(attempt)
