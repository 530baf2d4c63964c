"""The event log: listed, followed, shown, exported and imported; the timeline of an order; saga and outbox."""
import json
import re
import subprocess
import time
import uuid

import pytest

from harness.broker import event
from harness.waiting import SLOWNESS, eventually

LIFE = ["order.placed", "user.verified", "stock.reserved", "order.confirmed", "stock.sold"]


@pytest.fixture(scope="module")
def order(stack, customer, new_product, comanda):
    """A confirmed order, all of whose events are in the log."""
    made = customer.place([(new_product(), 2)], wait=10).json()
    assert made["status"] == "confirmed"
    eventually(lambda: len(comanda.json("events", "list", "--from", "5m", "--order", made["id"])) == 5, every=0.2)
    return made


def types(lines):
    return [line["event"]["type"].removeprefix("comanda.").removesuffix(".v1") for line in lines]


def test_events_are_chosen_by_filters(comanda, order):
    about = comanda.json("events", "list", "--order", order["id"])
    assert sorted(types(about)) == sorted(LIFE)
    product = order["items"][0]["product_id"]
    assert {"product.created", "order.placed", "stock.reserved", "stock.sold"} <= set(
        types(comanda.json("events", "list", "--product", product)))
    assert set(types(comanda.json("events", "list", "--user", order["user_id"], "--from", "1h"))) >= {
        "user.registered", "order.placed", "user.verified"}
    assert set(types(comanda.json("events", "list", "--order", order["id"], "--type", "stock."))) == {
        "stock.reserved", "stock.sold"}
    placed = about[types(about).index("order.placed")]
    assert sorted(types(comanda.json("events", "list", "--cause", placed["event"]["id"]))) == [
        "stock.reserved", "user.verified"]
    assert len(comanda.json("events", "list", "--limit", "3")) == 3


def test_positions_are_offsets_times_and_events(comanda, order):
    about = comanda.json("events", "list", "--order", order["id"])
    placed = next(line for line in about if line["event"]["type"] == "comanda.order.placed.v1")
    confirmed = next(line for line in about if line["event"]["type"] == "comanda.order.confirmed.v1")
    between = comanda.json("events", "list", "--from", placed["offset"], "--until", confirmed["offset"])
    offsets = [line["offset"] for line in between]
    assert offsets[0] == placed["offset"] and offsets[-1] == confirmed["offset"] and offsets == sorted(offsets)
    by_id = comanda.json("events", "list", "--from", placed["event"]["id"], "--until", confirmed["event"]["id"])
    assert by_id[0] == placed and by_id[-1] == confirmed
    by_time = comanda.json("events", "list", "--from", placed["event"]["time"], "--order", order["id"])
    assert sorted(types(by_time)) == sorted(LIFE)
    assert comanda.json("events", "list", "--until", "1h", "--order", order["id"]) == []


def test_one_event_is_shown_whole_by_id_and_by_offset(comanda, order):
    [line] = comanda.json("events", "list", "--order", order["id"], "--type", "order.placed")
    shown = comanda("events", "show", line["event"]["id"])
    head, text = shown.split("\n", 1)
    assert head == f"offset {line['offset']}" and json.loads(text) == line["event"]
    assert line in comanda.json("events", "show", line["offset"])


def test_a_line_has_offset_time_type_subject_and_summary(comanda, order):
    listed = comanda("events", "list", "--order", order["id"], "--type", "order.confirmed")
    assert re.fullmatch(rf" *\d+  \d\d:\d\d:\d\d\.\d\d\d  order\.confirmed  +{order['id']}  37\.80 EUR\n", listed)


@pytest.mark.parametrize("currency, shown", [("JPY", "1500 JPY"), ("KWD", "1.500 KWD"), ("EUR", "15.00 EUR")])
def test_an_amount_has_the_minor_units_of_its_currency(comanda, customer, new_product, currency, shown):
    made = customer.place([(new_product(price_cents=1500, currency=currency), 1)], wait=10).json()
    assert made["status"] == "confirmed"
    eventually(lambda: comanda.json("events", "list", "--order", made["id"], "--type", "order.confirmed"), every=0.2)
    assert comanda("events", "list", "--order", made["id"], "--type", "order.confirmed").endswith(f"  {shown}\n")
    assert comanda("order", made["id"]).splitlines()[0].endswith(f"  CONFIRMED  {shown}")


