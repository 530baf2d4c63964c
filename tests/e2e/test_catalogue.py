"""The catalogue: products are created, changed, found and withdrawn; versions detect concurrent changes."""
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.rest import TIME, UUID, ok, pages, problem

MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


def sku():
    return f"SKU-{uuid.uuid4().hex}"


def stock_of(product):
    return product["on_hand"], product["reserved"], product["available"]


@pytest.mark.sanitizer
def test_a_new_product_is_seen_by_anybody(admin, api):
    body = {"sku": sku(), "name": "Moka pot", "description": "For six cups", "price_cents": 3450, "currency": "EUR",
            "on_hand": 7}
    answer = admin.post("/products", body)
    product = ok(answer, 201)
    assert set(product) == {"id", "sku", "name", "description", "price_cents", "currency", "on_hand", "reserved",
                            "available", "status", "created_at", "updated_at", "version"}
    assert {name: product[name] for name in body} == body
    assert stock_of(product) == (7, 0, 7)
    assert UUID.fullmatch(product["id"]) and TIME.fullmatch(product["created_at"]) and product["status"] == "active"
    assert answer.headers["Location"] == f"/v1/products/{product['id']}"
    assert answer.headers["ETag"] == f'"{product["version"]}"'
    assert ok(api.get(f"/products/{product['id']}")) == product


def test_stock_and_description_may_be_left_out(admin):
    body = {"sku": sku(), "name": "Grinder", "price_cents": 0, "currency": "EUR"}
    product = ok(admin.post("/products", body), 201)
    assert stock_of(product) == (0, 0, 0) and product["description"] == ""


def test_a_stock_number_belongs_to_one_product(admin, product, new_product):
    body = {"sku": product["sku"], "name": "Copy", "price_cents": 1, "currency": "EUR"}
    problem(admin.post("/products", body), 409, field="sku")
    other = new_product()
    problem(admin.patch(f"/products/{other['id']}", {"sku": product["sku"]}), 409, field="sku")
    assert ok(admin.get(f"/products/{other['id']}")) == other


def test_a_stock_number_that_was_given_up_can_be_taken(admin, product):
    ok(admin.patch(f"/products/{product['id']}", {"sku": sku()}))
    body = {"sku": product["sku"], "name": "Heir", "price_cents": 1, "currency": "EUR"}
    ok(admin.post("/products", body), 201)


def test_making_a_product_again_with_the_same_key_gives_the_first_one(admin):
    body, key = {"sku": sku(), "name": "Once", "price_cents": 1, "currency": "EUR"}, {"Idempotency-Key": sku()}
    first = ok(admin.post("/products", body, headers=key), 201)
    assert ok(admin.post("/products", body, headers=key), 201) == first
    problem(admin.post("/products", body | {"name": "Twice"}, headers=key), 422)


@pytest.mark.parametrize("field, value", [
    ("sku", ""), ("sku", "with space"), ("sku", "x" * 65), ("sku", 12), ("sku", None),
    ("name", ""), ("name", "   "), ("name", "x" * 201), ("name", "tab\tin it"), ("name", ["x"]),
    ("description", "x" * 4001), ("description", 1), ("description", None),
    ("price_cents", -1), ("price_cents", 1_000_000_001), ("price_cents", 9.5), ("price_cents", "10"),
    ("price_cents", None), ("price_cents", True),
    ("currency", "eur"), ("currency", "ZZZ"), ("currency", "XXX"), ("currency", "EURO"), ("currency", ""), ("currency", 978),
    ("on_hand", -1), ("on_hand", 2**53), ("on_hand", "many"), ("on_hand", 0.5),
    ("id", "0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5b"), ("version", 1), ("reserved", 0), ("colour", "red"),
])
def test_a_product_that_is_not_acceptable_names_its_field(admin, field, value):
    body = {"sku": sku(), "name": "Moka pot", "price_cents": 3450, "currency": "EUR"} | {field: value}
    problem(admin.post("/products", body), 422, field=field)


@pytest.mark.parametrize("field", ["sku", "name", "price_cents", "currency"])
def test_required_fields_of_a_product_are_checked(admin, field):
    body = {"sku": sku(), "name": "Moka pot", "price_cents": 3450, "currency": "EUR"}
    del body[field]
    problem(admin.post("/products", body), 422, field=field)


def test_all_faults_are_reported_at_once(admin):
    said = problem(admin.post("/products", {"sku": "a b", "name": "", "price_cents": -1, "colour": "red"}), 422)
    assert {fault["field"] for fault in said["errors"]} == {"sku", "name", "price_cents", "colour", "currency"}


