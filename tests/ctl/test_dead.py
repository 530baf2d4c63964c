"""Dead letters: listed, redriven with an outcome each, dropped."""
import collections
import json
import os
import signal
import subprocess
import uuid

import pika
import pytest

from harness.broker import event
from harness.waiting import eventually

ORDERS = "orders.events"


@pytest.fixture
def poison(stack):
    """A constraint in the orders database that refuses each change of a poisoned order. `remove` drops it."""
    def change(statement):
        stack.dev("psql", "orders", "-q", "-c", f"ALTER TABLE orders {statement}")

    def remove():
        change("DROP CONSTRAINT IF EXISTS poisoned")

    remove()
    change("ADD CONSTRAINT poisoned CHECK (note IS NULL OR note <> 'poison' OR version = 1) NOT VALID")
    yield remove
    remove()


@pytest.fixture
def no_dead_letters(comanda):
    comanda("dead", "drop", "--all", "--yes")
    yield
    comanda("dead", "drop", "--all", "--yes")


def dead_letters(comanda, count):
    """All dead letters, when there are `count` of them."""
    def look():
        found = comanda.json("dead", "list", "--service", "orders")
        assert len(found) == count, f"{len(found)} dead letters, not {count}"
        return [found]

    return eventually(look, timeout=30, every=0.3)[0]


def outcomes(items):
    return collections.Counter((item["died_of"], item["outcome"]) for item in items)


def poisoned_orders(customer, product, count):
    return [customer.place([(product, 1)], note="poison").json()["id"] for _ in range(count)]


def publish_unknown(as_user, count):
    """user.verified for orders that do not exist."""
    users = as_user("svc-users")
    for _ in range(count):
        order = str(uuid.uuid4())
        users.publish_events(event("user.verified", "svc-users", order, {"order_id": order, "user_id": str(uuid.uuid4())}))


def publish_invalid(as_user, count):
    """stock.refused without a reason."""
    products = as_user("svc-products")
    for _ in range(count):
        order = str(uuid.uuid4())
        products.publish_events(event("stock.refused", "svc-products", order, {"order_id": order}))


@pytest.mark.slow
def test_of_fifty_dead_letters_the_repaired_are_handled_and_the_others_refused_again(
        stack, comanda, customer, product, as_user, poison, no_dead_letters):
    orders = poisoned_orders(customer, product, 10)  # two answers each: 20 dead letters
    publish_unknown(as_user, 16)
    publish_invalid(as_user, 14)
    causes = {"cannot_be_saved": 20, "not_found": 16, "invalid": 14}
    assert collections.Counter(letter["code"] for letter in dead_letters(comanda, 50)) == causes

    planned = comanda.json("dead", "redrive", "--service", "orders", "--all", "--dry-run")
    assert outcomes(planned) == {(cause, "to be sent"): count for cause, count in causes.items()}
    assert len(dead_letters(comanda, 50)) == 50

    # Repaired, but the consumer is stopped.
    poison()
    stack.stop("svc-orders")
    try:
        sent = comanda.json("dead", "redrive", "--service", "orders", "--all", "--wait", "1s", code=1)
        assert outcomes(sent) == {(cause, "waits"): count for cause, count in causes.items()}
    finally:
        stack.start("svc-orders")
    for order in orders:
        assert eventually(lambda: customer.is_settled(order), timeout=30)["status"] == "confirmed"
    left = dead_letters(comanda, 30)
    assert collections.Counter(letter["code"] for letter in left) == {"not_found": 16, "invalid": 14}

    # The service is killed while events are in flight. The supervisor starts it, and it processes them.
    os.kill(stack.pid("svc-orders"), signal.SIGKILL)
    again = comanda.json("dead", "redrive", "--service", "orders", "--all", "--wait", "60s", code=1)
    assert outcomes(again) == {("not_found", "refused again"): 16, ("invalid", "refused again"): 14}
    assert all(item["reason"] for item in again)
    assert {item["code"] for item in again} == {"not_found", "invalid"}
    dead_letters(comanda, 30)