def test_tail_shows_events_as_they_happen(comanda, customer, new_product):
    product = new_product()
    following = comanda.follow("events", "tail", "--product", product["id"], "--limit", "3", "--json", "--from", "1m")
    try:
        customer.place([(product, 1)])
        output, _ = following.communicate(timeout=30 * SLOWNESS)
    finally:
        following.kill()
    assert types(json.loads(line) for line in output.splitlines())[:2] == ["product.created", "order.placed"]
    assert following.returncode == 0


def test_an_export_can_be_imported_into_a_log(stack, comanda, order, tmp_path):
    path = tmp_path / "events.jsonl"
    comanda("events", "export", path, "--order", order["id"])
    mark, *lines = path.read_text().splitlines()
    assert json.loads(mark)["comanda_events_export"] == 1
    assert [json.loads(line) for line in lines] == comanda.json("events", "list", "--order", order["id"])

    assert "--append" in comanda.error("events", "import", path)
    end = len(comanda.json("events", "list", "--order", order["id"]))
    comanda("events", "import", path, "--append")
    again = eventually(lambda: (found := comanda.json("events", "list", "--order", order["id"])) and
                       len(found) == 2 * end and found, every=0.2)
    assert [line["event"] for line in again[end:]] == [json.loads(line)["event"] for line in lines]


def test_a_file_that_is_no_export_changes_nothing(comanda, order, tmp_path):
    path = tmp_path / "file"
    path.write_text("hello\n")
    assert "is no export" in comanda.error("events", "import", path, "--append")
    path.write_text("")
    assert "is empty" in comanda.error("events", "import", path, "--append")
    comanda("events", "export", path, "--order", order["id"])
    path.write_text(path.read_text()[:-20])
    assert "cut off" in comanda.error("events", "import", path, "--append")
    assert "No such file" in comanda.error("events", "import", tmp_path / "nothing")


def test_a_wrong_command_line_is_an_error_in_one_line(comanda):
    assert "no command" in comanda.error("bake")
    assert "which one" in comanda.error("dead")
    assert "takes no" in comanda.error("events", "list", "--color")
    assert "needs a value" in comanda.error("events", "list", "--type")
    assert "is no id" in comanda.error("order", "hello")
    assert "missing" in comanda.error("events", "show")
    assert "no offset, no time" in comanda.error("events", "list", "--from", "yesterday")
    assert "no service" in comanda.error("dead", "list", "--service", "kitchen")


def test_an_unknown_event_type_is_an_error(comanda):
    for command in ("list", "tail"):
        for kind in ("nope", "order", "nope.", "", "order.deadline", "orders.place"):
            assert "is no event type" in comanda.error("events", command, "--type", kind), kind
    assert "is no event type" in comanda.error("events", "export", "-", "--type", "nope")
    assert "is no event type" in comanda.error("replay", "--type", "nope")


def test_a_reversed_range_is_an_error(comanda, customer, new_product):
    placed = customer.place([(new_product(), 1)], wait=10).json()["id"]  # its own: another test imports copies of events
    about = eventually(lambda: len(lines := comanda.json("events", "list", "--order", placed)) == 5 and lines, every=0.2)
    first, last = about[0], about[-1]
    places = {"offset": lambda line: line["offset"], "id": lambda line: line["event"]["id"],
              "time": lambda line: line["event"]["time"]}
    for start in places.values():
        for end in places.values():
            assert comanda.json("events", "list", "--from", start(first), "--until", end(last))
            error = comanda.error("events", "list", "--from", start(last), "--until", end(first))
            assert "lies before" in error and "beginning" in error
    assert "lies before" in comanda.error("events", "list", "--from", "1m", "--until", "5m")
    assert "lies before" in comanda.error("events", "export", "-", "--from", "1m", "--until", "5m")
    assert "lies before" in comanda.error("replay", "--from", "1m", "--until", "5m")


