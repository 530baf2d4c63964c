"""Races: the tests stop a program between two steps, and act there like another replica or a crash."""
import os
import signal
import threading
import uuid
from contextlib import contextmanager

import pytest
import redis

from chaos.proxy import Network
from harness.broker import order_event
from harness.waiting import eventually
from harness.rest import ok
from harness.stack import waiting_for_locks


# ---- two replicas create the same row ----

@pytest.fixture
def orders(as_user):
    """Publishes as svc-orders about orders unknown to it: the answers become dead letters."""
    return as_user("svc-orders")


@contextmanager
def tombstone_held(stack, order_id):
    """The tombstone of another replica, which commits at the end of the block."""
    with stack.database("products") as other:
        other.execute("INSERT INTO reservations (order_id, state, total_cents, updated_at, version)"
                      " VALUES (%s, 'released', 0, now(), 1)", [order_id])
        yield


def test_a_release_that_another_replica_commits_meanwhile_is_detected(stack, admin, orders, operator, product):
    """This replica loads before the other one commits its tombstone, and saves after it."""
    order_id = str(uuid.uuid4())
    with tombstone_held(stack, order_id):
        orders.publish_events(order_event("order.placed", order_id, product, "pending"))
        eventually(lambda: waiting_for_locks(stack, "products"))
    other_id = str(uuid.uuid4())
    orders.publish_events(order_event("order.placed", other_id, product, "pending"))
    eventually(lambda: stack.sql("products", "SELECT 1 FROM reservations WHERE order_id = %s", other_id))
    assert stack.sql("products", "SELECT state FROM reservations WHERE order_id = %s", order_id) == [("released",)]
    assert ok(admin.get(f"/products/{product['id']}"))["reserved"] == 2, "of the second order alone"
    orders.publish_events(order_event("order.expired", other_id, product, "expired"))
    eventually(lambda: ok(admin.get(f"/products/{product['id']}"))["reserved"] == 0)
    operator.dead("orders", lambda body: other_id.encode() in body)  # stock.reserved of an unknown order


def retried(stack):
    return stack.metric("svc-products", "comanda_transactions_total", result="retry")


def test_a_batch_that_is_retried_may_be_overtaken_once_more(stack, admin, orders, operator, product):
    """The first try conflicts with one tombstone, and the second try, which loads the rows, with another one."""
    first, second, third = sorted(str(uuid.uuid4()) for _ in range(3))

    with tombstone_held(stack, second):
        with tombstone_held(stack, first):
            orders.publish_events([order_event("order.placed", order_id, product, "pending")
                         for order_id in (first, second, third)])
            eventually(lambda: waiting_for_locks(stack, "products"))
            before = retried(stack)
        eventually(lambda: retried(stack) > before and waiting_for_locks(stack, "products"))
    eventually(lambda: stack.sql("products", "SELECT 1 FROM reservations WHERE order_id = %s", third))
    assert stack.sql("products", "SELECT count(*) FROM reservations WHERE state = 'released' AND order_id IN (%s, %s)",
                     first, second) == [(2,)]
    assert ok(admin.get(f"/products/{product['id']}"))["reserved"] == 2, "of the third order alone"
    orders.publish_events(order_event("order.expired", third, product, "expired"))
    eventually(lambda: ok(admin.get(f"/products/{product['id']}"))["reserved"] == 0)
    operator.dead("orders", lambda body: third.encode() in body)


def reserved(admin, product):
    return ok(admin.get(f"/products/{product['id']}"))["reserved"]