def test_names_may_be_of_any_language(admin):
    for name in ("Café crème ☕", "浓缩咖啡", "قهوة", "é" * 200, "\U0001f600"):
        body = {"sku": sku(), "name": name, "price_cents": 1, "currency": "EUR"}
        assert ok(admin.post("/products", body), 201)["name"] == name


@pytest.mark.parametrize("headers", [{}, MERGE_PATCH, {"Content-Type": "application/json; charset=utf-8"}])
def test_a_change_is_seen_by_the_next_read(admin, api, product, headers):
    path = f"/products/{product['id']}"
    ok(api.get(path))
    changed = ok(admin.patch(path, {"name": "Ristretto", "price_cents": 2000}, headers=headers))
    assert (changed["name"], changed["price_cents"], changed["sku"]) == ("Ristretto", 2000, product["sku"])
    assert changed["version"] == product["version"] + 1
    assert ok(api.get(path)) == changed


def test_a_read_after_a_write_is_never_stale(admin, api, product):
    path = f"/products/{product['id']}"
    for price in range(50):
        ok(admin.patch(path, {"price_cents": price}))
        assert ok(api.get(path))["price_cents"] == price


def test_no_reader_goes_back_in_time_while_a_product_is_changed(admin, api, product):
    path = f"/products/{product['id']}"
    over = threading.Event()

    def read():
        seen = [ok(api.get(path))["version"]]
        while not over.is_set():
            seen.append(ok(api.get(path))["version"])
        return seen

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read) for _ in range(3)]
        try:
            for price in range(40):
                changed = ok(admin.patch(path, {"price_cents": price}))
                assert ok(api.get(path)) == changed
        finally:
            over.set()
        for reader in readers:
            assert reader.result() == sorted(reader.result())


def test_null_removes_nothing_that_must_be_there(admin, product):
    problem(admin.patch(f"/products/{product['id']}", {"name": None}, headers=MERGE_PATCH), 422, field="name")


def test_stock_is_not_changed_by_a_patch(admin, product):
    problem(admin.patch(f"/products/{product['id']}", {"on_hand": 5}), 422, field="on_hand")


def test_a_change_with_an_old_version_is_refused(admin, product):
    path = f"/products/{product['id']}"
    etag = admin.get(path).headers["ETag"]
    answer = admin.patch(path, {"name": "First"}, headers={"If-Match": etag})
    assert ok(answer)["name"] == "First" and answer.headers["ETag"] != etag
    problem(admin.patch(path, {"name": "Second"}, headers={"If-Match": etag}), 412)
    problem(admin.delete(path, headers={"If-Match": etag}), 412)
    problem(admin.post(f"{path}/stock", {"delta": 1}, headers={"If-Match": etag}), 412)
    assert ok(admin.get(path))["name"] == "First"
    ok(admin.patch(path, {"name": "Third"}, headers={"If-Match": answer.headers["ETag"]}))
    ok(admin.patch(path, {"name": "Fourth"}, headers={"If-Match": "*"}))


def test_a_weak_tag_never_matches_a_write(admin, product):
    headers = {"If-Match": f'W/"{product["version"]}"'}
    problem(admin.patch(f"/products/{product['id']}", {"name": "X"}, headers=headers), 412)


@pytest.mark.parametrize("tag", ["1", '"1', '"1", "2"', "", "W/", '"1"x'])
def test_what_is_no_tag_is_refused(admin, product, tag):
    problem(admin.patch(f"/products/{product['id']}", {"name": "X"}, headers={"If-Match": tag}), 400)


def test_what_has_not_changed_is_not_sent_again(admin, api, product):
    path = f"/products/{product['id']}"
    etag = api.get(path).headers["ETag"]
    for known in (etag, f"W/{etag}", f'"77", {etag}', "*"):
        answer = api.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    ok(admin.patch(path, {"name": "Changed"}))
    assert ok(api.get(path, headers={"If-None-Match": etag}))["name"] == "Changed"


def test_a_head_is_a_get_without_its_body(api, product):
    answer = api.call("HEAD", f"/products/{product['id']}")
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (200, b"", f'"{product["version"]}"')


def test_withdrawing_keeps_the_product_and_says_so(admin, api, product):
    path = f"/products/{product['id']}"
    gone = ok(admin.delete(path))
    assert gone["status"] == "withdrawn" and ok(api.get(path)) == gone
    assert ok(admin.delete(path)) == gone
    assert ok(admin.patch(path, {"status": "active"}))["status"] == "active"


