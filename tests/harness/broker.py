"""A client of the broker with one account: requests, events and dead letters as docs/reference/messages.md describes them."""
import contextlib
import json
import time
import uuid
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, urlsplit

import pika

from harness.waiting import SLOWNESS, eventually


def timestamp(seconds=0.0):
    """The time in so many seconds (RFC 3339)."""
    at = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def item(kind, data, caller=None, deadline=10.0, item_id=None):
    """One request. `caller`: a user's id, or a caller object."""
    made = {"id": item_id or str(uuid.uuid4()), "type": kind, "time": timestamp(), "deadline": timestamp(deadline),
            "data": data}
    if caller is not None:
        made["caller"] = caller if isinstance(caller, dict) else {"user_id": caller, "role": "customer"}
    return made


def event(name, source, subject, data, event_id=None, sequence=2):
    return {"specversion": "1.0", "id": event_id or str(uuid.uuid4()), "type": f"comanda.{name}.v1",
            "source": f"/{source}", "subject": subject, "time": timestamp(), "sequence": sequence,
            "causationid": str(uuid.uuid4()), "datacontenttype": "application/json", "data": data}


def order_event(name, order_id, product, status):
    """An event of svc-orders about an order of two pieces."""
    line = {"product_id": product["id"], "name": None, "quantity": 2, "unit_price_cents": None}
    data = {"order_id": order_id, "user_id": str(uuid.uuid4()), "status": status, "items": [line], "total_cents": None,
            "currency": None, "created_at": timestamp(), "expires_at": timestamp(60)}
    return event(name, "svc-orders", order_id, data, sequence=1)


class Broker:
    """A connection as one user; publishes are confirmed."""

    def __init__(self, url):
        self.user = urlsplit(url).username
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.replies = None

    def close(self):
        """Closes the connection, and ignores that it may be closed already."""
        with contextlib.suppress(pika.exceptions.AMQPError):
            self.connection.close()

    def publish(self, exchange, key, body, **properties):
        properties.setdefault("user_id", self.user)
        if not isinstance(body, bytes):
            body = json.dumps(body, separators=(",", ":")).encode()
        self.channel.basic_publish(exchange, key, body, pika.BasicProperties(**properties))

    # ---- requests ----

    def send(self, consumer, items, exchange="rpc", **properties):
        """Sends requests in one message; `collect` returns the replies."""
        if self.replies is None:
            self.replies = []
            self.channel.basic_consume("amq.rabbitmq.reply-to", self._take, auto_ack=True)
        first = items[0] if isinstance(items, list) else items if isinstance(items, dict) else {}
        if isinstance(first, dict):
            properties.setdefault("correlation_id", first.get("id"))
            properties.setdefault("type", first.get("type"))
        self.publish(exchange, consumer, items, content_type="application/json", reply_to="amq.rabbitmq.reply-to",
                     **properties)

    def _take(self, _channel, _method, _properties, body):
        read = json.loads(body)
        self.replies += read if isinstance(read, list) else [read]

    def collect(self, count, timeout=10):
        """The next `count` replies."""
        until = time.monotonic() + timeout * SLOWNESS
        while len(self.replies) < count and time.monotonic() < until:
            self.connection.process_data_events(time_limit=0.05)
        assert len(self.replies) >= count, f"{len(self.replies)} replies, not {count}, in {timeout * SLOWNESS} s"
        taken, self.replies = self.replies[:count], self.replies[count:]
        return taken

    def call(self, consumer, items, **more):
        """Sends requests and returns their replies: a list in the same order, or one reply."""
        self.send(consumer, items, **more)
        if isinstance(items, dict):
            return self.collect(1)[0]
        replies = {reply["id"]: reply for reply in self.collect(len(items))}
        return [replies[asked["id"]] for asked in items]

    # ---- events ----

    def publish_events(self, events, key=None, exchange="events"):
        """Publishes one event, or a list as a batch."""
        many = isinstance(events, list)
        name = (events[0] if many else events)["type"].removeprefix("comanda.").rsplit(".", 1)[0]
        properties = {} if many else {"message_id": events["id"], "correlation_id": events["data"].get("order_id")}
        self.publish(exchange, key or name, events, type=name, delivery_mode=2,
                     content_type=f"application/cloudevents{'-batch' if many else ''}+json", **properties)

    # ---- queues ----

    def subscribe(self, exchange, key):
        """Binds an exclusive queue and returns its name."""
        queue = self.channel.queue_declare("", exclusive=True).method.queue
        self.channel.queue_bind(queue, exchange, key)
        return queue

    def take(self, queue):
        """Takes the next message out of a queue: (method, properties, body), or None."""
        method, properties, body = self.channel.basic_get(queue, auto_ack=True)
        return (method, properties, body) if method else None

    def dead(self, service, fits, timeout=10):
        """Waits for a dead letter whose body fits, and takes it out: (headers, properties, body)."""
        passed_over = []

        def look():
            while (found := self.take(f"{service}.dead")) is not None:
                if fits(found[2]):
                    return found[1].headers, found[1], found[2]
                passed_over.append(found[2])
            raise AssertionError(f"no such dead letter in {service}.dead; others there: {passed_over}")

        return eventually(look, timeout)


def close_connections(stack, user):
    """Closes all connections of an account through the management API. Returns their number."""
    ended = 0
    for connection in stack.management("GET", "connections").json():
        if connection.get("user") == user:
            path = f"connections/{quote(connection['name'], safe='')}"
            ended += stack.management("DELETE", path, headers={"X-Reason": "a test"}).status_code == 204
    return ended
