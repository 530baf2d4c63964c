"""The lifecycle of an order: its possible ends, its events, and the stock afterwards. Where an order must stay pending,
svc-products is stopped, and orders expire after two seconds."""
import uuid

import pytest

from harness.waiting import eventually
from harness.rest import TIME, ok, problem
from test_orders import stock_of


def timeline_of(client, order_id):
    """Checks the timeline, and returns its (program, event) pairs."""
    events = client.timeline(order_id)
    for event in events:
        assert set(event) == {"id", "type", "source", "time", "sequence", "data"}
        assert TIME.fullmatch(event["time"])
        assert event["data"]["order_id"] == order_id
    assert len({event["id"] for event in events}) == len(events)
    ours = [event["sequence"] for event in events if event["source"] == "/svc-orders"]
    assert ours == sorted(set(ours))
    return [(event["type"].removeprefix("comanda.").removesuffix(".v1"), event["source"]) for event in events]


PLACED, VERIFIED = ("order.placed", "/svc-orders"), ("user.verified", "/svc-users")
RESERVED, REFUSED = ("stock.reserved", "/svc-products"), ("stock.refused", "/svc-products")


def ended(how):
    return (f"order.{how}", "/svc-orders")


def cancel(client, order_id, **more):
    return client.call("POST", f"/orders/{order_id}/cancel", **more)


# ---- with all services there ----

@pytest.mark.sanitizer
def test_the_timeline_of_a_confirmed_order_is_complete(customer, product):
    order = ok(customer.place([(product, 2)], wait=10), 201)
    steps = timeline_of(customer, order["id"])
    assert steps[0] == PLACED and steps[-1] == ended("confirmed")
    assert sorted(steps[1:-1]) == [RESERVED, VERIFIED]
    last = customer.timeline(order["id"])[-1]["data"]
    assert (last["status"], last["total_cents"], last["items"]) == ("confirmed", 2 * 1890, order["items"])


def test_the_timeline_of_a_rejected_order_contains_the_reason(customer, new_product):
    order = problem(customer.place([(new_product(on_hand=0), 1)], wait=10), 409)["order"]
    steps = timeline_of(customer, order["id"])
    assert steps[0] == PLACED and steps[-1] == ended("rejected") and REFUSED in steps
    assert customer.timeline(order["id"])[-1]["data"]["reason"]["code"] == "out_of_stock"


def test_times_in_a_timeline_do_not_run_backwards_for_one_source(customer, product):
    order = ok(customer.place([(product, 1)], wait=10), 201)
    times = [event["time"] for event in customer.timeline(order["id"]) if event["source"] == "/svc-orders"]
    assert times == sorted(times)


def test_an_order_that_has_ended_cannot_be_cancelled(customer, admin, product, new_product):
    confirmed = ok(customer.place([(product, 1)], wait=10), 201)
    problem(cancel(customer, confirmed["id"]), 409, code="order_confirmed")
    rejected = problem(customer.place([(new_product(on_hand=0), 1)], wait=10), 409)["order"]
    problem(cancel(customer, rejected["id"]), 409, code="order_rejected")
    assert customer.order(confirmed["id"]) == confirmed
    assert customer.order(rejected["id"]) == rejected
    eventually(lambda: stock_of(admin, product) == (99, 0, 99))


def test_an_order_that_is_not_there_cannot_be_cancelled(api, customer):
    problem(cancel(customer, uuid.uuid4()), 404)
    problem(cancel(customer, "not-an-id"), 400)
    problem(cancel(api, uuid.uuid4()), 401)


# ---- while svc-products is away ----

@pytest.fixture(scope="module")
def waiting(stack, new_product):
    """A product whose orders stay pending and expire after two seconds."""
    product = new_product()
    stack.stop("svc-products")
    stack.restart("svc-orders", COMANDA_ORDER_DEADLINE="2s")
    yield product
    stack.start("svc-products")
    stack.restart("svc-orders")


@pytest.mark.slow
def test_an_order_that_is_still_pending_when_the_wait_is_over_is_accepted(customer, waiting):
    assert ok(customer.place([(waiting, 1)], wait=1), 202)["status"] == "pending"


