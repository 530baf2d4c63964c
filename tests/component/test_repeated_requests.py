"""Repeated requests. A batch decides its requests as if all were new. It detects duplicates at its end, when it records the
answers, and is retried. Then its consumer checks for duplicates first, for some seconds. Most tests here repeat until
a duplicate was detected late."""
import uuid

import pytest

from harness.broker import item, timestamp
from harness.waiting import eventually
from harness.rest import ok
from harness.stack import waiting_for_locks
from test_request_consumers import get_order, line, orders_of, placing


def retried(stack, service="svc-orders"):
    return stack.metric(service, "comanda_transactions_total", result="retry")


def known(stack, service="svc-orders"):
    return stack.metric(service, "comanda_duplicates_total")


def detected_late(stack, repeat, service="svc-orders"):
    """Repeats the request until a duplicate is detected at the end of its batch. Each duplicate counts once."""
    def one():
        retried_before, known_before = retried(stack, service), known(stack, service)
        repeat()
        assert known(stack, service) == known_before + 1
        return retried(stack, service) > retried_before

    eventually(one)


def again(asked):
    """A second later, so that a new order would have another id."""
    return asked | {"time": timestamp(1), "deadline": timestamp(20)}


def test_a_repeat_is_detected_at_the_end_of_its_batch_and_then_at_the_beginning_for_a_while(stack, edge, new_customer,
                                                                                     product):
    def repeat():
        buyer = new_customer()
        asked = placing(buyer, product)
        first = edge.call("orders.command", asked)
        assert edge.call("orders.command", again(asked)) == first
        assert orders_of(stack, buyer) == 1

    detected_late(stack, repeat)
    before = retried(stack)
    for _ in range(3):
        repeat()
    assert retried(stack) == before


def test_a_repeat_beside_new_requests_harms_none_of_them(stack, edge, new_customer, product):
    def repeat():
        buyer = new_customer()
        asked = placing(buyer, product)
        first = edge.call("orders.command", asked)
        replies = edge.call("orders.command", [placing(buyer, product), again(asked), placing(buyer, product)])
        assert replies[1] == first and replies[0]["status"] == replies[2]["status"] == "ok"
        assert orders_of(stack, buyer) == 3

    detected_late(stack, repeat)


def test_a_repeat_in_the_batch_of_a_cancellation_gets_the_first_answer(stack, edge, new_customer, product):
    """Then the batch loads the order that the repeat would create."""
    pid = stack.pid("svc-orders")

    def repeat():
        buyer = new_customer()
        asked = placing(buyer, product)
        first = edge.call("orders.command", asked)
        replies = edge.call("orders.command", [item("orders.cancel", {"id": first["data"]["id"]}, buyer.id), asked])
        assert replies[1] == first and replies[0]["status"] in ("ok", "conflict")

    detected_late(stack, repeat)
    assert stack.pid("svc-orders") == pid


def test_a_refusal_for_what_the_first_sending_did_is_not_the_answer(stack, edge, admin, new_product):
    """The first request made the change; the version in the repeat is outdated."""
    caller = {"user_id": admin.id, "role": "admin"}

    def repeat():
        product = new_product()
        asked = item("products.change", {"id": product["id"], "expected_version": 1, "name": "Green tea"}, caller)
        first = edge.call("products.command", asked)
        assert (first["status"], first["data"]["version"]) == ("ok", 2)
        assert edge.call("products.command", again(asked)) == first

    detected_late(stack, repeat, "svc-products")


def test_a_request_without_a_recorded_answer_finds_an_earlier_one(stack, edge, new_customer, product):
    """An unauthenticated request gets 401 each time, unless its key was used before."""
    def repeat():
        asked = placing(new_customer(), product)
        assert edge.call("orders.command", asked)["status"] == "ok"
        nobody = item("orders.place", {"items": [line(product)]}, item_id=asked["id"])
        assert edge.call("orders.command", nobody)["status"] == "key_reused"

    detected_late(stack, repeat)


# ---- secrets ----

def session_of(stack, api, user):
    """A refresh token, and a function that reads its session from the database."""
    body = {"grant_type": "password", "email": user.user["email"], "password": user.password}
    token = ok(api.post("/auth/token", body))["refresh_token"]
    return token, lambda: stack.sql("users", "SELECT rotated_at IS NOT NULL, revoked FROM sessions WHERE id = %s",
                                    token.partition(".")[0])


