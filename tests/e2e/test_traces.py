"""One order is one trace, across four programs, as a collector sees it."""
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.broker import Broker, item
from harness.collector import CLIENT, CONSUMER, INTERNAL, PRODUCER, SERVER, Collector
from harness.waiting import SLOWNESS, eventually
from harness.rest import is_served, ok
from harness.stack import PROGRAMS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def collector(stack, customer):
    """All programs export their spans to a collector; afterwards none does."""
    with Collector() as collector:
        for program in PROGRAMS:
            stack.restart(program, COMANDA_OTLP_URL=collector.url)
        eventually(lambda: is_served(customer))
        yield collector
        for program in PROGRAMS:
            stack.restart(program)
    eventually(lambda: is_served(customer))


def new_trace():
    trace, span = uuid.uuid4().hex, uuid.uuid4().hex[:16]
    return trace, span, f"00-{trace}-{span}-01"


# program, kind, name < name of its parent
ORDER = """
edge-http     SERVER    POST /v1/orders          <
edge-http     CLIENT    orders.place             < POST /v1/orders
svc-orders    SERVER    orders.place             < orders.place
svc-orders    PRODUCER  publish order.placed     < orders.place
svc-users     CONSUMER  process order.placed     < publish order.placed
svc-users     PRODUCER  publish user.verified    < process order.placed
svc-orders    CONSUMER  process user.verified    < publish user.verified
svc-products  CONSUMER  process order.placed     < publish order.placed
svc-products  PRODUCER  publish stock.reserved   < process order.placed
svc-orders    CONSUMER  process stock.reserved   < publish stock.reserved
svc-products  CONSUMER  process order.confirmed  < publish order.confirmed
svc-products  PRODUCER  publish stock.sold       < process order.confirmed
"""
KINDS = {"SERVER": SERVER, "CLIENT": CLIENT, "PRODUCER": PRODUCER, "CONSUMER": CONSUMER}


def rows(spans):
    """The spans as rows like those above; spans of batches and round trips are checked separately."""
    by_id, names = {span.id: span for span in spans}, {number: name for name, number in KINDS.items()}
    found = set()
    for span in spans:
        if span.kind == INTERNAL or "db.system.name" in span.attributes:
            continue
        parent = by_id.get(span.parent)
        found.add((span.program, names[span.kind], span.name, parent.name if parent else ""))
    return found


def wanted_rows():
    lines = [re.fullmatch(r"(\S+) +(\S+) +(.+?) +<(?: (.+))?", line).groups("") for line in ORDER.strip().splitlines()]
    return set(lines)


def test_one_order_is_one_trace_across_four_programs_with_the_right_parents(collector, customer, product):
    trace, client, header = new_trace()
    answer = customer.call("POST", "/orders", json={"items": [{"product_id": product["id"], "quantity": 1}]},
                           headers={"Idempotency-Key": str(uuid.uuid4()), "traceparent": header})
    order = ok(answer, 202)

    def whole():
        spans = collector.trace(trace)
        missing = wanted_rows() - rows(spans)
        assert not missing, (missing, sorted(map(str, spans)))
        return spans

    spans = eventually(whole, timeout=20)
    confirmed = [row for row in rows(spans) if row[2] == "publish order.confirmed"]
    assert confirmed and confirmed[0][3] in ("process user.verified", "process stock.reserved"), "the later of the two"
    assert rows(spans) == wanted_rows() | set(confirmed)
    ids = {span.id: span for span in spans}
    assert len(ids) == len(spans), "no span is exported twice"
    assert {span.program for span in spans} == set(PROGRAMS)
    for span in spans:
        assert span.start <= span.end and not span.failed
        assert span.parent in ids or span.parent == client, f"{span} hangs in the air"
    about = {span.attributes["comanda.order_id"] for span in spans if "comanda.order_id" in span.attributes}
    assert about == {order["id"]}


def test_a_batch_span_and_its_round_trips_are_below_the_message_span(collector, customer, product):
    trace, _, header = new_trace()
    answer = customer.call("POST", "/orders", json={"items": [{"product_id": product["id"], "quantity": 1}]},
                           headers={"Idempotency-Key": str(uuid.uuid4()), "traceparent": header})
    ok(answer, 202)

    def found():
        spans = {span.id: span for span in collector.trace(trace)}
        batch = next((span for span in spans.values() if span.name == "batch orders.command"), None)
        assert batch, spans
        return spans, batch

    spans, batch = eventually(found)
    assert spans[batch.parent].name == "orders.place" and spans[batch.parent].program == "svc-orders"
    trips = [span for span in spans.values() if span.parent == batch.id]
    assert [trip.kind for trip in trips] == [CLIENT] * 2, trips
    names = " | ".join(trip.name for trip in sorted(trips, key=lambda trip: trip.start))
    assert re.fullmatch(r"BEGIN inbox_insert_answers order_insert\w* .*outbox_insert\w* \| COMMIT", names), names
    for trip in trips:
        assert batch.start <= trip.start <= trip.end <= batch.end


def test_a_batch_span_is_linked_to_each_of_its_messages(stack, collector, product):
    """Many requests in one message are one batch."""
    edge = Broker(stack["COMANDA_BROKER_URL_EDGE_HTTP"])
    asked, traces = [], []
    for _ in range(5):
        trace, _, header = new_trace()
        traces.append(trace)
        asked.append(item("products.get", {"id": product["id"]}) | {"traceparent": header})
    edge.call("products.query", asked)
    edge.close()

    def linked():
        for span in collector.all():
            if span.name == "batch products.query" and {link[0] for link in span.links} >= set(traces):
                return span
        raise AssertionError("no batch is linked to all of them")

    batch = eventually(linked)
    assert batch.parent is None and batch.trace not in traces
    for trace, span in batch.links:
        if trace in traces:
            assert [found.id for found in collector.trace(trace) if found.name == "products.get"] == [span]


def test_what_is_not_sampled_is_not_recorded(collector, customer):
    trace, span, header = new_trace()
    ok(customer.call("GET", f"/users/{customer.id}", headers={"traceparent": header[:-1] + "0"}))
    seen, _, header = new_trace()
    ok(customer.call("GET", f"/users/{customer.id}", headers={"traceparent": header}))
    eventually(lambda: {found.program for found in collector.trace(seen)} == {"edge-http", "svc-users"})
    assert collector.trace(trace) == []


def dropped(stack, program):
    return stack.metric(program, "comanda_spans_total", result="dropped")


def memory(stack):
    return {program: stack.metric(program, "process_resident_memory_bytes") for program in PROGRAMS}


def test_an_unavailable_collector_costs_no_memory_and_no_order(stack, collector, customer, new_product):
    """The last test of this file: the collector does not come back."""
    product = new_product(on_hand=100_000)
    collector.__exit__()

    def burst(orders):
        with ThreadPoolExecutor(8) as threads:
            assert {answer.status_code for answer in
                    threads.map(lambda _: customer.place([(product, 1)]), range(orders))} == {202}

    while not dropped(stack, "svc-orders"):
        burst(100)
    before = memory(stack)
    burst(400)
    after = memory(stack)
    for program in PROGRAMS if SLOWNESS == 1 else ():  # sanitizers need memory of their own
        assert after[program] - before[program] < 3_000_000, program
    ok(customer.place([(product, 1)], wait=10), 201)