@pytest.mark.slow
@pytest.mark.parametrize("body", [{}, {"json": {}}, {"data": b"{}", "headers": {"Content-Type": "application/json"}}])
def test_a_pending_order_is_cancelled_and_stays_so(customer, waiting, body):
    order = ok(customer.place([(waiting, 1)]), 202)
    cancelled = ok(cancel(customer, order["id"], **body))
    assert (cancelled["id"], cancelled["status"]) == (order["id"], "cancelled")
    assert cancelled["version"] > order["version"]
    assert ok(cancel(customer, order["id"])) == cancelled
    steps = timeline_of(customer, order["id"])
    assert steps[0] == PLACED and steps[-1] == ended("cancelled") and set(steps[1:-1]) <= {VERIFIED}


@pytest.mark.slow
def test_an_admin_cancels_for_a_customer(customer, admin, waiting):
    order = ok(customer.place([(waiting, 1)]), 202)
    assert ok(cancel(admin, order["id"]))["status"] == "cancelled"
    assert customer.order(order["id"])["status"] == "cancelled"


@pytest.mark.slow
def test_a_cancellation_takes_no_words(customer, waiting):
    order = ok(customer.place([(waiting, 1)]), 202)
    problem(cancel(customer, order["id"], json={"because": "too dear"}), 422, field="because")
    problem(cancel(customer, order["id"], data=b"{}", headers={"Content-Type": "text/plain"}), 415)


@pytest.mark.slow
def test_cancelling_again_with_the_same_key_gives_the_first_answer(customer, waiting):
    order, key = ok(customer.place([(waiting, 1)]), 202), {"Idempotency-Key": uuid.uuid4().hex}
    first = ok(cancel(customer, order["id"], headers=key))
    assert ok(cancel(customer, order["id"], headers=key)) == first


@pytest.mark.slow
def test_an_order_whose_deadline_passes_expires(customer, waiting):
    order = ok(customer.place([(waiting, 3)]), 202)
    expired = eventually(lambda: customer.is_settled(order["id"]))
    assert (expired["status"], expired["reason"]["code"]) == ("expired", "deadline")
    assert expired["reason"]["detail"]
    steps = timeline_of(customer, order["id"])
    assert steps == [PLACED, VERIFIED, ended("expired")]
    assert customer.timeline(order["id"])[-1]["data"]["status"] == "expired"
    problem(cancel(customer, order["id"]), 409, code="order_expired")


@pytest.mark.slow
def test_a_client_that_waits_gets_the_expired_order(customer, waiting):
    said = problem(customer.place([(waiting, 1)], wait=10), 409, code="order_expired")
    assert said["reason"]["code"] == "deadline" and said["order"]["status"] == "expired"


@pytest.mark.slow
def test_a_listed_order_shows_how_it_ended(customer, waiting):
    pending = ok(customer.place([(waiting, 1)]), 202)

    def listed(status):
        page = ok(customer.get("/orders", params={"status": status, "limit": 100}))
        assert all(order["status"] == status for order in page["items"])
        return [order["id"] for order in page["items"]]

    assert pending["id"] in listed("pending")
    ok(cancel(customer, pending["id"]))
    assert pending["id"] in listed("cancelled") and pending["id"] not in listed("pending")
    assert eventually(lambda: listed("expired"))


@pytest.mark.slow
def test_no_stock_is_held_for_orders_that_ended_while_products_was_away(stack, customer, admin, waiting):
    order = ok(customer.place([(waiting, 5)]), 202)
    eventually(lambda: customer.is_settled(order["id"]))
    stack.restart("svc-orders")
    stack.start("svc-products")
    after = eventually(lambda: confirmed_now(customer, waiting))
    assert customer.order(order["id"])["status"] == "expired"
    eventually(lambda: stock_of(admin, waiting) == (99, 0, 99))
    assert after["status"] == "confirmed"


def confirmed_now(customer, product):
    """Waits until a new order is confirmed: everything queued before it has been processed."""
    answer = customer.place([(product, 1)], wait=10)
    return answer.json() if answer.status_code == 201 else None
