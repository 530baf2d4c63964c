"""Consumers of requests: each request has its own id, deadline, answer and error, alone or in a message with others."""
import uuid

import pytest

from harness.broker import close_connections, item, timestamp
from harness.waiting import eventually
from harness.rest import SETTLED


def line(product, quantity=1):
    return {"product_id": product["id"], "quantity": quantity}


def placing(customer, product, **more):
    return item("orders.place", {"items": [line(product)]}, customer.id, **more)


def orders_of(stack, customer):
    return stack.sql("orders", "SELECT count(*) FROM orders WHERE user_id = %s", customer.id)[0][0]


def get_order(edge, customer, order_id):
    reply = edge.call("orders.query", item("orders.get", {"id": order_id}, customer.id))
    assert reply["status"] == "ok", reply
    return reply["data"]


def settled(edge, customer, order_id):
    order = get_order(edge, customer, order_id)
    return order if order["status"] in SETTLED else None


@pytest.mark.sanitizer
def test_a_lone_request_is_answered_by_its_id(edge, customer, product):
    asked = placing(customer, product)
    reply = edge.call("orders.command", asked)
    assert (reply["id"], reply["status"]) == (asked["id"], "ok")
    assert reply["data"]["status"] == "pending"


@pytest.mark.sanitizer
def test_fifty_requests_in_one_message_are_answered_one_by_one(stack, edge, new_customer, product):
    buyer = new_customer()
    good = [placing(buyer, product) for _ in range(40)]
    bad = {
        "invalid": item("orders.place", {"items": []}, buyer.id),
        "unauthenticated": item("orders.place", {"items": [line(product)]}),
        "expired": placing(buyer, product, deadline=-5),
        "unknown_type": item("orders.rename", {}, buyer.id),
        "not_found": item("orders.cancel", {"id": str(uuid.uuid4())}, buyer.id),
    }
    items = good[:20] + list(bad.values()) + good[20:] + list(bad.values())[:0]
    replies = {reply["id"]: reply for reply in edge.call("orders.command", items)}
    assert len({replies[asked["id"]]["data"]["id"] for asked in good}) == 40
    for status, asked in bad.items():
        reply = replies[asked["id"]]
        assert reply["status"] == status and reply["detail"], reply
    assert [fault["field"] for fault in replies[bad["invalid"]["id"]]["errors"]] == ["items"]
    assert orders_of(stack, buyer) == 40


def test_reads_and_failures_in_one_message_do_not_mix_up(edge, new_product):
    products = [new_product() for _ in range(5)]
    asked = [item("products.get", {"id": product["id"]}) for product in products]
    strangers = [item("products.get", {"id": str(uuid.uuid4())}) for _ in range(5)]
    mixed = [request for pair in zip(asked, strangers) for request in pair]
    replies = edge.call("products.query", mixed)
    assert [reply["data"]["id"] for reply in replies[::2]] == [product["id"] for product in products]
    assert {reply["status"] for reply in replies[1::2]} == {"not_found"}


def test_a_repeated_request_gets_the_recorded_answer(stack, edge, new_customer, product):
    buyer = new_customer()
    asked = placing(buyer, product)
    first = edge.call("orders.command", asked)
    eventually(lambda: settled(edge, buyer, first["data"]["id"]))
    again = edge.call("orders.command", asked | {"time": timestamp(), "deadline": timestamp(20), "traceparent": "00-x"})
    assert again == first, "word for word, though the order has moved on"
    assert orders_of(stack, buyer) == 1


def test_a_repeated_id_with_another_body_is_refused(stack, edge, new_customer, product):
    buyer = new_customer()
    asked = placing(buyer, product)
    edge.call("orders.command", asked)
    other = item("orders.place", {"items": [line(product, 2)]}, buyer.id, item_id=asked["id"])
    assert edge.call("orders.command", other)["status"] == "key_reused"
    assert orders_of(stack, buyer) == 1


def test_the_same_id_of_somebody_else_does_not_get_the_answer(edge, new_customer, product):
    buyer, thief = new_customer(), new_customer()
    asked = placing(buyer, product)
    edge.call("orders.command", asked)
    reply = edge.call("orders.command", placing(thief, product, item_id=asked["id"]))
    assert reply["status"] == "key_reused" and "data" not in reply


def test_the_same_id_twice_in_one_message_is_done_once(stack, edge, new_customer, product):
    buyer = new_customer()
    asked = placing(buyer, product)
    edge.send("orders.command", [asked, placing(buyer, product), asked])
    replies = edge.collect(3)
    duplicates = [reply for reply in replies if reply["id"] == asked["id"]]
    assert len(duplicates) == 2 and duplicates[0] == duplicates[1] and duplicates[0]["status"] == "ok"
    assert orders_of(stack, buyer) == 2


def test_an_expired_request_is_not_done(stack, edge, new_customer, product):
    buyer = new_customer()
    assert edge.call("orders.command", placing(buyer, product, deadline=-0.001))["status"] == "expired"
    assert edge.call("orders.query", item("orders.list", {"limit": 1}, buyer.id, deadline=-60))["status"] == "expired"
    assert orders_of(stack, buyer) == 0


