"""Invalid bodies: each gets a 4xx problem, nothing changes, and no program restarts."""
import json
import uuid

import pytest
from hypothesis import example, given, strategies

from harness.rest import ok, problem
from harness.stack import PROGRAMS

HUGE = 256 * 1024


@pytest.fixture(scope="module")
def product(new_product):
    """The resources that the invalid requests name."""
    return new_product()


@pytest.fixture(scope="module", autouse=True)
def nothing_changes_and_all_live_on(stack, admin, customer, product):
    before = snapshot(stack, admin, customer)
    yield
    assert snapshot(stack, admin, customer) == before
    assert ok(admin.get(f"/products/{product['id']}")) == product


def snapshot(stack, admin, customer):
    counts = [stack.sql(service, f"SELECT count(*) FROM {service}")[0][0] for service in ("users", "orders")]
    return {"pids": [stack.pid(program) for program in PROGRAMS], "counts": counts,
            "customer": ok(admin.get(f"/users/{customer.id}")), "orders": ok(customer.get("/orders")),
            "restarts": [stack.restarts(program) for program in PROGRAMS]}


def send(client, method, path, body, **headers):
    sent = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex} | headers
    return client.call(method, path, data=body, headers=sent)


@pytest.fixture(scope="module")
def routes(admin, customer, product):
    """Every call that takes a body."""
    product_id = product["id"]
    return [(admin, "POST", "/users"), (admin, "POST", "/auth/token"), (customer, "POST", "/auth/logout"),
            (customer, "PATCH", f"/users/{customer.id}"), (admin, "POST", "/products"),
            (admin, "PATCH", f"/products/{product_id}"), (admin, "POST", f"/products/{product_id}/stock"),
            (customer, "POST", "/orders"), (customer, "POST", f"/orders/{uuid.uuid4()}/cancel")]


MALFORMED = {
    "a brace alone": b"{", "nothing but space": b" \n", "two values": b"{} {}", "a word": b"hello",
    "single quotes": b"{'a': 1}", "a comma at the end": b'{"name": "x",}', "a name without quotes": b"{name: 1}",
    "a comment": b'{"name": "x" /* why */}', "no colon": b'{"name" "x"}', "an open string": b'{"name": "x',
    "NaN": b'{"name": NaN}', "Infinity": b'{"name": Infinity}', "a plus": b'{"name": +1}', "hex": b'{"name": 0x10}',
    "a leading zero": b'{"name": 01}', "a bare point": b'{"name": 1.}', "a bare exponent": b'{"name": 1e}',
    "a control character": b'{"name": "a\x01b"}', "a line break in a string": b'{"name": "a\nb"}',
    "an unknown escape": b'{"name": "\\x41"}', "a lone surrogate": b'{"name": "\\ud800"}',
    "half a surrogate pair": b'{"name": "\\udc00x"}', "a NUL escape": b'{"name": "a\\u0000b"}',
    "a NUL byte": b'{"name": "a\x00b"}', "a NUL at the end": b'{"name": "a"}\x00',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "latin-1": '{"name": "caf\u00e9"}'.encode("latin-1"), "an overlong slash": b'{"name": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}', "beyond Unicode": b'{"name": "\xf4\x90\x80\x80"}',
    "half a character": b'{"name": "\xe2\x82"}', "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "the same key twice": b'{"name": "a", "name": "b"}',
    "the same key twice, escaped": b'{"name": "a", "n\\u0061me": "b"}',
    "deep objects": b'{"a":' * 60 + b"1" + b"}" * 60, "deep arrays": b"[" * 5000 + b"]" * 5000,
    "deep and open": b"[" * 100_000,
}


@pytest.mark.sanitizer
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_body_that_is_no_json_is_refused_by_every_route(routes, body):
    for client, method, path in routes:
        problem(send(client, method, path, body), 400)


@pytest.mark.parametrize("body", [b"[]", b"null", b"true", b"7", b'"text"', b'[{"name": "x"}]'])
def test_json_that_is_no_object_is_refused_by_every_route(routes, body):
    for client, method, path in routes:
        problem(send(client, method, path, body), 422)


