"""Orders: confirmation, every reason of a rejection, Prefer, and permissions."""
import time
import uuid

import pytest

from harness.waiting import SLOWNESS, eventually
from harness.rest import TIME, UUID, Client, ok, problem


def stock_of(admin, product):
    now = ok(admin.get(f"/products/{product['id']}"))
    return now["on_hand"], now["reserved"], now["available"]


def rejected(answer, code, product=None):
    """The order in a 409, with the reason of its rejection."""
    said = problem(answer, 409, code="order_rejected")
    assert said["reason"]["code"] == code and said["reason"]["detail"], said
    assert said["order"]["status"] == "rejected" and said["order"]["reason"] == said["reason"]
    if product is not None:
        assert said["reason"]["product_id"] == product["id"]
    return said["order"]


@pytest.mark.sanitizer
def test_an_order_is_accepted_and_then_confirmed(customer, admin, new_product):
    beans, pot = new_product(), new_product(name="Moka pot", price_cents=3450)
    answer = customer.place([(beans, 2), (pot, 1)], note="Ring twice")
    pending = ok(answer, 202)
    assert answer.headers["Location"] == f"/v1/orders/{pending['id']}"
    assert UUID.fullmatch(pending["id"]) and TIME.fullmatch(pending["created_at"])
    assert (pending["status"], pending["user_id"], pending["note"]) == ("pending", customer.id, "Ring twice")
    assert (pending["total_cents"], pending["currency"], "reason" in pending) == (None, None, False)
    assert pending["items"] == [
        {"product_id": beans["id"], "name": None, "quantity": 2, "unit_price_cents": None},
        {"product_id": pot["id"], "name": None, "quantity": 1, "unit_price_cents": None}]

    order = eventually(lambda: customer.is_settled(pending["id"]))
    assert (order["status"], order["total_cents"], order["currency"]) == ("confirmed", 2 * 1890 + 3450, "EUR")
    assert [(item["name"], item["quantity"], item["unit_price_cents"]) for item in order["items"]] == [
        ("Espresso beans, 1 kg", 2, 1890), ("Moka pot", 1, 3450)]
    assert order["version"] > pending["version"]
    eventually(lambda: stock_of(admin, beans) == (98, 0, 98))
    eventually(lambda: stock_of(admin, pot) == (99, 0, 99))


def test_prefer_wait_returns_the_confirmed_order(customer, product):
    answer = customer.place([(product, 1)], wait=10)
    order = ok(answer, 201)
    assert order["status"] == "confirmed" and order["total_cents"] == 1890
    assert answer.headers["Location"] == f"/v1/orders/{order['id']}"
    assert answer.headers["Preference-Applied"].startswith("wait")
    assert customer.order(order["id"]) == order


def test_an_order_is_confirmed_within_a_second(customer, product):
    customer.place([(product, 1)], wait=10)
    began = time.monotonic()
    ok(customer.place([(product, 1)], wait=10), 201)
    assert time.monotonic() - began < SLOWNESS


def test_an_unknown_product_is_a_reason(customer, product):
    nothing = {"id": str(uuid.uuid4())}
    order = rejected(customer.place([(product, 1), (nothing, 1)], wait=10), "product_unknown", nothing)
    assert customer.order(order["id"]) == order


def test_a_withdrawn_product_is_a_reason(customer, admin, product):
    ok(admin.delete(f"/products/{product['id']}"))
    rejected(customer.place([(product, 1)], wait=10), "product_withdrawn", product)


def test_too_little_stock_is_a_reason_and_holds_none_of_the_lines(customer, admin, new_product):
    plenty, few = new_product(), new_product(on_hand=2)
    rejected(customer.place([(plenty, 1), (few, 3)], wait=10), "out_of_stock", few)
    assert stock_of(admin, plenty) == (100, 0, 100)
    assert stock_of(admin, few) == (2, 0, 2)


def test_two_currencies_are_a_reason(customer, new_product):
    euros, dollars = new_product(), new_product(currency="USD")
    rejected(customer.place([(euros, 1), (dollars, 1)], wait=10), "mixed_currency")


def test_a_disabled_buyer_is_a_reason_and_the_goods_are_free_again(new_customer, admin, product):
    buyer = new_customer()
    ok(admin.delete(f"/users/{buyer.id}"))
    rejected(buyer.place([(product, 1)], wait=10), "user_disabled")
    eventually(lambda: stock_of(admin, product) == (100, 0, 100))


def test_an_unknown_buyer_is_a_reason(stack, admin, product):
    nobody = Client(stack.url, stack.token(uuid.uuid4()))
    rejected(nobody.place([(product, 1)], wait=10), "user_unknown")
    eventually(lambda: stock_of(admin, product) == (100, 0, 100))


