"""The broker's part: permissions, topology, and the operator's view of messages."""
import json
import uuid
from datetime import datetime, timedelta

import pika
import pytest

from harness.broker import event
from harness.waiting import eventually
from harness.rest import ok

VHOST = "comanda"


def refuses(broker, action, code):
    """Expects that the broker closes the channel with this code (AMQP 0-9-1)."""
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as closed:
        action()
    assert closed.value.reply_code == code, closed.value


ACCESS_REFUSED, PRECONDITION_FAILED = 403, 406


@pytest.mark.sanitizer
@pytest.mark.parametrize("user, other", [("edge-http", "svc-users"), ("svc-users", "svc-orders"),
                                         ("svc-products", "svc-users"), ("svc-orders", "edge-http")])
def test_no_account_publishes_in_anothers_name(as_user, user, other):
    broker = as_user(user)
    exchange, key = {"edge-http": ("rpc", "users.query"), "svc-users": ("events", "user.verified"),
                     "svc-products": ("events", "stock.sold"), "svc-orders": ("events", "order.placed")}[user]
    refuses(broker, lambda: broker.publish(exchange, key, b"{}", user_id=other), PRECONDITION_FAILED)


@pytest.mark.parametrize("user, key", [
    ("svc-users", "order.placed"), ("svc-users", "stock.reserved"), ("svc-users", "users.verified"),
    ("svc-products", "user.verified"), ("svc-products", "order.confirmed"), ("svc-orders", "stock.reserved"),
    ("svc-orders", "user.refused"), ("svc-orders", "orders.placed"), ("svc-orders", "x.order.placed"),
])
def test_no_account_publishes_events_of_others(as_user, user, key):
    broker = as_user(user)
    refuses(broker, lambda: broker.publish("events", key, b"{}"), ACCESS_REFUSED)


@pytest.mark.parametrize("user, exchange", [("edge-http", "events"), ("edge-http", "dead"), ("edge-http", ""),
                                            ("svc-users", "rpc"), ("svc-products", "rpc"), ("svc-orders", "rpc"),
                                            ("svc-orders", "amq.topic")])
def test_no_program_publishes_to_exchanges_of_others(as_user, user, exchange):
    broker = as_user(user)
    refuses(broker, lambda: broker.publish(exchange, "orders.command", b"{}"), ACCESS_REFUSED)


@pytest.mark.parametrize("user, queue", [("edge-http", "orders.command"), ("edge-http", "events.log"),
                                         ("svc-users", "orders.events"), ("svc-products", "users.password"),
                                         ("svc-orders", "products.events"), ("svc-users", "events.log")])
def test_no_account_reads_queues_of_others(as_user, user, queue):
    broker = as_user(user)
    refuses(broker, lambda: broker.channel.basic_get(queue), ACCESS_REFUSED)


@pytest.mark.parametrize("user", ["edge-http", "svc-users", "svc-products", "svc-orders"])
def test_no_program_may_make_or_unmake_anything(as_user, user):
    own = "orders.events" if user == "edge-http" else f"{user.removeprefix('svc-')}.events"
    for attempt in (lambda channel: channel.queue_declare(f"x.{uuid.uuid4()}"),
                    lambda channel: channel.queue_delete(own),
                    lambda channel: channel.exchange_declare("x", "fanout"),
                    lambda channel: channel.exchange_delete("events"),
                    lambda channel: channel.queue_unbind(own, "events", "order.placed")):
        broker = as_user(user)
        refuses(broker, lambda: attempt(broker.channel), ACCESS_REFUSED)


# ---- topology ----

def verify(stack):
    return stack.dev("ctl", "topology", "verify", check=False)


def test_the_topology_is_as_the_table_says(stack):
    done = verify(stack)
    assert done.returncode == 0, done.stdout + done.stderr


def test_verify_finds_a_binding_that_is_gone_and_apply_puts_it_back(stack, operator):
    operator.channel.queue_unbind("users.events", "events", "order.placed")
    try:
        done = verify(stack)
        assert done.returncode == 1
        assert "users.events" in done.stdout and "order.placed" in done.stdout
    finally:
        stack.dev("ctl", "topology", "apply")
    assert verify(stack).returncode == 0


def test_verify_finds_what_should_not_be_there(stack, operator):
    operator.channel.queue_bind("users.events", "events", "user.gossip")
    try:
        done = verify(stack)
        assert done.returncode == 1 and "user.gossip" in done.stdout
    finally:
        operator.channel.queue_unbind("users.events", "events", "user.gossip")
    assert verify(stack).returncode == 0


def test_verify_finds_a_right_that_is_too_wide(stack):
    path = f"permissions/{VHOST}/svc-users"
    before = stack.management("GET", path).json()
    wide = {name: before[name] for name in ("configure", "write", "read")} | {"read": ".*"}
    assert stack.management("PUT", path, json=wide).ok
    try:
        done = verify(stack)
        assert done.returncode == 1 and "svc-users" in done.stdout
    finally:
        stack.dev("ctl", "topology", "apply")
    assert stack.management("GET", path).json() == before
    assert verify(stack).returncode == 0


