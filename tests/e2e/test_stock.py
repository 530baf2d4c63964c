"""Stock is never oversold and never lost: on_hand = initial + adjustments - sold, available = on_hand - reserved."""
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.waiting import eventually
from harness.rest import ok, problem
from test_orders import stock_of


def confirms(answers):
    """The number of confirmed orders, and the reasons of the others."""
    confirmed = [answer.json() for answer in answers if answer.status_code == 201]
    reasons = [problem(answer, 409)["reason"]["code"] for answer in answers if answer.status_code != 201]
    return confirmed, reasons


@pytest.mark.sanitizer
def test_of_many_buyers_of_the_last_item_exactly_one_gets_it(new_customer, admin, new_product):
    buyers = [new_customer() for _ in range(4)]
    for _ in range(3):
        last = new_product(on_hand=1)
        with ThreadPoolExecutor(24) as threads:
            answers = list(threads.map(lambda n: buyers[n % 4].place([(last, 1)], wait=10), range(24)))
        confirmed, reasons = confirms(answers)
        assert len(confirmed) == 1 and reasons == ["out_of_stock"] * 23
        eventually(lambda: stock_of(admin, last) == (0, 0, 0))


@pytest.mark.slow
def test_reserved_stock_cannot_be_removed(stack, customer, admin, product):
    """While svc-users is stopped an order keeps its reservation and waits."""
    stack.stop("svc-users")
    try:
        order = ok(customer.place([(product, 60)]), 202)
        eventually(lambda: stock_of(admin, product) == (100, 60, 40))
        path = f"/products/{product['id']}/stock"
        said = problem(admin.post(path, {"delta": -41}), 409, field="delta")
        assert "60" in said["detail"]
        ok(admin.post(path, {"delta": -40}))
        answer = customer.place([(product, 1)], wait=10)
        assert problem(answer, 409)["reason"]["code"] == "out_of_stock"
        ok(customer.call("POST", f"/orders/{order['id']}/cancel"))
        eventually(lambda: stock_of(admin, product) == (60, 0, 60))
    finally:
        stack.start("svc-users")


def test_orders_that_want_the_same_goods_in_opposite_order_do_not_block_each_other(customer, admin, new_product):
    one, two = new_product(on_hand=1000), new_product(on_hand=1000)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(
            lambda n: customer.place([(one, 1), (two, 1)] if n % 2 else [(two, 1), (one, 1)], wait=10), range(64)))
    assert [answer.status_code for answer in answers] == [201] * 64
    for product in (one, two):
        eventually(lambda: stock_of(admin, product) == (936, 0, 936))


@pytest.mark.parametrize("seed", [1, 2])
def test_stock_is_conserved_whatever_many_people_do_at_once(stack, new_customer, admin, new_product, seed):
    chance = random.Random(seed)
    products = [new_product(on_hand=chance.randint(5, 60)) for _ in range(4)]
    initial = {product["id"]: product["on_hand"] for product in products}
    buyers = [new_customer() for _ in range(3)]
    plans = [plan(chance, products, buyers) for _ in range(150)]
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(lambda plan: carry_out(admin, plan), plans))

    orders = [order_id for kind, order_id in results if kind == "order"]
    ended = {order_id: eventually(lambda: admin.is_settled(order_id)) for order_id in orders}
    assert {order["status"] for order in ended.values()} <= {"confirmed", "rejected", "cancelled"}
    for product in products:
        sold = sum(item["quantity"] for order in ended.values() if order["status"] == "confirmed"
                   for item in order["items"] if item["product_id"] == product["id"])
        adjusted = sum(done[1] for kind, done in results if kind == "stock" and done[0] == product["id"])
        left = initial[product["id"]] + adjusted - sold
        assert left >= 0
        eventually(lambda: stock_of(admin, product) == (left, 0, left))


def plan(chance, products, buyers):
    """One random action: buy, buy and cancel at once, or change the stock."""
    kind = chance.choices(["buy", "cancel", "stock"], [6, 2, 2])[0]
    lines = [(product, chance.randint(1, 3)) for product in chance.sample(products, chance.randint(1, 3))]
    return kind, chance.choice(buyers), lines, chance.choice([-3, -1, 2, 5])


def carry_out(admin, plan):
    kind, buyer, lines, delta = plan
    if kind == "stock":
        product_id = lines[0][0]["id"]
        answer = admin.post(f"/products/{product_id}/stock", {"delta": delta})
        assert answer.status_code in (200, 409), answer.text
        return "stock", (product_id, delta if answer.status_code == 200 else 0)
    order = ok(buyer.place(lines), 202)
    if kind == "cancel":
        answer = buyer.call("POST", f"/orders/{order['id']}/cancel")
        assert answer.status_code in (200, 409), answer.text
    return "order", order["id"]
