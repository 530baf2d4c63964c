"""The log: one JSON line per event, documented fields, a level that a signal changes, no personal data."""
import os
import re
import signal
import uuid

import pytest

from harness.logs import lines, text
from harness.waiting import eventually
from harness.rest import ok
from harness.stack import PROGRAMS, ROOT

LINE = ("time", "level", "program", "event")


def documented():
    table = (ROOT / "docs" / "runbook.md").read_text().split("\n## Logs\n")[1].split("\n## ")[0]
    return {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)}


def written():
    """Field names in the sources."""
    names = {"thread", *LINE}
    for path in sorted(ROOT.glob("**/*.c")):
        if {"tests", "build", "ctl"} & set(path.parts):
            continue
        source = path.read_text()
        names |= set(re.findall(r'kv_(?:text|int|uuid)\("(\w+)"', source)) | set(re.findall(r'"(\w+_id)", +&\w+_schema\)', source))
    return names | {"subject"}


def test_every_field_is_documented():
    assert documented() == written()


@pytest.fixture
def debug_level(stack):
    """Sets the log level of each program to debug, and back afterwards."""
    for program in PROGRAMS:
        os.kill(stack.pid(program), signal.SIGUSR1)
    eventually(lambda: all(lines(stack, program)[-1]["level"] == "debug" or logged(stack, program, "log.level", least="debug")
                           for program in PROGRAMS))
    yield
    for program in PROGRAMS:
        os.kill(stack.pid(program), signal.SIGUSR2)
    eventually(lambda: all(logged(stack, program, "log.level", least="info") for program in PROGRAMS))


def logged(stack, program, event, **fields):
    return [line for line in lines(stack, program)
            if line["event"] == event and all(line.get(name) == value for name, value in fields.items())]


def test_a_signal_sets_the_debug_level_and_an_order_can_be_followed_through_all_programs(stack, customer, product, debug_level):
    trace = uuid.uuid4().hex
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Prefer": "wait=10", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    body = {"items": [{"product_id": product["id"], "quantity": 1}]}
    order = ok(customer.call("POST", "/orders", json=body, headers=headers), 201)["id"]
    assert eventually(lambda: logged(stack, "edge-http", "http.answer", trace_id=trace, http_status=201, path="/v1/orders"))
    for program, kind in (("svc-orders", "orders.place"), ("svc-users", "order.placed"), ("svc-products", "order.placed"),
                          ("svc-orders", "user.verified"), ("svc-orders", "stock.reserved"),
                          ("svc-products", "order.confirmed")):
        found = eventually(lambda: logged(stack, program, "message.handled", type=kind, trace_id=trace))
        assert [line["order_id"] for line in found] == [order], (program, kind, found)


def test_lines_have_only_documented_fields(stack, customer, product, debug_level):
    ok(customer.place([(product, 1)], wait=10), 201)
    known = documented()
    for program in PROGRAMS:
        for line in lines(stack, program):
            assert all(line[name] for name in LINE) and line["program"] == program
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["time"])
            assert line["event"] == "settings" or set(line) <= known, set(line) - known


def test_no_personal_data_is_logged_even_at_the_debug_level(stack, api, admin, new_customer, debug_level):
    customer = new_customer("Wilhelmine")
    email = customer.user["email"]
    grant = {"grant_type": "password", "email": email, "password": customer.password}
    token = ok(api.post("/auth/token", grant))
    api.post("/auth/token", grant | {"password": "wrong-" + customer.password})
    api.post("/users", {"email": email, "name": "Wilhelmine", "password": customer.password})
    api.post("/users", {"email": "no address", "name": "Wilhelmine", "password": "short"})
    admin.get(f"/users?email={email}")
    customer.patch(f"/users/{customer.id}", {"name": "Wilhelmine the Second"})
    eventually(lambda: logged(stack, "svc-users", "message.handled", type="users.change"))
    for program in PROGRAMS:
        whole = text(stack, program)
        for secret in (email, "Wilhelmine", customer.password, "no address", token["access_token"],
                       token["refresh_token"], stack["COMANDA_FIRST_ADMIN_EMAIL"]):
            assert secret not in whole, f"{program} logs {secret!r}"