def test_no_tokens_are_given_for_a_key_that_was_used_before(stack, api, edge, new_customer):
    def repeat():
        user = new_customer()
        token, session = session_of(stack, api, user)
        asked = item("users.change", {"id": user.id, "name": "Grace"}, user.id)
        assert edge.call("users.command", asked)["status"] == "ok"
        reply = edge.call("users.command", item("tokens.refresh", {"refresh_token": token}, item_id=asked["id"]))
        assert reply["status"] == "key_reused" and "data" not in reply
        assert session() == [(False, False)]

    detected_late(stack, repeat, "svc-users")


def test_duplicates_are_checked_first_for_requests_that_hash_a_password(stack, edge):
    email = f"{uuid.uuid4().hex}@example.org"
    asked = item("users.register", {"email": email, "name": "Ada", "password": "12345678"})
    first, before = edge.call("users.password", asked), retried(stack, "svc-users")
    hashes = stack.metric("svc-users", "comanda_password_hashes_total")
    assert edge.call("users.password", again(asked)) == first and first["status"] == "ok"
    assert stack.metric("svc-users", "comanda_password_hashes_total") == hashes + 1
    assert retried(stack, "svc-users") == before


# ---- at the same moment ----

@pytest.fixture
def two_consumers(stack):
    """Starts a service with two command consumers."""
    started = []

    def start(service):
        started.append(service)
        stack.restart(service, COMANDA_CONSUMERS_COMMAND=2)
        eventually(lambda: stack.ready(service), timeout=30)

    yield start
    for service in started:
        stack.restart(service)
        eventually(lambda: stack.ready(service), timeout=30)


def sent_twice(stack, edge, service, asked, hold):
    """The answers to two sendings whose batches have reached the same point."""
    with stack.database(service) as holder:
        holder.execute(*hold)
        for sent in (asked, again(asked)):
            edge.send(f"{service}.command", sent)
        eventually(lambda: len(waiting_for_locks(stack, service)) >= 2)
    return edge.collect(2)


@pytest.mark.sanitizer
def test_two_consumers_process_the_same_request_once(stack, edge, two_consumers, new_customer, product):
    two_consumers("svc-orders")
    for _ in range(3):
        buyer = new_customer()
        replies = sent_twice(stack, edge, "orders", placing(buyer, product),
                             ["LOCK TABLE inbox_commands IN SHARE MODE"])
        assert replies[0] == replies[1] and replies[0]["status"] == "ok"
        assert orders_of(stack, buyer) == 1
        assert get_order(edge, buyer, replies[0]["data"]["id"])


def test_two_consumers_apply_the_same_change_of_a_product_once(stack, edge, admin, two_consumers, product):
    two_consumers("svc-products")
    for times in range(1, 4):
        asked = item("products.adjust_stock", {"id": product["id"], "delta": 5}, {"user_id": admin.id, "role": "admin"})
        replies = sent_twice(stack, edge, "products", asked,
                             ["SELECT 1 FROM products WHERE id = %s FOR UPDATE", [product["id"]]])
        assert replies[0] == replies[1] and replies[0]["data"]["on_hand"] == 100 + 5 * times


def test_two_consumers_answer_the_same_request_for_tokens_like_a_repeat(stack, api, edge, two_consumers,
                                                                              new_customer):
    """The answer is not recorded, because it has secrets; the lock of the session's row orders the two."""
    two_consumers("svc-users")
    token, session = session_of(stack, api, new_customer())
    asked = item("tokens.refresh", {"refresh_token": token})
    replies = sent_twice(stack, edge, "users", asked,
                         ["SELECT 1 FROM sessions WHERE id = %s FOR UPDATE", [token.partition(".")[0]]])
    assert [reply["status"] for reply in replies] == ["ok", "ok"]
    assert replies[0]["data"]["refresh_token"] != replies[1]["data"]["refresh_token"]
    assert session() == [(True, False)], "the second came within the grace that a lost answer has"
    assert stack.sql("users", "SELECT 1 FROM inbox_commands WHERE id = %s", asked["id"]) == []


@pytest.mark.parametrize("ends", ["commit", "rollback"])
def test_a_request_waits_for_another_batch_that_answers_its_key(stack, edge, new_customer, product, ends):
    """Another replica's batch has another request with the same key, and is still open."""
    buyer = new_customer()
    asked = placing(buyer, product)
    with stack.database("orders") as other:
        other.execute("INSERT INTO inbox_commands (id, received_at, request_hash, answer) VALUES (%s, now(), %s, '{}')",
                      [asked["id"], str(uuid.uuid4())])
        edge.send("orders.command", asked)
        eventually(lambda: waiting_for_locks(stack, "orders"))
        getattr(other.connection, ends)()
    assert edge.collect(1)[0]["status"] == {"commit": "key_reused", "rollback": "ok"}[ends]
    assert orders_of(stack, buyer) == (ends == "rollback")
