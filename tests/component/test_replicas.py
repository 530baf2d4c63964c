"""Two replicas of svc-orders: the one started last gets the messages that write. The other one gets what exceeds its prefetch,
and everything once the first is gone."""
import os
import signal

import pytest

from chaos.processes import Replica, await_ready
from chaos.proxy import Network
from harness.broker import close_connections, event
from harness.waiting import eventually
from harness.rest import ok

pytestmark = pytest.mark.slow

ROOM = 64  # prefetch of the events consumer of svc-orders (runtime/consumer/fetch.c)


@pytest.fixture
def new_replica(stack):
    """Starts a second process of svc-orders with changed settings."""
    started = []

    def start(**settings):
        replica = Replica(stack, "svc-orders")
        if settings:
            replica.stop()
            replica.environment.update(settings)
            replica.start()
        started.append(replica)
        await_ready(replica.ready, 30, "the second svc-orders")
        return replica

    yield start
    for replica in started:
        replica.stop(signal.SIGKILL)


@pytest.fixture
def frozen_products(stack):
    """svc-products is frozen until the end of the test."""
    os.kill(stack.pid("svc-products"), signal.SIGSTOP)
    yield
    os.kill(stack.pid("svc-products"), signal.SIGCONT)


def worked(metrics):
    """Items that the writing consumers have processed."""
    return {consumer: sum(float(line.split()[-1]) for line in metrics.splitlines()
                      if line.startswith(f'comanda_batch_items_sum{{consumer="{consumer}"')) for consumer in ("command", "events")}


def both(stack, replica):
    return worked(stack.admin("svc-orders", "metrics").text), worked(replica.admin_get("metrics")[1])


def place(customer, product, count):
    return [ok(customer.place([(product, 1)]), 202)["id"] for _ in range(count)]


def ends(customer, orders, status="confirmed"):
    for order_id in orders:
        eventually(lambda: (customer.is_settled(order_id) or {}).get("status") == status, timeout=30)
        assert [step["type"] for step in customer.timeline(order_id)].count(f"comanda.order.{status}.v1") == 1


def all_went_to_the_second(before, after, count):
    assert after[0] == before[0], "the first has nothing to do"
    assert {consumer: after[1][consumer] - before[1][consumer] for consumer in after[1]} == {"command": count, "events": 2 * count}


def test_what_writes_goes_to_the_replica_that_was_started_last(stack, customer, product, new_replica):
    replica = new_replica()
    for _ in range(2):
        before = both(stack, replica)
        ends(customer, place(customer, product, 10))
        all_went_to_the_second(before, both(stack, replica), 10)
        eventually(lambda: close_connections(stack, "svc-orders") > 0)  # the same after both have reconnected
        eventually(lambda: stack.ready("svc-orders") and replica.ready())


def refused(order_id):
    return event("stock.refused", "svc-products", order_id,
                 {"order_id": order_id, "code": "out_of_stock", "detail": "0 available"})


def pending(customer, product, count):
    """Orders that wait for svc-products."""
    orders = place(customer, product, count)
    eventually(lambda: all(len(customer.timeline(order_id)) == 2 for order_id in orders))
    return orders


def still_open(stack, orders):
    return {row[0] for row in stack.sql("orders", "SELECT id::text FROM orders WHERE state < 3 AND id = ANY(%s::uuid[])",
                                        orders)}


def test_what_a_stopped_replica_has_no_room_for_goes_to_the_other_and_the_rest_once_it_is_killed(
        stack, customer, product, as_user, new_replica, frozen_products):
    replica, products = new_replica(), as_user("svc-products")
    orders = pending(customer, product, ROOM + 8)
    before = both(stack, replica)
    os.kill(replica.process.pid, signal.SIGSTOP)
    for order_id in orders:
        products.publish_events(refused(order_id))
    eventually(lambda: still_open(stack, orders) <= set(orders[:ROOM]))
    assert still_open(stack, orders) == set(orders[:ROOM]), "they lie with the one that is stopped"
    assert worked(stack.admin("svc-orders", "metrics").text)["events"] == before[0]["events"] + 8
    os.kill(replica.process.pid, signal.SIGKILL)
    ends(customer, orders, "rejected")


def test_nothing_is_lost_when_the_replica_that_has_the_work_ends(stack, customer, product, new_replica):
    for how in (signal.SIGTERM, signal.SIGKILL):
        replica, orders = new_replica(), []
        for number in range(30):
            if number == 15:
                os.kill(replica.process.pid, how)
            answer = customer.place([(product, 1)])
            orders += [answer.json()["id"]] if answer.status_code == 202 else []
        replica.process.wait(20)
        assert len(orders) >= 25
        ends(customer, orders)


def consumers(broker, queue):
    return broker.channel.queue_declare(queue, passive=True).method.consumer_count


def test_a_replica_without_its_database_leaves_requests_to_the_other(stack, customer, product, as_user, new_replica):
    network = Network({"database": stack["COMANDA_POSTGRES_PORT"]})
    url = stack["COMANDA_DATABASE_URL_SVC_ORDERS"].replace(f":{stack['COMANDA_POSTGRES_PORT']}/",
                                                           f":{network.ports['database']}/")
    try:
        replica = new_replica(COMANDA_DATABASE_URL=url, COMANDA_MIGRATIONS_URL="", COMANDA_STATEMENT_TIMEOUT="300ms")
        network.command("database", "cut")
        network.command("database", "reset")
        broker = as_user("admin")
        eventually(lambda: consumers(broker, "orders.events") == 1)  # messages that it already has stay with it
        eventually(lambda: customer.place([(product, 1)]).status_code == 202)
        ends(customer, place(customer, product, 20))
        network.command("database", "restore")
        eventually(replica.ready)

        def works_again():
            before = both(stack, replica)
            ends(customer, place(customer, product, 1))
            return both(stack, replica)[1]["command"] > before[1]["command"]

        eventually(works_again)
    finally:
        network.close()
