"""Idempotency-Key: one key, one effect, however often the request is sent."""
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, strategies

from harness.waiting import eventually
from harness.rest import ok, problem
from test_orders import stock_of


def key():
    return f"key-{uuid.uuid4().hex}"


def place(customer, product, header, quantity=1, **headers):
    body = {"items": [{"product_id": product["id"], "quantity": quantity}]}
    return customer.post("/orders", body, headers={"Idempotency-Key": header} | headers)


@pytest.mark.sanitizer
def test_the_same_key_and_body_give_the_first_answer_again(customer, admin, product):
    first_key = key()
    first = place(customer, product, first_key)
    again = place(customer, product, first_key)
    assert ok(again, 202) == ok(first, 202) and again.headers["Location"] == first.headers["Location"]
    order = eventually(lambda: customer.is_settled(first.json()["id"]))
    assert order["status"] == "confirmed"
    assert ok(place(customer, product, first_key), 202) == first.json(), "the first answer, word for word"
    eventually(lambda: stock_of(admin, product) == (99, 0, 99))


def test_a_repeat_that_waits_gets_the_result(customer, product):
    again = key()
    first = ok(place(customer, product, again, Prefer="wait=10"), 201)
    assert ok(place(customer, product, again, Prefer="wait=10"), 201) == first


def test_the_order_of_members_and_the_white_space_do_not_make_another_body(customer, product):
    header = {"Idempotency-Key": key(), "Content-Type": "application/json"}
    bodies = [f'{{"items":[{{"product_id":"{product["id"]}","quantity":1}}],"note":"x"}}',
              f'{{ "note": "\\u0078",\n"items":[{{"quantity":1,"product_id":"{product["id"]}"}}] }}']
    answers = [ok(customer.call("POST", "/orders", data=body, headers=header), 202) for body in bodies]
    assert answers[0] == answers[1]


def test_the_same_key_with_another_body_is_refused(customer, admin, product):
    used = key()
    order = ok(place(customer, product, used), 202)
    problem(place(customer, product, used, quantity=2), 422, code="idempotency_key_reused")
    eventually(lambda: customer.is_settled(order["id"]))
    eventually(lambda: stock_of(admin, product) == (99, 0, 99))


def test_an_order_needs_a_key(customer, product):
    body = {"items": [{"product_id": product["id"], "quantity": 1}]}
    assert "Idempotency-Key" in problem(customer.post("/orders", body), 400)["detail"]


@pytest.mark.parametrize("header", ["", '""', '"', '"open', 'open"', 'in"side', "two words", "a,b", '"a" "b"',
                                    "x" * 256, '"' + "x" * 256 + '"', "caf\u00e9", "\x01", '"\\n"', '"tab\tbed"'])
def test_a_key_that_is_none_is_refused(customer, product, header):
    problem(place(customer, product, header.encode("utf-8")), 400)


@pytest.mark.parametrize("bare", ["x", "x" * 255, "a/b:c;d=e?f&g", "8e03978e-40d5-43dd-bc93-6894a57f9324"])
def test_a_key_is_the_same_quoted_or_bare(customer, product, bare):
    unique = f"{uuid.uuid4().hex}{bare}"[:255]
    assert ok(place(customer, product, unique), 202) == ok(place(customer, product, f'"{unique}"'), 202)


@given(bare=strategies.text(strategies.characters(min_codepoint=0x21, max_codepoint=0x7e, blacklist_characters='",'),
                            min_size=1, max_size=255))
def test_any_visible_text_is_a_key(customer, product, bare):
    """The body is invalid, so no order is created; 422 shows that the key was accepted."""
    problem(place(customer, product, bare, quantity=0), 422, field="items[0].quantity")


def test_the_same_key_of_two_people_is_two_keys(customer, stranger, product):
    shared = key()
    mine, theirs = ok(place(customer, product, shared), 202), ok(place(stranger, product, shared), 202)
    assert mine["id"] != theirs["id"] and theirs["user_id"] == stranger.id


def test_one_key_for_two_paths_is_two_keys(admin, product, new_product):
    shared, other = {"Idempotency-Key": key()}, new_product()
    first = ok(admin.post(f"/products/{product['id']}/stock", {"delta": 1}, headers=shared))
    body = {"sku": key(), "name": "X", "price_cents": 1, "currency": "EUR"}
    ok(admin.post("/products", body, headers=shared), 201)
    ok(admin.post(f"/products/{other['id']}/stock", {"delta": 2}, headers=shared))
    assert ok(admin.post(f"/products/{product['id']}/stock", {"delta": 1}, headers=shared)) == first


def test_a_key_of_a_registration_belongs_to_its_address_and_its_password(api):
    shared = {"Idempotency-Key": "1"}
    mine = {"email": f"{uuid.uuid4().hex}@example.org", "name": "Ada", "password": "12345678"}
    account = ok(api.post("/users", mine, headers=shared), 201)
    assert ok(api.post("/users", mine, headers=shared), 201) == account
    stranger = mine | {"password": "87654321"}
    refused = problem(api.post("/users", stranger, headers=shared), 422, code="idempotency_key_reused")
    assert account["id"] not in str(refused)
    ok(api.post("/users", mine | {"email": f"{uuid.uuid4().hex}@example.org"}, headers=shared), 201)


def test_a_refusal_is_remembered_as_well(admin, product):
    header = {"Idempotency-Key": key()}
    path = f"/products/{product['id']}/stock"
    problem(admin.post(path, {"delta": -101}, headers=header), 409)
    ok(admin.post(path, {"delta": 50}))
    problem(admin.post(path, {"delta": -101}, headers=header), 409)


def test_a_body_that_could_not_be_read_does_not_use_the_key_up(customer, product):
    header = key()
    problem(place(customer, product, header, quantity=0), 422)
    ok(place(customer, product, header), 202)


@pytest.mark.sanitizer
def test_many_at_the_same_instant_make_one_order_and_all_get_its_answer(customer, admin, product):
    for _ in range(3):
        before = stock_of(admin, product)[0]
        shared = key()
        with ThreadPoolExecutor(24) as threads:
            answers = list(threads.map(lambda _: place(customer, product, shared), range(24)))
        orders = [ok(answer, 202) for answer in answers]
        assert all(order == orders[0] for order in orders)
        assert eventually(lambda: customer.is_settled(orders[0]["id"]))["status"] == "confirmed"
        eventually(lambda: stock_of(admin, product) == (before - 1, 0, before - 1))


def test_many_registrations_at_the_same_instant_make_one_account(api):
    email = f"{uuid.uuid4().hex}@example.org"
    body = {"email": email, "name": "Many", "password": "12345678"}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: api.post("/users", body), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
