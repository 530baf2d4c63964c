"""Monitoring of a live stack: metrics, a dashboard without an empty panel, and alerts that fire and resolve."""
import json
import re
import subprocess
import threading
import uuid
from contextlib import contextmanager

import pytest

from harness.broker import Broker, close_connections
from harness.waiting import eventually
from harness.prometheus import OBSERVABILITY, Prometheus
from harness.rest import is_served, ok
from harness.stack import PROGRAMS, ROOT, move_deadline


@pytest.fixture(scope="module")
def prometheus(stack, tmp_path_factory):
    for service in ("users", "products", "orders"):  # dead letters of other tests do not matter here
        stack.management("DELETE", f"queues/comanda/{service}.dead/contents")
    with Prometheus(stack, tmp_path_factory.mktemp("prometheus")) as prometheus:
        yield prometheus


@pytest.fixture(scope="module")
def busy(stack, customer, new_product):
    """Traffic of every kind, so that all metrics have values."""
    product = new_product()
    for _ in range(3):
        ok(customer.place([(product, 1)], wait=10), 201)
        ok(customer.get(f"/products/{product['id']}"))
    customer.get(f"/products/{uuid.uuid4()}")
    return product


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, cwd=OBSERVABILITY,
                          timeout=60)
    assert done.returncode == 0 and not done.stderr, f"promtool {' '.join(arguments)}:\n{done.stdout}{done.stderr}"


def test_promtool_finds_no_fault_in_rules_and_configuration():
    promtool("check", "rules", "alerts.yml")
    promtool("test", "rules", "alerts_test.yml")
    promtool("check", "config", "--syntax-only", "prometheus.yml")


@pytest.mark.parametrize("program", PROGRAMS)
def test_promtool_accepts_the_metrics_of_each_program(stack, busy, program):
    promtool("check", "metrics", text=stack.admin(program, "metrics").text)


# ---- the documentation ----

DOCUMENTED = re.compile(r"^\| `(\w+)` \| (counter|gauge|histogram) \| ([^|]*?) \| ([^|]*?) \|$", re.M)
DECLARED = re.compile(r"static struct metric \w+ = \{(.*?)\};", re.S)


def documented():
    """{name: (type, labels, help)} as docs/reference/metrics.md has them."""
    rows = DOCUMENTED.findall((ROOT / "docs" / "reference" / "metrics.md").read_text())
    return {name: (kind, tuple(re.findall(r"`(\w+)`", labels)), text) for name, kind, labels, text in rows}


def declared():
    """The same, from the sources."""
    found = {}
    for path in sorted(ROOT.glob("**/*.c")):
        if "tests" in path.parts or "build" in path.parts:
            continue
        for body in DECLARED.findall(path.read_text()):
            text = {name: "".join(re.findall(r'"([^"]*)"', value))
                    for name, value in re.findall(r'\.(name|help|label|second) =\s*((?:"[^"]*"\s*)+)', body)}
            labels = tuple(text[label] for label in ("label", "second") if label in text)
            found[text["name"]] = (re.search(r"\.type = (\w+)", body)[1].lower(), labels, text["help"])
    return found


def test_every_metric_is_documented_as_it_is_declared():
    rows = {f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {text} |"
            for name, (kind, labels, text) in declared().items()}
    table = set((ROOT / "docs" / "reference" / "metrics.md").read_text().splitlines())
    assert rows <= table, "missing:\n" + "\n".join(sorted(rows - table))
    assert set(documented()) == set(declared())


def test_programs_report_only_documented_metrics(stack, busy):
    known = documented()
    for program in PROGRAMS:
        types = re.findall(r"^# TYPE (\w+) (\w+)$", stack.admin(program, "metrics").text, re.M)
        assert {(name, kind) for name, kind in types} <= {(name, known[name][0]) for name in known}, program


