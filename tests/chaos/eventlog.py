"""Reads the stream events.log as it grows."""
import json
import threading
import time

import pika


class EventLog:
    def __init__(self, stack):
        self.stack = stack
        self.lock = threading.Lock()
        self.texts = {}        # event id -> its JSON, as first read
        self.copies = 0        # number of repeated events
        self.different = []    # ids with different contents
        self.next = "first"    # next offset to read
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        self.ending.set()
        self.thread.join(15)

    def events(self):
        """All events, each once, in the order of the log."""
        with self.lock:
            texts = list(self.texts.values())
        return [json.loads(text) for text in texts]

    def run(self):
        while not self.ending.is_set():
            try:
                self.read()
            except (pika.exceptions.AMQPError, OSError):
                time.sleep(0.5)

    def read(self):
        parameters = pika.URLParameters(self.stack["COMANDA_BROKER_URL"])
        parameters.heartbeat, parameters.socket_timeout, parameters.blocked_connection_timeout = 5, 5, 5
        connection = pika.BlockingConnection(parameters)
        try:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=200)
            for method, properties, body in channel.consume("events.log", arguments={"x-stream-offset": self.next},
                                                            inactivity_timeout=0.3):
                if self.ending.is_set():
                    return
                if method is None:
                    continue
                self.take(body)
                self.next = properties.headers["x-stream-offset"] + 1
                channel.basic_ack(method.delivery_tag)
        finally:
            if connection.is_open:
                connection.close()

    def take(self, body):
        try:
            read = json.loads(body)
        except ValueError:
            return
        for event in read if isinstance(read, list) else [read]:
            if not is_event(event):
                continue
            text = json.dumps(event)
            with self.lock:
                first = self.texts.setdefault(event["id"], text)
            if first is not text:
                self.copies += 1
                if meaning(json.loads(first)) != meaning(event):
                    self.different.append(event["id"])


def is_event(read):
    """Other suites publish other messages there."""
    return isinstance(read, dict) and isinstance(read.get("data"), dict) and {"id", "type", "subject"} <= read.keys()


def meaning(event):
    """The part that is equal in every copy of an event. The time is that of the decision, which may run twice."""
    return {name: value for name, value in event.items() if name not in ("time", "traceparent")}


def order_of(event):
    """The id of the event's order, or None."""
    if event["type"].startswith("comanda.order."):
        return event["subject"]
    return event["data"].get("order_id")