def test_a_repaired_dead_letter_is_handled_once_even_if_redriven_twice(
        comanda, customer, product, as_user, poison, no_dead_letters):
    [order] = poisoned_orders(customer, product, 1)
    letters = dead_letters(comanda, 2)
    copies = copies_of_dead_letters(as_user)
    poison()
    done = comanda.json("dead", "redrive", "--code", "cannot_be_saved")
    assert [item["outcome"] for item in done] == ["handled"] * 2
    confirmed = eventually(lambda: customer.is_settled(order))
    assert confirmed["status"] == "confirmed"

    # The state after a redrive that was killed: the dead letter is there, and its event was handled.
    for headers, body, kind in copies:
        as_user("admin").publish("dead", "orders.dead", body, headers=headers, type=kind, delivery_mode=2)
    dead_letters(comanda, 2)
    again = comanda.json("dead", "redrive", "--all", "--service", "orders")
    assert [item["outcome"] for item in again] == ["handled before"] * 2
    dead_letters(comanda, 0)
    assert customer.order(order) == confirmed
    assert {letter["event_id"] for letter in letters} == {item["event_id"] for item in again}


def test_a_dead_lettered_answer_is_marked_in_the_timeline(comanda, customer, product, poison, no_dead_letters):
    [order] = poisoned_orders(customer, product, 1)
    dead_letters(comanda, 2)
    lines = [line for line in comanda.terminal(80, "order", order).splitlines() if "user.verified" in line]
    assert len(lines) == 1 and "│✗─" in lines[0], lines
    assert "\033[31m" in lines[0] and "\033[32m" not in lines[0], lines
    comanda("dead", "drop", "--order", order, "--yes")


def copies_of_dead_letters(as_user):
    broker = as_user("admin")
    copies = []
    while (taken := broker.take("orders.dead")) is not None:
        copies.append((taken[1].headers, taken[2], taken[1].type))
    for headers, body, kind in copies:
        broker.publish("dead", "orders.dead", body, headers=headers, type=kind, delivery_mode=2)
    return copies


def test_a_forged_event_is_never_redriven(stack, comanda, customer, product, as_user, no_dead_letters):
    order = customer.place([(product, 1)]).json()["id"]
    forged = event("user.refused", "svc-users", order, {"order_id": order, "user_id": customer.id,
                                                       "code": "user_disabled", "detail": "forged"})
    as_user("svc-products").publish("", ORDERS, forged, message_id=forged["id"], delivery_mode=2)
    [letter] = dead_letters(comanda, 1)
    assert letter["code"] == "wrong_sender"
    [outcome] = comanda.json("dead", "redrive", "--all", code=1)
    assert outcome["outcome"] == "forged"
    dead_letters(comanda, 1)
    assert eventually(lambda: customer.is_settled(order))["status"] == "confirmed"


def test_dead_letters_of_a_service_without_an_inbox_are_redriven(comanda, as_user, no_dead_letters):
    broken = event("order.placed", "svc-orders", str(uuid.uuid4()), {"order_id": "no id"})
    as_user("svc-orders").publish_events(broken)
    letter = eventually(lambda: comanda.json("dead", "list", broken["id"], "--service", "users"), every=0.3)[0]
    assert letter["origin"] == "users.events"
    [outcome] = comanda.json("dead", "redrive", broken["id"], "--service", "users", code=1)
    assert outcome["outcome"] == "refused again" and outcome["code"] == "invalid"


@pytest.mark.parametrize("text", [b"{not json", b"}"])
def test_an_unreadable_dead_letter_keeps_its_bytes_and_is_no_duplicate(comanda, as_user, no_dead_letters,
                                                                               text):
    text += uuid.uuid4().bytes.hex().encode()
    as_user("svc-products").publish("events", "stock.reserved", text, delivery_mode=2)
    [letter] = dead_letters(comanda, 1)
    assert [body for _, body, _ in copies_of_dead_letters(as_user)] == [text]
    assert letter["code"] == "malformed" and letter["body"] is None
    [outcome] = comanda.json("dead", "redrive", letter["event_id"], code=1)
    assert outcome["outcome"] == "refused again" and outcome["code"] == "malformed"


def test_dead_letters_are_chosen_by_filters(comanda, as_user, no_dead_letters):
    publish_unknown(as_user, 2)
    publish_invalid(as_user, 1)
    everything = dead_letters(comanda, 3)
    one = next(letter for letter in everything if letter["code"] == "invalid")
    for filters in (["--code", "invalid"], ["--type", "stock.refused"], ["--order", one["order_id"]], [one["event_id"]]):
        assert comanda.json("dead", "list", *filters) == [one], filters
    assert comanda.json("dead", "list", "--until", "1h") == []
    assert len(comanda.json("dead", "list", "--from", "5m")) == 3
    assert len(comanda.json("dead", "drop", "--code", "not_found", "--dry-run")) == 2
    assert "nothing was dropped" in comanda.error("dead", "drop", "--code", "not_found")
    dead_letters(comanda, 3)
    comanda("dead", "drop", "--code", "not_found", "--yes")
    assert dead_letters(comanda, 1) == [one]
    assert one["reason"] in comanda("dead", "show", one["event_id"])


