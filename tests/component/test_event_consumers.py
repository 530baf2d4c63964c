"""Consumers of events: a faulty event does not affect others, no event is lost, and no event takes effect twice.

svc-products is stopped, so that orders wait. The tests publish its events, with the contents that svc-products would
publish, so that it can continue afterwards."""
import json
import uuid

import pytest

from harness.broker import close_connections, event
from harness.waiting import eventually
from harness.rest import TIME, ok

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def goods(stack, new_product):
    goods = new_product(on_hand=1000)
    stack.stop("svc-products")
    yield goods
    stack.start("svc-products")


@pytest.fixture
def products(as_user, goods):
    """A connection with the account of svc-products."""
    return as_user("svc-products")


@pytest.fixture
def pending(customer, goods, stack):
    """Places orders that svc-users has verified and that wait for svc-products."""

    def place(count):
        orders = [ok(customer.place([(goods, 1)]), 202)["id"] for _ in range(count)]
        eventually(lambda: all(len(customer.timeline(order_id)) == 2 for order_id in orders))
        return orders

    return place


def refused(order_id, **changed):
    data = {"order_id": order_id, "code": "out_of_stock", "detail": "0 available"} | changed
    return event("stock.refused", "svc-products", order_id, {k: v for k, v in data.items() if v is not None})


def reserved(order_id, goods, **changed):
    line = {"product_id": goods["id"], "name": goods["name"], "quantity": 1, "unit_price_cents": goods["price_cents"]}
    level = {"product_id": goods["id"], "on_hand": 1000, "reserved": 1, "sequence": 2}
    data = {"order_id": order_id, "items": [line], "total_cents": goods["price_cents"], "currency": "EUR",
            "expires_at": "2099-01-01T00:00:00Z", "stock": [level]} | changed
    return event("stock.reserved", "svc-products", order_id, data)


def ends(customer, order_id, status):
    return eventually(lambda: (customer.is_settled(order_id) or {}).get("status") == status)


def types(customer, order_id):
    return [sent["type"] for sent in customer.timeline(order_id)]


def check_dead(headers, code, reason=None):
    assert headers["x-dead-code"] == code
    assert headers["x-dead-origin"] == "orders.events"
    assert int(headers["x-dead-attempts"]) >= 1
    assert TIME.fullmatch(headers["x-dead-first"]) and TIME.fullmatch(headers["x-dead-last"])
    assert headers["x-dead-reason"] and (reason is None or reason in headers["x-dead-reason"])


@pytest.mark.sanitizer
def test_a_malformed_event_is_dead_lettered_alone(customer, products, operator, pending):
    first, between, last = pending(3)
    broken = refused(between, code=None)
    products.publish_events([refused(first), broken, refused(last)])
    for order_id in (first, last):
        ends(customer, order_id, "rejected")
    headers, properties, body = operator.dead("orders", lambda body: broken["id"].encode() in body)
    check_dead(headers, "invalid", "code")
    assert json.loads(body) == broken, "as it came"
    assert properties.type == "stock.refused"
    assert customer.order(between)["status"] == "pending"
    products.publish_events(refused(between))
    ends(customer, between, "rejected")


def test_a_failing_event_is_dead_lettered_alone(customer, products, operator, pending, goods):
    """The event is valid, but its decision fails: it lacks the order's product."""
    first, between, last = pending(3)
    other = {"product_id": str(uuid.uuid4()), "name": "Tea", "quantity": 1, "unit_price_cents": 1}
    strange = reserved(between, goods, items=[other])
    products.publish_events([reserved(first, goods), strange, reserved(last, goods)])
    for order_id in (first, last):
        ends(customer, order_id, "confirmed")
    headers, _, _ = operator.dead("orders", lambda body: strange["id"].encode() in body)
    check_dead(headers, "line_without_price")
    assert customer.order(between)["status"] == "pending"
    products.publish_events(reserved(between, goods))
    ends(customer, between, "confirmed")


@pytest.mark.parametrize("body", [b"hello %s", b'{"%s"', b"\xff\xfe\x00%s", b'"%s"', b'[["%s"]]', b'[{"source":"%s"}]'])
def test_a_body_that_is_no_event_is_dead_lettered_and_blocks_no_other(customer, products, operator, pending, body):
    order_id, = pending(1)
    mark = uuid.uuid4().hex.encode()
    products.publish("events", "stock.refused", body % mark, type="stock.refused", delivery_mode=2,
                     content_type="application/cloudevents+json")
    products.publish_events(refused(order_id))
    ends(customer, order_id, "rejected")
    headers, _, _ = operator.dead("orders", lambda dead: mark in dead)
    assert headers["x-dead-code"] in ("malformed", "invalid")
    check_dead(headers, headers["x-dead-code"])