def test_what_was_confirmed_before_its_buyer_was_disabled_stays_confirmed(new_customer, admin, product):
    buyer = new_customer()
    order = ok(buyer.place([(product, 1)], wait=10), 201)
    ok(admin.delete(f"/users/{buyer.id}"))
    assert ok(admin.get(f"/orders/{order['id']}"))["status"] == "confirmed"


def test_an_order_keeps_the_prices_of_the_time_it_was_placed(customer, admin, product):
    order = ok(customer.place([(product, 1)], wait=10), 201)
    ok(admin.patch(f"/products/{product['id']}", {"price_cents": 1, "name": "Cheap beans"}))
    assert customer.order(order["id"]) == order


def test_sales_do_not_change_the_version_that_people_edit(customer, admin, product):
    path = f"/products/{product['id']}"
    etag = admin.get(path).headers["ETag"]
    ok(customer.place([(product, 3)], wait=10), 201)
    eventually(lambda: stock_of(admin, product) == (97, 0, 97))
    ok(admin.patch(path, {"price_cents": 5}, headers={"If-Match": etag}))


def test_a_hundred_lines_and_the_largest_quantity_are_accepted(customer, new_product):
    products = [new_product(on_hand=10_000) for _ in range(100)]
    order = ok(customer.place([(product, 10_000) for product in products], wait=10, note="x" * 500), 201)
    assert order["total_cents"] == 100 * 10_000 * 1890
    assert [item["product_id"] for item in order["items"]] == [product["id"] for product in products]


@pytest.mark.parametrize("wait, status", [("wait=10", 201), ('respond-async, wait="5"', 201), ("WAIT=99", 201),
                                          ("wait=0", 202), ("wait=-1", 202), ("wait=soon", 202), ("hurry", 202)])
def test_a_preference_is_followed_where_it_makes_sense(customer, product, wait, status):
    body = {"items": [{"product_id": product["id"], "quantity": 1}]}
    headers = {"Idempotency-Key": uuid.uuid4().hex, "Prefer": wait}
    ok(customer.post("/orders", body, headers=headers), status)


# ---- who may ---- #

def test_only_signed_in_users_can_order(api, product):
    problem(api.place([(product, 1)]), 401)
    problem(api.get("/orders"), 401)


def test_other_customers_get_404(api, customer, stranger, admin, product):
    order = ok(customer.place([(product, 1)], wait=10), 201)
    for path in (f"/orders/{order['id']}", f"/orders/{order['id']}/timeline"):
        missing = problem(stranger.get(f"/orders/{uuid.uuid4()}{path[len('/orders/') + 36:]}"), 404)
        hidden = problem(stranger.get(path), 404)
        assert {**hidden, "instance": ""} == {**missing, "instance": ""}, "nobody can tell hidden from missing"
        problem(api.get(path), 401)
        ok(admin.get(path))
    problem(stranger.post(f"/orders/{order['id']}/cancel"), 404)
    assert customer.order(order["id"])["status"] == "confirmed"


# ---- bad orders ----

@pytest.mark.parametrize("items, field", [
    (None, "items"), ([], "items"), ({}, "items"), ("x", "items"), ([None], "items[0]"), ([7], "items[0]"),
    ([{}], "items[0].product_id"), ([{"product_id": "x", "quantity": 1}], "items[0].product_id"),
    ([{"product_id": "00000000-0000-0000-0000-000000000000", "quantity": 1}], "items[0].product_id"),
])
def test_lines_that_are_not_acceptable_are_named(customer, items, field):
    answer = customer.post("/orders", {"items": items}, headers={"Idempotency-Key": uuid.uuid4().hex})
    problem(answer, 422, field=field)


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 1.5, "1", None, True, [1], 1e300, 2**53, 2**64])
def test_a_quantity_is_a_whole_number_from_one_to_ten_thousand(customer, admin, product, quantity):
    problem(customer.place([(product, quantity)]), 422, field="items[0].quantity")
    assert stock_of(admin, product) == (100, 0, 100)


def test_a_hundred_and_one_lines_are_too_many(customer):
    lines = [{"product_id": str(uuid.uuid4()), "quantity": 1} for _ in range(101)]
    problem(customer.place(lines), 422, field="items")


def test_a_product_stands_in_one_line_only(customer, new_product):
    first, second = new_product(), new_product()
    problem(customer.place([(first, 1), (second, 1), (first, 2)]), 422, field="items[2].product_id")


def test_a_field_unknown_to_the_edge_is_refused(customer, product):
    line = {"product_id": product["id"], "quantity": 1, "unit_price_cents": 1}
    problem(customer.place([line]), 422, field="items[0].unit_price_cents")
    problem(customer.place([(product, 1)], user_id=str(uuid.uuid4())), 422, field="user_id")
    problem(customer.place([(product, 1)], note="x" * 501), 422, field="note")