def test_a_limit_is_at_least_one(comanda):
    for words in (["events", "list"], ["events", "tail"], ["events", "export", "-"], ["replay"], ["dead", "list"],
                  ["dead", "drop"], ["dead", "redrive"], ["saga"], ["outbox"]):
        assert "must be at least 1" in comanda.error(*words, "--limit", "0")
        assert "too large" in comanda.error(*words, "--limit", "99999999999999999999")


def test_an_id_selects_only_aggregates_of_its_kind(comanda, order):
    product = order["items"][0]["product_id"]
    assert comanda.json("events", "list", "--product", product)
    assert comanda.json("events", "list", "--order", product) == []
    assert comanda.json("events", "list", "--user", order["id"]) == []
    assert comanda.json("events", "list", "--product", order["id"]) == []
    for other in (product, order["user_id"]):
        assert "there is no such order" in comanda.error("order", other)


def test_missing_rights_and_a_missing_broker_are_errors(stack):
    comanda_bin = f"{stack['COMANDA_BIN']}/comanda"

    def run(*arguments, **environment):
        done = subprocess.run([comanda_bin, *arguments], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    assert "COMANDA_BROKER_URL must be set" in run("events", "list")
    assert "may not read events.log" in run("events", "list", COMANDA_BROKER_URL=stack["COMANDA_BROKER_URL_EDGE_HTTP"])
    assert "cannot be reached" in run("events", "list", COMANDA_BROKER_URL="amqp://a:b@127.0.0.1:9/comanda")
    assert "COMANDA_DATABASE_URL_ORDERS must be set" in run("saga")


# ---- one order ----

def test_the_timeline_of_an_order_has_receivers_times_and_states(comanda, order):
    [timeline] = comanda.json("order", order["id"])
    assert timeline["state"] == "CONFIRMED" and timeline["total_cents"] == 3780 and timeline["asked"]
    events = {event["type"]: event for event in timeline["events"]}
    assert set(events) == set(LIFE)
    received = {(kind, receiver["service"]): receiver for kind, event in events.items() for receiver in event["consumers"]}
    assert set(received) == {("order.placed", "users"), ("order.placed", "products"), ("user.verified", "orders"),
                          ("stock.reserved", "orders"), ("order.confirmed", "products")}
    assert all(receiver["handled"] and receiver["attempts"] == 1 for receiver in received.values())
    assert received["order.placed", "users"]["answered_after_us"] > 0
    assert received["order.placed", "products"]["waited_us"] > 0 and received["order.placed", "products"]["decided_in_us"] >= 0
    assert events["order.placed"]["state"] == "PENDING" and events["order.confirmed"]["state"] == "CONFIRMED"
    assert {events["user.verified"]["state"], events["stock.reserved"]["state"]} in (
        {"USER_KNOWN", "CONFIRMED"}, {"STOCK_HELD", "CONFIRMED"})
    assert events["order.placed"]["cause"] == timeline["request_id"]


def test_the_drawing_has_a_column_per_service_and_fits_80_columns(comanda, order):
    drawn = comanda("order", order["id"])
    lines = drawn.splitlines()
    assert max(len(line) for line in lines) <= 80, drawn
    assert "orders                  users                   products" in drawn
    assert re.search(r"ms ●─ order\.placed ─+►┼─+►│  PENDING", drawn)
    assert re.search(r"ms │◄─+ user\.verified ─● +│  ", drawn)
    assert re.search(r"ms ●─ order\.confirmed ─+┼─+►│  CONFIRMED", drawn)


@pytest.mark.slow
def test_answers_stand_in_the_order_in_which_orders_processed_them(stack, comanda, customer, product, as_user):
    stack.stop("svc-users")
    try:
        placed = customer.place([(product, 1)]).json()
        eventually(lambda: stack.sql("orders", "SELECT state FROM orders WHERE id = %s", placed["id"]) == [(2,)])
        verified = event("user.verified", "svc-users", placed["id"], {"order_id": placed["id"], "user_id": customer.id})
        verified["time"] = placed["created_at"]  # made before the other answer, processed after it
        as_user("svc-users").publish_events(verified)
        eventually(lambda: customer.is_settled(placed["id"]))

        def states():
            [timeline] = comanda.json("order", placed["id"])
            found = [(step["type"], step["state"]) for step in timeline["events"]]
            assert len(found) == 5
            return found

        assert eventually(states)[:4] == [("order.placed", "PENDING"), ("stock.reserved", "STOCK_HELD"),
                                          ("user.verified", "CONFIRMED"), ("order.confirmed", "CONFIRMED")]
    finally:
        stack.start("svc-users")


def test_no_time_of_an_order_is_negative_after_a_replay(comanda, customer, new_product):
    placed = customer.place([(new_product(), 1)], wait=10).json()["id"]
    eventually(lambda: len(comanda.json("events", "list", "--from", "5m", "--order", placed)) == 5, every=0.2)
    comanda("replay", "--order", placed, "--type", "order.placed", "--service", "products", "--force", "--reason", "test",
            "--yes", "--send")

    def repeated():
        [timeline] = comanda.json("order", placed)
        received = [receiver for step in timeline["events"] for receiver in step["consumers"]]
        times = [receiver[name] for receiver in received for name in ("waited_us", "decided_in_us", "answered_after_us")]
        assert all(time is None or time >= 0 for time in times), received
        assert [receiver["service"] for receiver in received if receiver["repeated"]] == ["products"]
        return [timeline]

    eventually(repeated, every=0.2)
    drawn = comanda("order", placed)
    assert "products answered after" in drawn and "took it again after" in drawn and "-" not in re.sub(r"\S+-\S+", "", drawn)


def test_a_refused_order_has_a_reason(comanda, customer, new_product):
    refused = customer.place([(new_product(on_hand=0), 1)], wait=10).json()["order"]["id"]
    [timeline] = comanda.json("order", refused)
    assert timeline["state"] == "REJECTED" and timeline["reason"].startswith("out_of_stock")


def test_an_unknown_order_is_an_error(comanda):
    assert "there is no such order" in comanda.error("order", uuid.uuid4())


# ---- saga and outbox ----

@pytest.mark.slow
def test_saga_shows_what_an_open_order_waits_for(stack, comanda, customer, product):
    stack.stop("svc-products")
    try:
        placed = customer.place([(product, 1)]).json()["id"]

        def waits_for_products():
            [open_order] = [line for line in comanda.json("saga", "--limit", "1000") if line.get("order_id") == placed]
            return open_order["state"] == "USER_KNOWN" and open_order["waits_for"] == "products"

        eventually(waits_for_products, every=0.2)
        shown = comanda("saga")
        assert placed in shown and re.search(r"products\.events +\d+ waiting +0 consumers", shown)
        drawn = comanda("order", placed)
        assert "products has not handled it yet" in drawn and "It waits for products, until" in drawn
    finally:
        stack.start("svc-products")
    eventually(lambda: customer.is_settled(placed))
    counts = {line["state"]: line["orders"] for line in comanda.json("saga") if "orders" in line}
    assert counts["CONFIRMED"] == stack.sql("orders", "SELECT count(*) FROM orders WHERE state = 3")[0][0]


def open_order(comanda, order):
    """What `saga` and `order` say of an open order; both say the same."""
    [line] = [line for line in comanda.json("saga", "--limit", "1000") if line.get("order_id") == order]
    [timeline] = comanda.json("order", order)
    assert all(line[name] == timeline[name] for name in ("waits_for", "place", "command")), (line, timeline)
    return line


@pytest.mark.slow
def test_after_a_purged_queue_the_lost_event_is_named_and_the_command_helps(stack, comanda, customer, product, settled):
    settled()
    stack.stop("svc-products")
    try:
        placed = customer.place([(product, 1)]).json()["id"]
        eventually(lambda: open_order(comanda, placed)["place"] == "order.placed waits in products.events, which has no consumer")
        stack.management("DELETE", "queues/comanda/products.events/contents")
    finally:
        stack.start("svc-products")

    def lost():
        found = open_order(comanda, placed)
        assert found["waits_for"] == "products"
        assert found["place"] == "order.placed is not in products.events: lost, or held by svc-products"
        return found

    comanda(*eventually(lost, every=0.5)["command"].split()[1:])
    assert eventually(lambda: customer.is_settled(placed))["status"] == "confirmed"


@pytest.mark.slow
def test_after_a_removed_binding_the_service_that_did_not_answer_is_not_the_one_that_did(
        stack, comanda, customer, product, settled):
    settled()
    binding = "bindings/comanda/e/events/q/orders.events"
    assert stack.management("DELETE", f"{binding}/user.verified").ok
    try:
        placed = customer.place([(product, 1)]).json()["id"]

        def lost():
            found = open_order(comanda, placed)
            assert found["waits_for"] == "orders"
            assert found["place"] == "user.verified is not in orders.events: lost, or held by svc-orders"
            return found

        command = eventually(lost, every=0.5)["command"]
        drawn = comanda("order", placed)
        assert "It waits for orders, until" in drawn and command in drawn
    finally:
        assert stack.management("POST", binding, data=json.dumps({"routing_key": "user.verified"})).ok
    comanda(*command.split()[1:])
    assert eventually(lambda: customer.is_settled(placed))["status"] == "confirmed"


def test_a_parked_row_is_shown_and_released(stack, comanda, settled):
    settled()
    assert all(line["parked"] == 0 for line in comanda.json("outbox"))
    row = str(uuid.uuid4())
    message = {"specversion": "1.0", "id": row, "type": "comanda.order.cancelled.v1", "source": "/svc-orders",
               "subject": row, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "sequence": 1, "data": {}}
    stack.sql("orders", "INSERT INTO outbox (id, exchange, routing_key, type, subject, body, created_at, due_at, attempts,"
                        " parked) VALUES (%s, '', 'orders.nowhere', 'order.cancelled', %s, %s, now(), now(), 5, true)",
              row, row, json.dumps(message).encode())
    try:
        counts = {line["service"]: line["parked"] for line in comanda.json("outbox", code=1) if "waiting" in line}
        assert counts == {"users": 0, "products": 0, "orders": 1}
        assert f"{row}  order.cancelled" in comanda("outbox", code=1)
        assert "no parked row" in comanda.error("outbox", "release", uuid.uuid4())
        comanda("outbox", "release", row)
        [left] = [line for line in comanda.json("outbox", "--service", "orders", code=None) if line.get("id") == row]
        assert not left["parked"] and left["attempts"] == 0
    finally:
        stack.sql("orders", "DELETE FROM outbox WHERE id = %s", row)


def test_every_command_has_help_with_examples_that_name_it(comanda):
    listed = [name.strip() for name in re.findall(r"^  comanda ([a-z ]{17})", comanda("--help"), re.M)]
    assert len(listed) >= 18
    for name in listed:
        text = comanda(*name.split(), "--help")
        assert text.startswith(f"usage: comanda {name}") and f"  comanda {name}" in text.split("examples:")[1]
        assert max(len(line) for line in text.splitlines() if not line.startswith("  comanda ")) <= 80, text


def test_on_a_terminal_of_80_columns_no_line_is_cut_and_no_column_is_missing(comanda, order):
    plain = re.compile(r"\x1b\[\d+m")

    def lines(*words):
        return plain.sub("", comanda.terminal(80, *words)).splitlines()

    assert max(map(len, lines("--help"))) <= 80
    for name in re.findall(r"^  comanda ([a-z ]{17})", comanda("--help"), re.M):
        shown = [line for line in lines(*name.split(), "--help") if not line.startswith("  comanda ")]
        assert max(map(len, shown)) <= 80, name
    assert max(map(len, lines("topology", "show"))) <= 80
    listed = lines("events", "list", "--order", order["id"], "--type", "order.confirmed")
    assert max(map(len, listed)) <= 80 and listed[0].split()[1:3] == ["time", "(UTC)"] and listed[2].strip() == "37.80 EUR"


def test_times_say_that_they_are_utc(comanda, order):
    assert "All times are UTC" in comanda("--help")
    assert re.search(r"asked to place it .*\d\d:\d\d:\d\d\.\d\d\d UTC$", comanda("order", order["id"]), re.M)