def test_a_product_that_is_not_there_is_not_found(admin):
    path = f"/products/{uuid.uuid4()}"
    problem(admin.get(path), 404)
    problem(admin.patch(path, {"name": "X"}), 404)
    problem(admin.delete(path), 404)
    problem(admin.post(f"{path}/stock", {"delta": 1}), 404)


def test_only_admins_touch_the_catalogue(api, customer, product):
    path = f"/products/{product['id']}"
    for who, status in ((api, 401), (customer, 403)):
        problem(who.post("/products", {}), status)
        problem(who.patch(path, {"name": "X"}), status)
        problem(who.delete(path), status)
        problem(who.post(f"{path}/stock", {"delta": 1}), status)
    assert ok(api.get(path)) == product


# ---- stock ----

def test_stock_is_added_and_taken_away(admin, product):
    path = f"/products/{product['id']}/stock"
    more = ok(admin.post(path, {"delta": 20, "reason": "delivery"}))
    assert stock_of(more) == (120, 0, 120)
    assert stock_of(ok(admin.post(path, {"delta": -120}))) == (0, 0, 0)


def test_stock_never_falls_below_nothing(admin, product):
    path = f"/products/{product['id']}/stock"
    problem(admin.post(path, {"delta": -101}), 409)
    assert stock_of(ok(admin.get(f"/products/{product['id']}"))) == (100, 0, 100)


def test_an_adjustment_with_the_same_key_happens_once(admin, product):
    path, key = f"/products/{product['id']}/stock", {"Idempotency-Key": uuid.uuid4().hex}
    for _ in range(3):
        assert ok(admin.post(path, {"delta": 5}, headers=key))["on_hand"] == 105
    problem(admin.post(path, {"delta": 6}, headers=key), 422)


@pytest.mark.parametrize("body, field", [({}, "delta"), ({"delta": 0}, "delta"), ({"delta": "1"}, "delta"),
                                         ({"delta": 1.5}, "delta"), ({"delta": 2**53}, "delta"),
                                         ({"delta": None}, "delta"), ({"delta": 1, "reason": "x" * 201}, "reason"),
                                         ({"delta": 1, "reason": ""}, "reason"), ({"delta": 1, "by": "me"}, "by")])
def test_an_adjustment_that_is_not_acceptable_names_its_field(admin, product, body, field):
    problem(admin.post(f"/products/{product['id']}/stock", body), 422, field=field)


# ---- lists ----

def test_the_list_has_each_product_once_while_others_are_added(api, new_product):
    before = [new_product()["id"] for _ in range(7)]
    listed = [product["id"] for product in pages(api, "/products", 3, new_product, last=before[0])]
    assert [product_id for product_id in listed if product_id in before] == before[::-1]
    assert len(set(listed)) == len(listed)


def test_a_search_finds_every_word_anywhere_and_nothing_else(api, new_product):
    tag = uuid.uuid4().hex[:10]
    both = new_product(name=f"Hand grinder {tag}", description="Steel, 100 % made by hand")
    new_product(name=f"Electric mill {tag}")
    found = ok(api.get("/products", params={"q": f"  GRINDER   {tag.upper()} "}))["items"]
    assert [product["id"] for product in found] == [both["id"]]
    assert [p["id"] for p in ok(api.get("/products", params={"q": f"{tag} 100 %"}))["items"]] == [both["id"]]
    for nothing in (f"{tag} nothing", f"{tag}%%x", f"{tag} _and", f"{tag}'; DROP TABLE products; --", f"{tag} \\"):
        assert ok(api.get("/products", params={"q": nothing}))["items"] == []


def test_a_list_can_be_of_one_status(api, admin, new_product):
    tag = uuid.uuid4().hex[:10]
    kept, gone = new_product(name=tag)["id"], new_product(name=tag)["id"]
    ok(admin.delete(f"/products/{gone}"))

    def listed(**params):
        return [product["id"] for product in ok(api.get("/products", params={"q": tag} | params))["items"]]

    assert listed(status="active") == [kept]
    assert listed(status="withdrawn") == [gone]
    assert listed() == [gone, kept]


def test_a_page_has_twenty_items_by_default(api, new_product):
    for _ in range(21):
        new_product()
    page = ok(api.get("/products"))
    assert len(page["items"]) == 20 and page["next"]
    assert len(ok(api.get("/products?limit=1"))["items"]) == 1
    assert ok(api.get("/products?limit=100"))["items"][:20] == page["items"]