def test_stock_that_another_replica_changes_meanwhile_is_loaded_again(stack, admin, orders, operator, product):
    """The batch loads the product without a lock before the other commit, and saves after it. After a lost race a consumer
    locks rows for some seconds and loses no race. The test waits for the end of that time."""
    def race():
        before, retried_before, order_id = reserved(admin, product), retried(stack), str(uuid.uuid4())
        with stack.database("products") as other:
            other.execute("UPDATE products SET reserved = reserved + 1, sequence = sequence + 1 WHERE id = %s",
                          [product["id"]])
            orders.publish_events(order_event("order.placed", order_id, product, "pending"))
            eventually(lambda: waiting_for_locks(stack, "products"))
        eventually(lambda: stack.sql("products", "SELECT 1 FROM reservations WHERE order_id = %s", order_id))
        assert reserved(admin, product) == before + 3, "one that the other took, and two of the order"
        orders.publish_events(order_event("order.expired", order_id, product, "expired"))
        eventually(lambda: reserved(admin, product) == before + 1)
        operator.dead("orders", lambda body: order_id.encode() in body)
        return retried(stack) > retried_before

    eventually(race)


# ---- the cache ----

def cached(stack, api, product):
    """Returns the path once the product is cached. A cache that was started or closed serves nothing for a while."""
    path, key = f"/products/{product['id']}", f"product:{product['id']}"
    with redis.Redis.from_url(stack["COMANDA_REDIS_URL"]) as cache:
        eventually(lambda: ok(api.get(path)) and (cache.get(key) or b"").startswith(b"V"), timeout=20)
    return path


@contextmanager
def commits_held(stack, product_id):
    """Changes of this product wait at their COMMIT until the block ends."""
    name = f"hold_{uuid.uuid4().hex[:8]}"
    key = int(name[5:], 16)
    stack.alter("products", f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
                            f" 'BEGIN PERFORM pg_advisory_xact_lock({key}); RETURN NULL; END'")
    stack.alter("products", f"CREATE CONSTRAINT TRIGGER {name} AFTER UPDATE ON products DEFERRABLE INITIALLY DEFERRED"
                            f" FOR EACH ROW WHEN (NEW.id = '{product_id}') EXECUTE FUNCTION {name}()")
    try:
        with stack.database("products") as hold:
            hold.execute("SELECT pg_advisory_xact_lock(%s)", [key])
            yield
    finally:
        eventually(lambda: not waiting_for_locks(stack, "products"))
        stack.alter("products", f"DROP TRIGGER {name} ON products")
        stack.alter("products", f"DROP FUNCTION {name}()")


@pytest.mark.slow
def test_a_writer_that_dies_between_its_commit_and_the_cache_leaves_nothing_old_there(stack, api, admin, product):
    path = cached(stack, api, product)
    change = threading.Thread(target=admin.patch, args=(path, {"name": "Green tea"}))
    with commits_held(stack, product["id"]):
        change.start()
        eventually(lambda: waiting_for_locks(stack, "products"))
        assert ok(api.get(path))["name"] == product["name"], "nothing is committed yet"
        pid = stack.pid("svc-products")
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: stack.sql("products", "SELECT name FROM products WHERE id = %s", product["id"])
               == [("Green tea",)])
    change.join()
    eventually(lambda: stack.pid("svc-products") not in (None, pid) and stack.ready("svc-products"), timeout=30)
    read = eventually(lambda: answered(api.get(path)))
    assert read["name"] == "Green tea"


def answered(answer):
    return answer.json() if answer.status_code == 200 else None


@pytest.fixture
def connection_to_cache(stack):
    """svc-products reaches Redis through a proxy that can cut the connection."""
    network = Network({"cache": stack["COMANDA_REDIS_PORT"]})
    url = stack["COMANDA_REDIS_URL"].replace(f":{stack['COMANDA_REDIS_PORT']}/", f":{network.ports['cache']}/")
    stack.restart("svc-products", COMANDA_REDIS_URL=url)
    yield lambda word: network.command("cache", word)
    stack.restart("svc-products")
    network.close()


@pytest.mark.slow
def test_a_cache_that_missed_a_change_does_not_serve_the_old_state(stack, api, admin, product,
                                                                                  connection_to_cache):
    path = cached(stack, api, product)
    connection_to_cache("cut")
    try:
        changed = ok(admin.patch(path, {"name": "Green tea"}))
    finally:
        connection_to_cache("reset")  # data on its way to Redis is lost
        connection_to_cache("restore")
    for _ in range(10):
        assert ok(api.get(path))["version"] == changed["version"]
