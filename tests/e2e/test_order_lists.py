"""Lists of orders: by owner, by state, in pages."""
import uuid

import pytest

from harness.rest import ok, pages, problem


@pytest.fixture(scope="module")
def shopper(new_customer, new_product):
    """A customer with seven confirmed orders and three rejected ones, oldest first."""
    shopper = new_customer("Dorothy")
    shopper.product, sold_out = new_product(), new_product(on_hand=0)
    shopper.confirmed = [ok(shopper.place([(shopper.product, 1)], wait=10), 201)["id"] for _ in range(7)]
    shopper.rejected = [problem(shopper.place([(sold_out, 1)], wait=10), 409)["order"]["id"] for _ in range(3)]
    return shopper


def ids(page):
    return [order["id"] for order in page["items"]]


def test_one_lists_ones_own_orders_newest_first(shopper):
    page = ok(shopper.get("/orders"))
    assert ids(page) == (shopper.confirmed + shopper.rejected)[::-1] and page["next"] is None
    assert page["items"][0] == shopper.order(shopper.rejected[-1])


def test_a_list_of_one_state_holds_no_other(shopper):
    assert ids(ok(shopper.get("/orders?status=confirmed"))) == shopper.confirmed[::-1]
    assert ids(ok(shopper.get("/orders?status=rejected"))) == shopper.rejected[::-1]
    assert ids(ok(shopper.get("/orders?status=expired"))) == []


def test_an_admin_lists_anybodys_orders(shopper, admin):
    params = {"user_id": shopper.id, "status": "rejected"}
    assert ids(ok(admin.get("/orders", params=params))) == shopper.rejected[::-1]
    everybodys = ids(ok(admin.get("/orders?limit=100")))
    assert set(shopper.rejected) <= set(everybodys) and everybodys == sorted(everybodys, reverse=True)


def test_no_customer_lists_orders_of_others(shopper, stranger):
    problem(stranger.get("/orders", params={"user_id": shopper.id}), 403)
    assert ids(ok(shopper.get("/orders", params={"user_id": shopper.id})))
    assert not set(ids(ok(stranger.get("/orders?limit=100")))) & set(shopper.confirmed)


def test_paging_shows_each_order_once_while_others_are_placed(new_customer, new_product):
    buyer, product = new_customer(), new_product()
    before = [ok(buyer.place([(product, 1)]), 202)["id"] for _ in range(7)]
    listed = [order["id"] for order in pages(buyer, "/orders", 2, between=lambda: buyer.place([(product, 1)]))]
    assert listed == before[::-1], "what came later is newer than the first page; nothing is missing, nothing twice"


def test_a_cursor_needs_the_same_filter(shopper):
    page = ok(shopper.get("/orders?status=confirmed&limit=3"))
    rest = ok(shopper.get("/orders", params={"status": "confirmed", "limit": 100, "cursor": page["next"]}))
    assert ids(page) + ids(rest) == shopper.confirmed[::-1] and rest["next"] is None


def test_a_cursor_at_the_very_end_gives_an_empty_page(shopper):
    last = shopper.confirmed[0]
    page = ok(shopper.get("/orders", params={"limit": 10}))
    assert ids(page)[-1] == last and page["next"] is None


@pytest.mark.parametrize("path", ["/orders", "/products", "/users"])
@pytest.mark.parametrize("query, field", [("limit=0", "limit"), ("limit=101", "limit"), ("limit=-1", "limit"),
                                          ("limit=many", "limit"), ("limit=1.5", "limit"), ("limit=", "limit"),
                                          ("limit=99999999999999999999", "limit"), ("colour=red", "colour"),
                                          ("limit=2&page=3", "page"), ("=x", ""), ("Limit=3", "Limit"),
                                          ("cursor=", "cursor"), ("cursor=" + "x" * 301, "cursor")])
def test_a_query_that_cannot_be_read_is_refused_by_name(admin, path, query, field):
    problem(admin.get(f"{path}?{query}"), 400, field=field)


@pytest.mark.parametrize("path, query, field", [("/orders", "status=lost", "status"), ("/orders", "status=", "status"),
                                                ("/orders", "user_id=me", "user_id"), ("/orders", "q=x", "q"),
                                                ("/products", "status=pending", "status"),
                                                ("/products", "q=" + "x" * 201, "q"),
                                                ("/products", "user_id=" + str(uuid.uuid4()), "user_id"),
                                                ("/users", "status=active", "status")])
def test_a_filter_that_a_list_does_not_have_is_refused_by_name(admin, path, query, field):
    problem(admin.get(f"{path}?{query}"), 400, field=field)


@pytest.mark.parametrize("path", ["/orders", "/products", "/users"])
@pytest.mark.parametrize("cursor", ["x", "1", "%00", "%ff%fe", "..%2F..%2Fetc", "' OR 1=1", "%zz", "%",
                                    "0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5", "0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5bb"])
def test_a_cursor_that_no_list_gave_is_refused(admin, path, cursor):
    problem(admin.get(f"{path}?cursor={cursor}"), 400)


@pytest.mark.parametrize("query", ["limit=1&limit=2", "status=active&status=withdrawn"])
def test_a_parameter_given_twice_is_refused(api, query):
    problem(api.get(f"/products?{query}"), 400)