def test_a_request_that_expires_while_it_waits_for_a_lock_is_not_done(stack, edge, admin, product):
    """Another session locks the product's row until the deadline has passed."""
    asked = item("products.adjust_stock", {"id": product["id"], "delta": 5}, {"user_id": admin.id, "role": "admin"},
                 deadline=1.0)
    with stack.database("products") as hold:
        hold.execute("SELECT 1 FROM products WHERE id = %s FOR UPDATE", [product["id"]])
        edge.send("products.command", asked)
        eventually(lambda: stack.sql("products", "SELECT 1 FROM pg_locks WHERE NOT granted"))
        eventually(lambda: timestamp() > asked["deadline"])
    assert edge.collect(1)[0]["status"] in ("expired", "unavailable")
    assert stack.sql("products", "SELECT on_hand FROM products WHERE id = %s", product["id"]) == [(100,)]


def test_an_expired_request_can_be_repeated(edge, customer, product):
    late = placing(customer, product, deadline=-1)
    assert edge.call("orders.command", late)["status"] == "expired"
    assert edge.call("orders.command", late | {"deadline": timestamp(10)})["status"] == "ok"


@pytest.mark.parametrize("body", [b"", b"hello", b"[", b"[]", b"7", b"\xff\xfe", b'{"id":', b"[" * 5000, b"\x00"])
def test_a_request_that_cannot_be_read_gets_an_error_reply(edge, customer, product, body):
    mark = str(uuid.uuid4())
    edge.send("orders.command", body, correlation_id=mark)
    reply = edge.collect(1)[0]
    assert (reply["id"], reply["status"]) in ((mark, "malformed"), (mark, "invalid")), reply
    assert edge.call("orders.command", placing(customer, product))["status"] == "ok"


@pytest.mark.parametrize("field", ["id", "type", "time", "deadline"])
def test_a_request_without_what_it_needs_harms_no_neighbour(edge, customer, product, field):
    broken, whole = placing(customer, product), placing(customer, product)
    del broken[field]
    edge.send("orders.command", [broken, whole])
    replies = edge.collect(1 if field == "id" else 2)
    assert {reply["id"]: reply["status"] for reply in replies}[whole["id"]] == "ok"
    if field != "id":
        assert {reply["id"]: reply["status"] for reply in replies}[broken["id"]] == "invalid"


def test_no_message_holds_more_than_256_requests(edge, customer):
    def lists(count):
        return [item("orders.list", {"limit": 1}, customer.id) for _ in range(count)]

    assert {reply["status"] for reply in edge.call("orders.query", lists(256))} == {"ok"}
    edge.send("orders.query", lists(257))
    assert edge.collect(1)[0]["status"] == "malformed"


def test_a_request_in_the_wrong_consumer_is_not_done(stack, edge, new_customer, product):
    buyer = new_customer()
    assert edge.call("orders.query", placing(buyer, product))["status"] == "unknown_type"
    assert edge.call("users.command", placing(buyer, product))["status"] == "unknown_type"
    assert orders_of(stack, buyer) == 0


@pytest.mark.parametrize("user", ["svc-users", "svc-products", "svc-orders"])
def test_a_request_that_another_program_puts_into_the_queue_is_refused(stack, as_user, new_customer, product, user):
    """Services may publish to the default exchange, because replies need it; the consumer checks the sender."""
    buyer = new_customer()
    reply = as_user(user).call("orders.command", placing(buyer, product), exchange="")
    assert (reply["status"], reply["code"]) == ("forbidden", "wrong_sender")
    assert orders_of(stack, buyer) == 0


def test_a_request_without_a_sender_is_refused(stack, edge, new_customer, product):
    buyer = new_customer()
    reply = edge.call("orders.command", placing(buyer, product), user_id=None)
    assert (reply["status"], reply["code"]) == ("forbidden", "wrong_sender")
    assert orders_of(stack, buyer) == 0


def test_a_request_without_a_reply_queue_is_processed(stack, edge, new_customer, product):
    buyer = new_customer()
    edge.publish("rpc", "orders.command", placing(buyer, product), content_type="application/json")
    eventually(lambda: orders_of(stack, buyer) == 1)


def test_an_order_of_an_unknown_user_is_rejected(edge, product):
    class Nobody:
        id = str(uuid.uuid4())

    order = edge.call("orders.command", placing(Nobody, product))["data"]
    end = eventually(lambda: settled(edge, Nobody, order["id"]))
    assert (end["status"], end["reason"]["code"]) == ("rejected", "user_unknown")


@pytest.mark.parametrize("service, consumer, request_type, data", [
    ("svc-users", "users.query", "users.keys", {}),
    ("svc-products", "products.query", "products.list", {"limit": 1}),
    ("svc-orders", "orders.query", "orders.list", {"limit": 1}),
])
def test_a_service_comes_back_when_its_connections_are_ended_by_force(stack, edge, admin, service, consumer, request_type,
                                                                      data):
    pid = stack.pid(service)
    eventually(lambda: close_connections(stack, service) > 0)
    caller = {"user_id": admin.id, "role": "admin"}
    assert edge.call(consumer, item(request_type, data, caller))["status"] == "ok"
    eventually(lambda: stack.ready(service))
    assert stack.pid(service) == pid