def test_an_event_of_another_program_is_refused(stack, customer, products, as_user, operator, pending):
    """svc-users may publish user.*; the consumer still checks the sender of the event's type."""
    order_id, = pending(1)
    users = as_user("svc-users")
    for way in ({"key": "user.verified"}, {"key": "orders.events", "exchange": ""}):
        forged = refused(order_id)
        users.publish_events(forged, **way)
        headers, _, body = operator.dead("orders", lambda dead: forged["id"].encode() in dead)
        check_dead(headers, "wrong_sender")
        assert handled(stack, [forged]) == [], "the inbox does not have the id of the forged event"
    assert customer.order(order_id)["status"] == "pending"
    products.publish_events(forged)  # the genuine event: it is not a duplicate of the forged one
    ends(customer, order_id, "rejected")


def test_an_event_without_a_sender_is_refused(customer, products, operator, pending):
    order_id, = pending(1)
    forged = refused(order_id)
    products.publish("events", "stock.refused", forged, user_id=None, content_type="application/cloudevents+json")
    check_dead(operator.dead("orders", lambda dead: forged["id"].encode() in dead)[0], "wrong_sender")
    assert customer.order(order_id)["status"] == "pending"


def test_a_type_that_this_build_does_not_know_is_tried_again_later(stack, customer, products, operator, pending):
    order_id, = pending(1)
    newer = event("stock.moved", "svc-products", order_id, {"order_id": order_id, "to": "shelf 7"})
    products.publish_events([newer, refused(order_id)], key="stock.refused")
    ends(customer, order_id, "rejected")

    def waiting():
        return stack.sql("orders", "SELECT id, exchange, routing_key, headers, due_at > now() + interval '5 seconds'"
                                   " FROM outbox WHERE position(%s in encode(body, 'escape')) > 0", newer["id"])

    (row, exchange, key, headers, later), = eventually(waiting)
    assert (exchange, key, later) == ("", "orders.events", True), "to the one queue, and not at once"
    first = json.loads(headers)["x-later-first"]

    stack.sql("orders", "UPDATE outbox SET due_at = now() WHERE id = %s", row)
    (row, _, _, headers, _), = eventually(lambda: [found for found in waiting() if found[0] != row])
    assert json.loads(headers)["x-later-first"] == first, "since when is remembered from one time to the next"
    assert newer["id"] not in str(operator.take("orders.dead"))
    stack.sql("orders", "DELETE FROM outbox WHERE id = %s", row)


def test_a_duplicate_has_no_second_effect(stack, customer, products, pending, goods):
    one, two, three = pending(3)
    events = [reserved(order_id, goods) for order_id in (one, two, three)]
    products.publish_events(events[0])
    products.publish_events(events[0])
    products.publish_events([events[1], events[0], events[1]])
    products.publish_events([events[2]] * 5)
    for order_id in (one, two, three):
        ends(customer, order_id, "confirmed")
        assert types(customer, order_id).count("comanda.stock.reserved.v1") == 1
        assert types(customer, order_id).count("comanda.order.confirmed.v1") == 1
    assert len(set(handled(stack, events))) == 3


def handled(stack, events):
    """The ids that svc-orders has in its inbox or in processed_events, with repetitions."""
    known = "SELECT id::text FROM inbox_events UNION ALL SELECT unnest(ids)::text FROM processed_events"
    return [found for found, in stack.sql("orders", f"SELECT id FROM ({known}) AS known WHERE id = ANY(%s)",
                                          [sent["id"] for sent in events])]


def test_an_event_of_an_idempotent_aggregate_has_no_inbox_row(stack, customer, products, pending, goods):
    order_id, = pending(1)
    sent = reserved(order_id, goods)
    products.publish_events(sent)
    ends(customer, order_id, "confirmed")
    assert handled(stack, [sent]) == [sent["id"]]
    assert stack.sql("orders", "SELECT 1 FROM inbox_events WHERE id = %s", sent["id"]) == []


def test_an_event_is_dead_lettered_once(stack, customer, products, operator, pending):
    """Only an inbox row records a dead letter."""
    marker, = pending(1)
    noise = refused(str(uuid.uuid4()))
    products.publish_events(noise)
    operator.dead("orders", lambda body: noise["id"].encode() in body)
    products.publish_events(noise)
    products.publish_events([noise, refused(marker), noise])
    ends(customer, marker, "rejected")
    eventually(lambda: stack.sql("orders", "SELECT 1 FROM outbox") == [])
    assert operator.take("orders.dead") is None
    assert stack.sql("orders", "SELECT 1 FROM inbox_events WHERE id = %s", noise["id"]) == [(1,)]
    assert handled(stack, [noise]) == [noise["id"]]


