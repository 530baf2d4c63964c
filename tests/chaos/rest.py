"""A REST client that retries: a request without an answer, or answered 503 or 504, is sent again unchanged."""
import random
import re
import threading
import time

import requests

from harness.rest import Client

AGAIN = (429, 503, 504)
PLACE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


class GaveUp(Exception):
    """The run has ended before the request was answered."""


class RestClient:
    """The edges, the records of answers, and the end of all retries."""

    def __init__(self, stack, records):
        self.stack, self.records = stack, records
        self.lock = threading.Lock()
        self.urls = [stack.url]
        self.give_up = threading.Event()

    def add(self, url):
        with self.lock:
            self.urls.append(url)

    def remove(self, url):
        with self.lock:
            self.urls.remove(url)

    def url(self):
        with self.lock:
            return random.choice(self.urls or [self.stack.url])

    def client(self, user_id=None, role="customer"):
        return Client(self.stack.url, user_id and self.stack.token(user_id, role, lifetime=86400), {"id": user_id})

    def once(self, client, method, path, **more):
        """Sends once. None without an answer."""
        start = time.monotonic()
        at = Client(self.url(), client.token)
        try:
            answer = at.call(method, path, timeout=15, **more)
        except requests.RequestException:
            answer = None
        status = 0 if answer is None else answer.status_code
        retry_after = answer.headers.get("Retry-After") if answer is not None else None
        what = f"{method} {PLACE.sub('…', path)}"
        self.records.answered(what, status, time.monotonic() - start, retry_after)
        if status >= 500:
            self.records.failed(what, status, answer.text)
        return answer

    def call(self, client, method, path, **more):
        """Retries until the request is answered."""
        pause = 0.1
        while True:
            answer = self.once(client, method, path, **more)
            if answer is not None and answer.status_code not in AGAIN:
                return answer
            if self.give_up.wait(pause * random.uniform(0.5, 1.0)):
                raise GaveUp(f"{method} {path}")
            pause = min(pause * 2, 1.0)
            self.records.repeats += 1
