"""A sandbox replays the live state; changed rules are detected. This suite runs first, because other suites publish forged
events."""
import os
import signal
import threading
from contextlib import closing

import psycopg2
import pytest

from harness.waiting import eventually
from sandbox import replay
from sandbox.traffic import Traffic

pytestmark = [pytest.mark.first, pytest.mark.slow]

ORDERS = 160


@pytest.fixture(scope="module")
def traffic(stack):
    """Orders with every possible end and a crash in the middle; the last one waits for svc-users."""
    traffic = Traffic(stack, seed=7)
    ending = threading.Event()
    shop = threading.Thread(target=traffic.run_shop, args=(ending,))
    shop.start()
    try:
        traffic.place(ORDERS // 2)
        os.kill(stack.pid("svc-products"), signal.SIGKILL)
        traffic.change_people()
        traffic.place(ORDERS // 2)
    finally:
        ending.set()
        shop.join()
    traffic.settle()
    stack.restart("svc-orders", COMANDA_ORDER_DEADLINE="1s")
    stack.stop("svc-products")
    traffic.place(8)
    eventually(lambda: traffic.open_orders() == 0, timeout=20)
    stack.start("svc-products")
    traffic.settle()
    stack.restart("svc-orders")
    assert set(traffic.fates()) == {"confirmed", "rejected", "expired", "cancelled"}
    stack.stop("svc-users")
    traffic.waiting = wait_for_users(stack, traffic)
    yield traffic
    stack.start("svc-users")


def wait_for_users(stack, traffic):
    """An order with a reservation that svc-users has not processed."""
    placed = traffic.buyers[2].place([(traffic.plenty, 1)])
    assert placed.status_code == 202
    order_id = placed.json()["id"]
    eventually(lambda: stack.sql("orders", "SELECT 1 FROM orders WHERE id = %s AND state = 2", order_id))
    eventually(traffic.sent_by_products)
    return order_id


@pytest.fixture(scope="module")
def whole(stack, traffic):
    return replay.run(stack)


def test_replay_gives_the_live_state(stack, whole):
    code, found, err = whole
    assert code == 0, err + replay.differences(found)
    assert set(found) == set(replay.SERVICES)
    assert sum(table["rows"] for table in found["orders"]["state"]) >= ORDERS
    assert not any(table["changed_since"] for service in found.values() for table in service["state"])
    assert replay.databases(stack) == set()


def test_two_runs_give_the_same_digest(stack, whole):
    code, found, _ = replay.run(stack)
    assert code == 0
    assert replay.digests(found) == replay.digests(whole[1])


def test_an_order_that_waits_is_as_far_in_the_sandbox(stack, traffic):
    try:
        assert replay.run(stack, "orders", "--keep", "--name", "waits")[0] == 0
        url = stack["COMANDA_SANDBOX_DATABASE_URL"].rpartition("/")[0] + "/comanda_sandbox_waits_orders"
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT state, version FROM orders WHERE id = %s", (traffic.waiting,))
            assert cursor.fetchall() == [(2, 2)]
    finally:
        replay.run(stack, "--drop", "waits")


def test_stops_at_the_given_position(stack, traffic, whole):
    middle = whole[1]["orders"]["events"] // 2
    code, found, err = replay.run(stack, "--until", str(middle))
    assert code == 0, err + replay.differences(found)
    assert found["orders"]["events"] < whole[1]["orders"]["events"]
    assert sum(table["changed_since"] for table in found["orders"]["state"]) > 0


def test_finds_the_first_event_that_a_changed_rule_decides_differently(stack, traffic):
    """The changed program keeps the last piece of every product back."""
    program = f"{os.path.dirname(stack['COMANDA_BIN'])}/tests/comanda_off_by_one"
    code, found, err = replay.run(stack, "products", program=program)
    assert code == 1, err
    first = found["products"]["differences"][0]
    assert first["recorded"]["type"] == "comanda.stock.reserved.v1"
    assert first["now"]["type"] == "comanda.stock.refused.v1"
    levels = {level["product_id"]: level for level in first["recorded"]["data"]["stock"]}
    level = levels[first["now"]["data"]["product_id"]]
    assert level["on_hand"] == level["reserved"]
    assert sum(table["different"] for table in found["products"]["state"]) > 0


def test_sees_what_was_changed_by_hand(stack, traffic):
    order_id = stack.sql("orders", "SELECT id FROM orders WHERE state = 3 ORDER BY id LIMIT 1")[0][0]
    stack.sql("orders", "UPDATE orders SET total_cents = total_cents + 1 WHERE id = %s", order_id)
    try:
        code, found, _ = replay.run(stack, "orders")
        rows = [row for table in found["orders"]["state"] for row in table["rows_that_differ"]]
        assert (code, [row["id"] for row in rows]) == (1, [order_id])
        assert rows[0]["live"]["total_cents"] == rows[0]["sandbox"]["total_cents"] + 1
        assert found["orders"]["decided_differently"] == 0
    finally:
        stack.sql("orders", "UPDATE orders SET total_cents = total_cents - 1 WHERE id = %s", order_id)


def test_cleans_up_after_ctrl_c(stack, traffic):
    process = replay.start(stack)
    eventually(lambda: replay.databases(stack))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2 and "interrupted" in err
    assert replay.databases(stack) == set(), err


def test_keeps_its_databases_when_asked_and_refuses_a_name_in_use(stack, traffic):
    assert replay.run(stack, "users", "--keep", "--name", "case17")[0] == 0
    assert replay.databases(stack) == {"comanda_sandbox_case17_users"}
    code, _, err = replay.run(stack, "users", "--name", "case17")
    assert code == 2 and "case17" in err and len(err.splitlines()) == 1
    assert replay.databases(stack) == {"comanda_sandbox_case17_users"}
    assert replay.run(stack, "--drop", "case17")[0] == 0
    assert replay.databases(stack) == set()


@pytest.mark.parametrize("arguments", [("--until", "99999999"), ("--until", "2999-01-01T00:00:00Z"), ("--name", "a;b"),
                                       ("--until", "01a2145f-8867-7cab-a87b-36eaf45883ec"), ("kitchen",)])
def test_says_in_one_line_what_is_wrong_and_changes_nothing(stack, arguments):
    code, found, err = replay.run(stack, *arguments)
    assert code == 2 and not found
    assert err.startswith("comanda: ") and len(err.splitlines()) == 1, err
    assert replay.databases(stack) == set()