def test_every_alert_has_a_section_in_the_runbook():
    rules = re.findall(r"- alert: (\w+)", (OBSERVABILITY / "alerts.yml").read_text())
    assert rules == re.findall(r"^### (Comanda\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.M)


# ---- the dashboard ----


def dashboard_queries():
    dashboard = json.loads((OBSERVABILITY / "grafana" / "dashboards" / "comanda.json").read_text())
    queries = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(queries) > 25
    return queries


def test_every_query_of_the_dashboard_finds_something(stack, prometheus, customer, busy):
    def place():
        while not done.wait(0.2):
            customer.place([(busy, 1)])
            customer.get(f"/products/{busy['id']}")

    done = threading.Event()
    placing = threading.Thread(target=place)
    placing.start()
    try:
        for title, query in dashboard_queries():
            query = query.replace("$__rate_interval", "10s")
            try:
                eventually(lambda: prometheus.query(query), timeout=20, every=0.3)
            except AssertionError as error:
                raise AssertionError(f"{title}: nothing by {query}") from error
    finally:
        done.set()
        placing.join()


# ---- the alerts ----


@contextmanager
def a_service_stopped(stack, customer):
    """Stops svc-products, and leaves an order past its deadline."""
    stack.stop("svc-products")
    try:
        product = {"id": str(uuid.uuid4())}
        order = ok(customer.place([(product, 1)]), 202)["id"]
        stack.sql("orders", "UPDATE orders SET expires_at = now() - interval '1 hour' WHERE id = %s", order)
        move_deadline(stack, order, "now() + interval '1 day'")
        yield
        move_deadline(stack, order, "now()")
    finally:
        stack.start("svc-products")


@contextmanager
def rows_in_the_outbox(stack):
    """Inserts an outbox row of an hour ago that is due tomorrow, and a parked row."""
    stack.sql("users", "INSERT INTO outbox (id, exchange, routing_key, type, body, created_at, due_at, parked) VALUES"
                       " (gen_random_uuid(), 'events', 'user.test', 'user.test', '{}', now() - interval '1 hour',"
                       "  now() + interval '1 day', false),"
                       " (gen_random_uuid(), 'events', 'user.test', 'user.test', '{}', now(), now(), true)")
    try:
        yield
    finally:
        stack.sql("users", "DELETE FROM outbox WHERE routing_key = 'user.test'")


@contextmanager
def a_user_shut_out(stack):
    """The broker refuses connections of svc-users."""
    path = "permissions/comanda/svc-users"
    rights = {name: text for name, text in stack.management("GET", path).json().items()
              if name in ("configure", "write", "read")}
    stack.management("DELETE", path)
    try:
        eventually(lambda: close_connections(stack, "svc-users"))
        yield
    finally:
        assert stack.management("PUT", path, json=rights).ok


@contextmanager
def a_dead_letter(stack):
    broker = Broker(stack["COMANDA_BROKER_URL"])
    text = f"this is no event {uuid.uuid4()}".encode()
    broker.publish("", "orders.events", text)
    try:
        yield
    finally:
        broker.dead("orders", lambda body: body == text)
        broker.close()


@contextmanager
def somebody_asking(api, product):
    """Requests answered 5xx while svc-products is stopped."""
    def ask():
        while not done.wait(0.05):
            api.get(f"/products/{product['id']}")

    done = threading.Event()
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


@pytest.mark.slow
def test_every_alert_fires_when_it_is_caused_and_resolves_when_it_is_mended(stack, prometheus, api, customer, busy):
    every = set(re.findall(r"- alert: (\w+)", (OBSERVABILITY / "alerts.yml").read_text()))
    eventually(lambda: prometheus.query("up == 1") and not prometheus.firing(), timeout=30)

    def all_fire():
        firing = prometheus.firing()
        assert set(firing) == every, f"not yet: {every - set(firing)}; not asked for: {set(firing) - every}"
        return firing

    def none_fires():
        firing = prometheus.firing()
        assert not firing, firing
        return True

    with somebody_asking(api, busy):
        with a_service_stopped(stack, customer), rows_in_the_outbox(stack), a_user_shut_out(stack), a_dead_letter(stack):
            firing = eventually(all_fire, timeout=60, every=0.3)
        eventually(none_fires, timeout=60, every=0.3)
    assert {alert["job"] for alert in firing["ComandaDown"]} == {"svc-products"}
    assert {alert["queue"].split(".")[0] for alert in firing["ComandaQueueWithoutConsumer"]} <= {"products", "users"}
    assert {alert["job"] for alert in firing["ComandaConsumerNotReady"]} == {"svc-users"}
    assert {alert["job"] for alert in firing["ComandaOutboxOld"]} == {"svc-users"}
    assert [alert["queue"] for alert in firing["ComandaDeadLetters"]] == ["orders.dead"]
    eventually(lambda: is_served(customer))