def test_apply_does_nothing_to_what_is_there_already(stack, operator):
    mark = uuid.uuid4().hex.encode()
    operator.publish("", "users.dead", mark, delivery_mode=2)
    stack.dev("ctl", "topology", "apply")
    operator.dead("users", lambda body: body == mark)


def queues(stack):
    return {queue["name"]: queue for queue in stack.management("GET", f"queues/{VHOST}").json()}


def test_queues_are_of_the_kind_that_their_messages_need(stack):
    found = queues(stack)
    for service in ("users", "products", "orders"):
        for consumer in ("query", "command"):
            assert found[f"{service}.{consumer}"]["type"] == "classic"
            assert found[f"{service}.{consumer}"]["effective_policy_definition"]["overflow"] == "reject-publish"
        events = found[f"{service}.events"]
        assert events["type"] == "quorum" and events["effective_policy_definition"] == {"delivery-limit": 20}
        assert events["arguments"]["x-dead-letter-strategy"] == "at-least-once"
        assert events["arguments"]["x-dead-letter-routing-key"] == f"{service}.dead"
        assert found[f"{service}.dead"]["type"] == "quorum"
    assert found["events.log"]["type"] == "stream" and found["users.password"]["type"] == "classic"
    assert {name for name in found if not name.startswith("amq.gen")} == {
        *(f"{service}.{consumer}" for service in ("users", "products", "orders")
          for consumer in ("query", "command", "events", "dead")), "users.password", "events.log"}


# ---- the operator's view ----

def received(operator, queue, subject, wanted):
    """Events of an order up to `wanted`: {name: (properties, event)}."""
    found = {}

    def listen():
        while (message := operator.take(queue)) is not None:
            read = json.loads(message[2])
            for published in read if isinstance(read, list) else [read]:
                if subject in (published["subject"], published["data"].get("order_id")):
                    found[published["type"].removeprefix("comanda.").removesuffix(".v1")] = (message, published)
        return wanted in found

    eventually(listen)
    return found


@pytest.mark.sanitizer
def test_each_step_of_an_order_is_an_event_that_reads_well(stack, operator, customer, product):
    queue = operator.subscribe("events", "#")
    order = ok(customer.place([(product, 2)], wait=10), 201)
    found = received(operator, queue, order["id"], "stock.sold")
    assert set(found) == {"order.placed", "user.verified", "stock.reserved", "order.confirmed", "stock.sold"}
    for name, ((method, properties, _), published) in found.items():
        assert method.routing_key == name and method.exchange == "events"
        assert published["specversion"] == "1.0"
        assert published["source"] == f"/{properties.user_id}", "the broker vouches for the producer"
        assert properties.delivery_mode == 2
        if properties.content_type == "application/cloudevents+json":
            assert properties.message_id == published["id"] and properties.correlation_id == order["id"]
        else:
            assert properties.content_type == "application/cloudevents-batch+json"
    caused = {name: published["causationid"] for name, (_, published) in found.items()}
    ids = {name: published["id"] for name, (_, published) in found.items()}
    assert caused["user.verified"] == caused["stock.reserved"] == ids["order.placed"]
    assert caused["stock.sold"] == ids["order.confirmed"]
    assert len({published["traceparent"][:35] for _, published in found.values()}) == 1, "one trace from the call to the end"
    sold = found["stock.sold"][1]["data"]["stock"]
    assert sold == [{"product_id": product["id"], "on_hand": 98, "reserved": 0, "sequence": sold[0]["sequence"]}]


def test_no_event_contains_a_credential(operator, api):
    queue = operator.subscribe("events", "user.#")
    email, password = f"{uuid.uuid4().hex}@example.org", f"secret-{uuid.uuid4().hex}"
    user = ok(api.post("/users", {"email": email, "name": "Ada", "password": password}), 201)
    (_, _, body), published = received(operator, queue, user["id"], "user.registered")["user.registered"]
    assert published["data"] == user
    assert password.encode() not in body and b"argon2" not in body


def test_the_log_keeps_every_event(operator, customer, product):
    since = datetime.utcnow() - timedelta(seconds=5)
    order = ok(customer.place([(product, 1)], wait=10), 201)
    wanted = {"order.placed", "user.verified", "stock.reserved", "order.confirmed"}
    operator.channel.basic_qos(prefetch_count=500)
    read = set()

    def take(channel, method, properties, body):
        channel.basic_ack(method.delivery_tag)
        if order["id"].encode() in body:
            read.add(method.routing_key)

    reading = operator.channel.basic_consume("events.log", take, arguments={"x-stream-offset": since})

    def all_read():
        operator.connection.process_data_events(time_limit=0.1)
        return wanted <= read

    eventually(all_read, timeout=30)
    operator.channel.basic_cancel(reading)


def test_an_event_without_a_subscriber_goes_only_to_the_log(stack, as_user, operator):
    """No queue is bound to users.*: such an event is dropped without an error."""
    before = {name: queue.get("messages", 0) for name, queue in queues(stack).items() if name.endswith(".dead")}
    as_user("svc-users").publish_events(event("user.praised", "svc-users", str(uuid.uuid4()), {}))
    assert {name: queue.get("messages", 0) for name, queue in queues(stack).items()
            if name.endswith(".dead")} == before
