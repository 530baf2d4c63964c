"""Events of the log sent again: nothing takes effect twice without --force."""
import hashlib
import time
import uuid

import pytest

from harness.waiting import eventually

PROCESSED = "SELECT id FROM inbox_events UNION SELECT unnest(ids) FROM processed_events"
# The state of a service, without the times at which it processed events.
STATE = {
    "users": ["SELECT * FROM users", "SELECT * FROM email_claims", "SELECT * FROM sessions", "SELECT * FROM deadlines"],
    "products": ["SELECT * FROM products", "SELECT * FROM sku_claims", "SELECT * FROM reservations",
                 "SELECT subject, type FROM deadlines", PROCESSED],
    "orders": ["SELECT * FROM orders", "SELECT subject, type FROM deadlines", PROCESSED],
}


def digests(stack):
    """A digest of each database."""
    found = {}
    for service, statements in STATE.items():
        digest = hashlib.sha256()
        for statement in statements:
            for row in stack.sql(service, f"SELECT t::text FROM ({statement}) AS t ORDER BY 1"):
                digest.update(row[0].encode() + b"\n")
        found[service] = digest.hexdigest()
    return found


@pytest.fixture
def all_processed(comanda, settled):
    """Other tests leave events that no consumer has processed. They are processed now."""
    comanda.json("replay", "--send")
    settled()


@pytest.fixture
def some_orders(customer, new_product, settled):
    """Orders with every end that does not need a deadline."""
    plenty, scarce = new_product(on_hand=50), new_product(on_hand=1)
    placed = [customer.place([(plenty, 1 + n)]).json()["id"] for n in range(4)]
    placed += [customer.place([(scarce, 1), (plenty, 1)]).json()["id"] for _ in range(3)]
    cancelled = customer.place([(plenty, 2)]).json()["id"]
    customer.post(f"/orders/{cancelled}/cancel", {})
    for order in placed + [cancelled]:
        eventually(lambda: customer.is_settled(order))
    settled()
    return placed


def test_the_whole_log_replayed_twice_changes_nothing(stack, comanda, all_processed, some_orders, settled):
    before = digests(stack)
    plan = comanda.json("replay")
    assert len(plan) > 20 and not any(delivery["sent"] for delivery in plan)
    assert {delivery["queue"] for delivery in plan} == {"users.events", "products.events", "orders.events"}
    assert digests(stack) == before
    for _ in range(2):
        sent = comanda.json("replay", "--send")
        assert len(sent) >= len(plan) and all(delivery["sent"] for delivery in sent)
        settled()
        assert digests(stack) == before


def test_a_dry_run_shows_the_effect_on_each_consumer(comanda, some_orders):
    plan = comanda.json("replay", "--order", some_orders[0])
    effects = {(delivery["type"], delivery["queue"]): delivery["effect"] for delivery in plan}
    assert effects == {
        ("order.placed", "users.events"): "the same answer again, which has no effect",
        ("order.placed", "products.events"): "no effect: handled before",
        ("user.verified", "orders.events"): "no effect: handled before",
        ("stock.reserved", "orders.events"): "no effect: handled before",
        ("order.confirmed", "products.events"): "no effect: handled before",
    }
    shown = comanda("replay", "--order", some_orders[0])
    assert "5 deliveries; 4: no effect" in shown and "Nothing was sent" in shown


@pytest.mark.parametrize("late", ["2 seconds", "20 minutes"])
def test_what_was_processed_late_is_found(stack, comanda, some_orders, late):
    [planned] = comanda.json("replay", "--order", some_orders[0], "--type", "order.confirmed")
    event = planned["event_id"]
    shift = "UPDATE processed_events SET received_at = received_at {} %s::interval WHERE %s = ANY(ids) RETURNING 1"
    assert stack.sql("products", shift.format("+"), late, event) == [(1,)]
    try:
        [delivery] = comanda.json("replay", "--event", event)
        assert delivery["effect"] == "no effect: handled before"
    finally:
        stack.sql("products", shift.format("-"), late, event)


def test_lost_answers_are_found_in_the_log_and_sent_again(stack, comanda, customer, product):
    order = place_and_lose_the_answers(stack, customer, product)
    assert customer.order(order)["status"] == "pending"
    plan = comanda.json("replay", "--order", order, "--type", "order.placed", "--resend-outputs")
    assert {delivery["type"]: delivery["effect"] for delivery in plan} == {
        "user.verified": "will be handled: it never was", "stock.reserved": "will be handled: it never was"}
    comanda("replay", "--order", order, "--type", "order.placed", "--resend-outputs", "--send")
    assert eventually(lambda: customer.is_settled(order))["status"] == "confirmed"


def place_and_lose_the_answers(stack, customer, product):
    """Binds orders.events to no answer while one order is placed, as a mistaken operator would."""
    bindings = [("events", key) for key in ("user.verified", "stock.reserved")]
    for exchange, key in bindings:
        done = stack.management("DELETE", f"bindings/comanda/e/{exchange}/q/orders.events/{key}")
        assert done.status_code == 204, done.text
    try:
        order = customer.place([(product, 1)]).json()["id"]
        eventually(lambda: len(_answers(stack, order)) == 2, every=0.2)
    finally:
        stack.dev("ctl", "topology", "apply")
    return order


def _answers(stack, order):
    listed = stack.dev("ctl", "events", "list", "--from", "2m", "--order", order, "--json").stdout
    return [line for line in listed.splitlines() if "user.verified" in line or "stock.reserved" in line]


def test_a_forced_replay_needs_a_reason_and_a_yes_and_leaves_an_audit_event(stack, comanda, some_orders, settled):
    [planned] = comanda.json("replay", "--order", some_orders[0], "--type", "order.confirmed")
    event = planned["event_id"]
    once = ["replay", "--event", event, "--force", "--send"]
    assert "--reason" in comanda.error(*once)
    reason = f"the stock of a backup lacked it ({uuid.uuid4()})"
    processed = ("SELECT received_at FROM (SELECT id, received_at FROM inbox_events UNION ALL SELECT unnest(ids), received_at"
               " FROM processed_events) AS handled WHERE id = %s")
    before = stack.sql("products", processed, event)
    assert len(before) == 1
    _, error = comanda.run(*once, "--reason", reason, code=2)
    assert "--yes" in error and stack.sql("products", processed, event) == before

    [delivery] = comanda.json(*once, "--reason", reason, "--yes")
    assert delivery["effect"] == "TAKES EFFECT AGAIN"
    eventually(lambda: stack.sql("products", processed, event) > before)
    assert len(stack.sql("products", processed, event)) == 1, "the record of the first time is deleted"
    audits = [line["event"] for line in comanda.json("events", "list", "--from", "5m", "--type", "operator.replayed")]
    [audit] = [audit for audit in audits if audit["data"]["reason"] == reason]
    assert audit["data"]["events"] == [event] and audit["data"]["queues"] == ["products.events"]
    assert audit["data"]["by"] and audit["data"]["host"] and audit["source"] == "/operator"


def test_what_is_not_in_the_log_is_reported(comanda):
    assert "there is no event" in comanda.error("replay", "--from", "01930a3e-7c00-7b1a-8f00-000000000050")
    assert "no event in events.log" in comanda.error("replay", "--event", uuid.uuid4())
    ahead = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    assert "future" in comanda.error("replay", "--from", ahead)
    assert "there is no offset" in comanda.error("replay", "--from", "999999999")