def test_an_event_after_the_end_changes_nothing(customer, products, pending):
    order_id, = pending(1)
    products.publish_events(refused(order_id))
    ends(customer, order_id, "rejected")
    before = customer.order(order_id), customer.timeline(order_id)
    marker, = pending(1)
    products.publish_events([refused(order_id, code="product_unknown"), refused(marker)])
    ends(customer, marker, "rejected")
    assert (customer.order(order_id), customer.timeline(order_id)) == before


def test_stock_reserved_for_an_ended_order_gets_the_end_again(customer, products, operator, pending, goods):
    order_id, = pending(1)
    ended = ok(customer.call("POST", f"/orders/{order_id}/cancel"))
    queue = operator.subscribe("events", "order.#")
    held, again = reserved(order_id, goods), reserved(order_id, goods)
    products.publish_events(held)
    answer = received(operator, queue, 1)[0]
    assert (answer["subject"], answer["sequence"], answer["data"]["status"]) == (order_id, ended["version"], "cancelled")
    products.publish_events(held)  # again: the answer has the same id
    products.publish_events([held, again, again])
    marker, = pending(1)
    products.publish_events(refused(marker))
    sent = received_up_to_the_end_of(operator, queue, marker)
    assert {answer["causationid"] for answer in sent if answer["subject"] == order_id} == {held["id"], again["id"]}
    assert len({answer["id"] for answer in sent if answer["subject"] == order_id}) == 2, "one answer a question"
    assert answer["id"] in {again["id"] for again in sent}


def test_a_question_about_an_order_that_has_ended_is_answered_once(customer, products, operator, pending):
    order_id, = pending(1)
    ok(customer.call("POST", f"/orders/{order_id}/cancel"))
    queue = operator.subscribe("events", "order.#")
    question = event("reservation.overdue", "svc-products", order_id, {"order_id": order_id})
    products.publish_events(question)
    assert received(operator, queue, 1)[0]["causationid"] == question["id"]
    products.publish_events(question)  # processed before: no event
    products.publish_events([question, question])
    marker, = pending(1)
    products.publish_events(refused(marker))
    assert {answer["subject"] for answer in received_up_to_the_end_of(operator, queue, marker)} == {marker}


def received_up_to_the_end_of(operator, queue, order_id):
    found = []
    while not any(answer["subject"] == order_id and answer["data"]["status"] == "rejected" for answer in found):
        found += received(operator, queue, 1)
    return found


def received(operator, queue, count):
    """The next `count` events."""
    found = []

    def listen():
        while (message := operator.take(queue)) is not None:
            read = json.loads(message[2])
            found.extend(read if isinstance(read, list) else [read])
        return len(found) >= count

    eventually(listen)
    return found


def test_unknown_fields_of_an_event_are_ignored(customer, products, pending):
    order_id, = pending(1)
    sent = refused(order_id, shelf=7) | {"comandaregion": "eu"}
    products.publish_events(sent)
    ends(customer, order_id, "rejected")


def test_ending_connections_by_force_loses_nothing_and_does_nothing_twice(stack, customer, products, operator,
                                                                          pending):
    orders = pending(40)
    pid = stack.pid("svc-orders")
    eventually(lambda: close_connections(stack, "svc-orders") > 0)
    for number, order_id in enumerate(orders):
        products.publish_events(refused(order_id))
        if number % 10 == 5:
            close_connections(stack, "svc-orders")
    for order_id in orders:
        ends(customer, order_id, "rejected")
        assert types(customer, order_id).count("comanda.order.rejected.v1") == 1
    assert stack.pid("svc-orders") == pid
    assert operator.take("orders.dead") is None


def test_events_wait_while_the_service_is_away_and_are_handled_when_it_is_back(stack, customer, products, pending):
    orders = pending(5)
    stack.stop("svc-orders")
    for order_id in orders:
        products.publish_events(refused(order_id))
    stack.start("svc-orders")
    for order_id in orders:
        ends(customer, order_id, "rejected")


def test_an_answer_to_an_unknown_order_is_dead_lettered_alone(customer, products, operator, pending):
    orders = pending(20)
    noise = [refused(str(uuid.uuid4())) for _ in range(3)]
    products.publish_events(noise[:1] + [refused(order_id) for order_id in orders] + noise[1:])
    for order_id in orders:
        ends(customer, order_id, "rejected")
    for sent in noise:
        headers, _, _ = operator.dead("orders", lambda body: sent["id"].encode() in body)
        check_dead(headers, "not_found")
