"""A client of the REST API, with checks that apply to every answer."""
import re
import threading
import uuid

import requests

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SETTLED = ("confirmed", "rejected", "expired", "cancelled")

_threads = threading.local()


def _session():
    """One connection per thread, for all users, because each connection can hold a worker of the edge."""
    if not hasattr(_threads, "session"):
        _threads.session = requests.Session()
        _threads.session.trust_env = False
    return _threads.session


class Client:
    """A client with an access token and its user."""

    def __init__(self, url, token=None, user=None, password=None):
        self.url, self.token, self.user, self.password = url, token, user or {}, password

    @property
    def id(self):
        return self.user["id"]

    def call(self, method, path, *, headers=None, timeout=30, **more):
        sent = dict(headers or {})
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        path = path if path.startswith("/.well-known") else f"/v1{path}"
        try:
            return _session().request(method, self.url + path, headers=sent, timeout=timeout, **more)
        except requests.ConnectionError:
            _threads.session.close()
            del _threads.session
            raise

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, json=body, **more)

    def patch(self, path, body=None, **more):
        return self.call("PATCH", path, json=body, **more)

    def delete(self, path, **more):
        return self.call("DELETE", path, **more)

    # ---- orders ----

    def place(self, items, key=None, wait=None, **more):
        """POST /v1/orders. `items`: a list of lines, or of (product, quantity)."""
        lines = [{"product_id": line[0]["id"], "quantity": line[1]} if isinstance(line, tuple) else line
                 for line in items]
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return self.post("/orders", {"items": lines, **more}, headers=headers)

    def order(self, order_id):
        answer = self.get(f"/orders/{order_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def is_settled(self, order_id):
        """The order once it has ended; None before."""
        order = self.order(order_id)
        return order if order["status"] in SETTLED else None

    def timeline(self, order_id):
        answer = self.get(f"/orders/{order_id}/timeline")
        assert answer.status_code == 200, answer.text
        return answer.json()["events"]


def is_served(client):
    """Whether the edge serves a signed-in user. Readiness requires less, so that the edge stays in a balancer."""
    try:
        return client.get(f"/users/{client.id}").status_code == 200
    except requests.ConnectionError:
        return False


def ok(answer, status=200):
    """The body of an answer that is no problem."""
    assert answer.status_code == status, f"{answer.status_code}, not {status}: {answer.text[:600]}"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Request-Id"]
    return answer.json()


def problem(answer, status, code=None, field=None):
    """The problem of an answer, with all its fields checked (RFC 9457)."""
    assert answer.status_code == status, f"{answer.status_code}, not {status}: {answer.text[:600]}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-Id"]
    body = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= set(body), body
    assert body["status"] == status
    assert body["title"] and body["detail"] and body["code"]
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if status == 503:
        assert int(answer.headers["Retry-After"]) >= 0
    if code is not None:
        assert body["code"] == code, body
    if field is not None:
        fields = [error["field"] for error in body.get("errors", [])]
        assert field in fields, f"{field} is not among the faults: {body}"
        assert all(error["message"] for error in body["errors"])
    return body


def pages(client, path, limit, between=lambda: None, last=None):
    """All items of a list, page by page, to its end or to the page with the id `last`. `between` runs between two pages."""
    items, cursor = [], None
    while True:
        params = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = ok(client.get(path, params=params))
        assert set(page) == {"items", "next"} and len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
        if cursor is None or last in [item["id"] for item in page["items"]]:
            return items
        assert page["items"], "a page without items has a next one"
        between()