def test_an_unknown_field_is_named_by_every_route(routes):
    for client, method, path in routes:
        answer = send(client, method, path, b'{"col\\"our": 1}')
        field = "grant_type" if path == "/auth/token" else 'col"our'
        problem(answer, 422, field=field)


def test_no_body_where_one_is_needed_is_refused(routes):
    for client, method, path in routes:
        if not path.endswith(("logout", "cancel")):
            problem(send(client, method, path, b""), 400)


def test_a_body_over_256_kib_is_too_large_and_one_of_that_size_is_not(routes, customer):
    for client, method, path in routes:
        filled = b'{"x":"' + b"y" * (HUGE - 8) + b'"}'
        assert len(filled) == HUGE
        answer = send(client, method, path, filled)
        problem(answer, 422)
        problem(send(client, method, path, filled + b" "), 413)
    problem(send(customer, "POST", "/orders", b"[" * 20_000_000), 413)


def test_a_body_in_pieces_has_the_same_limit(customer):
    def pieces(count):
        for _ in range(count):
            yield b" " * 4096

    problem(send(customer, "POST", "/orders", pieces(65)), 413)
    problem(send(customer, "POST", "/orders", pieces(64)), 400)


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"9" * 60, b"9" * 400,
                                    b"9007199254740993", b"18446744073709551616", b"-0.5", b"0.1e0"])
def test_numbers_that_are_not_whole_or_too_large_are_refused(admin, customer, product, number):
    product_id = product["id"].encode()
    calls = [(customer, "/orders", b'{"items":[{"product_id":"' + product_id + b'","quantity":%s}]}' % number),
             (admin, "/products", b'{"sku":"N","name":"N","currency":"EUR","price_cents":%s}' % number),
             (admin, f"/products/{product_id.decode()}/stock", b'{"delta":%s}' % number)]
    for client, path, body in calls:
        answer = send(client, "POST", path, body)
        problem(answer, answer.status_code if answer.status_code == 400 else 422)


def test_a_whole_number_may_be_written_in_any_way(admin, new_product):
    product = new_product(on_hand=0)
    path = f"/products/{product['id']}/stock"
    for number in (b"10", b"1e1", b"10.0", b"1.0E+1", b"100e-1"):
        assert send(admin, "POST", path, b'{"delta":%s}' % number).status_code == 200
    assert ok(admin.get(f"/products/{product['id']}"))["on_hand"] == 50


json_values = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats(allow_nan=False) |
    strategies.text(max_size=30), lambda inner: strategies.lists(inner, max_size=4) |
    strategies.dictionaries(strategies.sampled_from(["items", "note", "product_id", "quantity", "name", "\U0001f600"]) |
                            strategies.text(max_size=8), inner, max_size=4), max_leaves=12)


@given(body=json_values)
@example(body={"items": [{"product_id": {"items": []}, "quantity": [[]]}], "note": {}})
def test_any_json_at_all_gets_an_answer_that_is_a_problem(customer, body):
    text = json.dumps(body).encode()
    answer = send(customer, "POST", "/orders", text)
    problem(answer, answer.status_code if answer.status_code == 400 else 422)


@given(junk=strategies.binary(max_size=200))
def test_any_bytes_at_all_get_an_answer_that_is_a_problem(customer, junk):
    try:
        acceptable = isinstance(json.loads(junk), (dict, list, str, int, float, bool, type(None)))
    except ValueError:
        acceptable = False
    answer = send(customer, "POST", "/orders", junk or b" ")
    problem(answer, 422 if acceptable and answer.status_code == 422 else 400)


@given(text=strategies.text(max_size=60))
def test_any_text_can_be_searched_for(api, text):
    answer = api.get("/products", params={"q": text})
    if answer.status_code == 200:
        ok(answer)
    else:
        problem(answer, 400)


def test_faults_beyond_counting_are_cut_short(admin):
    many = {f"field{n}": n for n in range(5000)}
    said = problem(admin.post("/products", many), 422)
    assert 1 <= len(said["errors"]) <= 100
