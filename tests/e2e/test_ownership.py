"""Permissions: every route × {anonymous, another customer, the owner, an admin}. The tests ask the edge, and also the service
directly, as if the edge admitted everyone."""
import subprocess
import uuid
from pathlib import Path

import pytest

from harness.broker import Broker, item
from harness.rest import ok

# The documented permissions. The edge's own table (edge-http --routes) must be equal, and both must be enforced.
PROMISED = {
    "POST /v1/users": "anyone",
    "GET /v1/users": "admin",
    "GET /v1/users/{id}": "owner-or-admin",
    "PATCH /v1/users/{id}": "owner-or-admin",
    "DELETE /v1/users/{id}": "owner-or-admin",
    "POST /v1/auth/token": "anyone",
    "POST /v1/auth/logout": "signed-in",
    "GET /.well-known/jwks.json": "anyone",
    "GET /v1/products": "anyone",
    "POST /v1/products": "admin",
    "GET /v1/products/{id}": "anyone",
    "PATCH /v1/products/{id}": "admin",
    "DELETE /v1/products/{id}": "admin",
    "POST /v1/products/{id}/stock": "admin",
    "POST /v1/orders": "signed-in",
    "GET /v1/orders": "signed-in",
    "GET /v1/orders/{id}": "owner-or-admin",
    "GET /v1/orders/{id}/timeline": "owner-or-admin",
    "POST /v1/orders/{id}/cancel": "owner-or-admin",
}
CALLERS = ("nobody", "stranger", "owner", "admin")
REFUSED = {  # by rule and caller; other calls are admitted
    ("signed-in", "nobody"): 401,
    ("owner-or-admin", "nobody"): 401,
    ("owner-or-admin", "stranger"): "not yours",
    ("admin", "nobody"): 401,
    ("admin", "stranger"): 403,
    ("admin", "owner"): 403,
}
NOT_YOURS = {"users": 403, "orders": 404}  # strangers do not learn that the order exists
COMES_LATE = {"POST /v1/orders/{id}/cancel": {409}}  # the order was confirmed meanwhile: admitted, but too late
STATUS = {409: "conflict", 401: "unauthenticated", 403: "forbidden", 404: "not_found"}


class Shop:
    """The resources of one call. Each call has new ones."""

    def __init__(self, new_customer, new_product, owner):
        self.new_customer, self.new_product, self.owner = new_customer, new_product, owner

    def subject(self, path, method):
        """The id in the path, and its owner."""
        if "/users/" in path:
            owner = self.new_customer() if method == "DELETE" else self.owner
            return owner.id, owner
        if "/orders/" in path:
            order = ok(self.owner.place([(self.new_product(), 1)]), 202)
            return order["id"], self.owner
        return (self.new_product()["id"] if "{id}" in path else None), self.owner

    def body(self, route):
        fresh = uuid.uuid4().hex
        return {
            "POST /v1/users": lambda: {"email": f"{fresh}@example.org", "name": "New", "password": "long enough"},
            "PATCH /v1/users/{id}": lambda: {"name": f"Name {fresh}"},
            "POST /v1/auth/token": lambda: {"grant_type": "password", "email": self.owner.user["email"],
                                            "password": self.owner.password},
            "POST /v1/auth/logout": lambda: {},
            "POST /v1/products": lambda: {"sku": fresh, "name": "X", "price_cents": 1, "currency": "EUR"},
            "PATCH /v1/products/{id}": lambda: {"name": f"Name {fresh}"},
            "POST /v1/products/{id}/stock": lambda: {"delta": 1},
            "POST /v1/orders": lambda: {"items": [{"product_id": self.new_product()["id"], "quantity": 1}]},
            "POST /v1/orders/{id}/cancel": lambda: {},
        }.get(route, lambda: None)()


@pytest.fixture(scope="module")
def table(stack):
    """The rows of edge-http's own table: route → (who, message, consumer)."""
    shown = subprocess.run([Path(stack["COMANDA_BIN"]) / "edge-http", "--routes"], capture_output=True, text=True,
                           check=True).stdout
    rows = [line.split() for line in shown.splitlines()]
    return {f"{method} {path}": (who, message, consumer) for method, path, who, message, consumer in rows}