# ---- an incomplete view ----

def publish_copies(as_user, count):
    """So many dead letters in orders.dead, without waiting for confirms."""
    broker = as_user("admin")
    channel = broker.connection.channel()
    body = json.dumps(event("stock.refused", "svc-products", str(uuid.uuid4()), {"order_id": "no id"})).encode()
    properties = pika.BasicProperties(type="stock.refused", delivery_mode=2, headers={"x-dead-code": "invalid"})
    for _ in range(count):
        channel.basic_publish("", "orders.dead", body, properties)
    channel.close()


@pytest.fixture
def held(as_user, comanda, no_dead_letters):
    """Three dead letters, of which another consumer holds two. Returns a function that gives these back."""
    publish_unknown(as_user, 3)
    dead_letters(comanda, 3)
    holder = as_user("admin")
    holder.channel.basic_qos(prefetch_count=2)
    holder.channel.basic_consume("orders.dead", lambda *_: None)
    holder.connection.process_data_events(time_limit=1)
    yield holder.close
    holder.close()


def test_dead_letters_that_another_consumer_holds_are_said_to_be_missing(comanda, held):
    shown, error = comanda.run("dead", "list", code=1)
    assert shown.count("not_found") == 1
    assert "orders.dead has 1 other consumer" in error and "not in this list" in error
    held()
    assert comanda("dead", "list").count("not_found") == 3


def test_a_list_without_a_letter_is_not_called_empty_while_another_consumer_holds_letters(comanda, as_user, no_dead_letters):
    publish_unknown(as_user, 1)
    dead_letters(comanda, 1)
    holder = as_user("admin")
    holder.channel.basic_consume("orders.dead", lambda *_: None)
    holder.connection.process_data_events(time_limit=1)
    for words in (["list"], ["redrive", "--all"], ["drop", "--all", "--yes"]):
        shown, error = comanda.run("dead", *words, code=1)
        assert "no dead letters" not in shown and "orders.dead has 1 other consumer" in error, words
    _, error = comanda.run("dead", "show", uuid.uuid4(), code=2)
    assert "orders.dead has 1 other consumer" in error
    holder.close()


@pytest.mark.slow
def test_of_more_than_20000_dead_letters_the_rest_is_said_to_be_missing(stack, comanda, as_user, no_dead_letters):
    publish_copies(as_user, 20_100)
    eventually(lambda: stack.management("GET", "queues/comanda/orders.dead").json().get("messages") == 20_100, timeout=60)
    try:
        shown, error = comanda.run("dead", "list", "--json", code=1)
        assert shown.count("\n") == 20_000
        assert "100 of the 20100 dead letters in orders.dead were not read" in error
        comanda("dead", "drop", "--code", "invalid", "--yes", code=1)
        assert comanda("dead", "list", "--json").count("\n") == 100
    finally:
        stack.management("DELETE", "queues/comanda/orders.dead/contents")


def test_without_a_broker_no_command_says_that_there_are_no_dead_letters(stack, comanda, customer, product):
    order = customer.place([(product, 1)], wait=10).json()["id"]
    environment = comanda.environment | {"COMANDA_BROKER_URL": "amqp://a:b@127.0.0.1:9/comanda"}
    for words in (["list"], ["show", order], ["redrive", "--all"], ["drop", "--all", "--yes"]):
        done = subprocess.run([comanda.program, "dead", *words], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and "cannot be reached" in done.stderr, done
        assert "dead letter" not in done.stdout, done.stdout


def test_positions_that_are_no_time_do_not_bound_dead_letters(comanda):
    for words in (["--from", "12"], ["--until", uuid.uuid4()]):
        assert "is no time" in comanda.error("dead", "list", *words)


def test_an_unknown_dead_letter_and_a_missing_choice_are_errors(comanda):
    assert "there is no dead letter" in comanda.error("dead", "show", uuid.uuid4())
    assert "--all" in comanda.error("dead", "redrive")