@pytest.fixture(scope="module")
def shop(new_customer, new_product):
    return Shop(new_customer, new_product, new_customer("Owner"))


@pytest.fixture(scope="module")
def edge(stack):
    broker = Broker(stack["COMANDA_BROKER_URL_EDGE_HTTP"])
    yield broker
    broker.close()


def expected(route, caller):
    """None: admitted."""
    refused = REFUSED.get((PROMISED[route], caller))
    return NOT_YOURS[route.split("/")[2]] if refused == "not yours" else refused


def client_of(caller, owner, api, stranger, admin):
    return {"nobody": api, "stranger": stranger, "owner": owner, "admin": admin}[caller]


def test_the_table_of_routes_equals_the_documented_one(table):
    assert {route: who for route, (who, _, _) in table.items()} == PROMISED


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", PROMISED)
def test_the_edge_admits_the_roles_of_the_table(shop, api, stranger, admin, route, caller):
    method, path = route.split()
    subject, owner = shop.subject(path, method)
    body = shop.body(route)
    headers = {"Idempotency-Key": uuid.uuid4().hex} if route == "POST /v1/orders" else {}
    answer = client_of(caller, owner, api, stranger, admin).call(
        method, path.removeprefix("/v1").replace("{id}", str(subject)), json=body, headers=headers)
    wanted = expected(route, caller)
    if wanted is None:
        assert answer.status_code < 300 or answer.status_code in COMES_LATE.get(route, ()), answer.text
    else:
        assert answer.status_code == wanted, answer.text
        assert str(owner.user["email"]) not in answer.text, "a refusal says nothing of what it protects"


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", PROMISED)
def test_the_service_behind_it_refuses_by_itself(shop, table, edge, stranger, admin, route, caller):
    method, path = route.split()
    _, message, consumer = table[route]
    subject, owner = shop.subject(path, method)
    data = dict(shop.body(route) or {})
    data.pop("grant_type", None)
    if subject is not None:
        data["id"] = subject
    if method == "GET" and "{id}" not in path and "jwks" not in path:
        data["limit"] = 20
    client = client_of(caller, owner, None, stranger, admin)
    who = None if client is None else {"user_id": client.id, "role": "admin" if client is admin else "customer"}
    reply = edge.call(consumer, item(message, data, who))
    wanted = expected(route, caller)
    late = [STATUS[status] for status in COMES_LATE.get(route, ()) if wanted is None]
    assert reply["status"] in [STATUS[wanted] if wanted else "ok", *late], reply
    assert wanted is None or "data" not in reply


def test_a_list_of_orders_holds_ones_own(shop, stranger, admin):
    order = ok(shop.owner.place([(shop.new_product(), 1)]), 202)["id"]

    def listed(client, **params):
        return [found["id"] for found in ok(client.get("/orders", params={"limit": 100} | params))["items"]]

    assert order in listed(shop.owner) and order not in listed(stranger)
    assert order in listed(admin, user_id=shop.owner.id)
    assert stranger.get("/orders", params={"user_id": shop.owner.id}).status_code == 403


def test_a_token_older_than_a_demotion_opens_nothing_that_an_admin_alone_may(stack, edge, new_customer, stranger):
    """The edge trusts the role in a token until it expires; the service checks the account itself."""
    demoted = new_customer("Demoted")
    who = {"user_id": demoted.id, "role": "admin"}
    for message, data in (("users.change", {"id": stranger.id, "role": "admin"}),
                          ("users.disable", {"id": stranger.id})):
        assert edge.call("users.command", item(message, data, who))["status"] == "forbidden"


def test_of_two_admins_who_demote_each_other_one_is_left(stack, edge, admin, new_customer):
    for _ in range(3):
        pair = [new_customer("Admin") for _ in range(2)]
        for one in pair:
            ok(admin.patch(f"/users/{one.id}", {"role": "admin"}))
        asked = [item("users.change", {"id": other.id, "role": "customer"}, {"user_id": one.id, "role": "admin"})
                 for one, other in (pair, reversed(pair))]
        replies = edge.call("users.command", asked)
        assert sorted(reply["status"] for reply in replies) == ["forbidden", "ok"]
