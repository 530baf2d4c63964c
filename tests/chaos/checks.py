"""The final checks: databases, event log and queues against the records of the clients."""
import json
import re
from collections import Counter, defaultdict

from chaos.eventlog import order_of
from harness.broker import Broker

STATES = ("pending", "pending", "pending", "confirmed", "rejected", "expired", "cancelled")  # enum order_state
ENOUGH = 45  # seconds; includes the start of a broker and the longest lease of a row
SERVICES = ("users", "products", "orders")
PUBLISHED_ONCE = ("order.placed", "order.confirmed", "stock.sold", "stock.released", "stock.refused", "user.verified",
             "user.refused", "stock.reserved")
DEAD_HEADERS = ("reason", "code", "attempts", "origin", "first", "last")
ENDED = ("order.confirmed", "order.rejected", "order.expired", "order.cancelled")


class Outcome:
    """The orders, reservations and products of this run, from the databases."""

    def __init__(self, context):
        tag = context.records.tag
        columns = "id, user_id, state, version, created_at, updated_at, items, note, history, reason_code"
        rows = context.stack.sql("orders", f"SELECT {columns} FROM orders WHERE note LIKE %s", tag + "-%")
        self.orders = {row[0]: dict(zip(columns.split(", "), row)) for row in rows}
        rows = context.stack.sql("products", "SELECT order_id, state, lines FROM reservations")
        self.reservations = {row[0]: row[1:] for row in rows}
        rows = context.stack.sql("products", "SELECT id, on_hand, reserved, version FROM products")
        self.products = {row[0]: row[1:] for row in rows}

    def state(self, order):
        return STATES[order["state"]]

    def lines(self, order):
        return {item["product_id"]: item["quantity"] for item in order["items"]}

    def count(self):
        return Counter(self.state(order) for order in self.orders.values())


def unfinished(context):
    """A list of what is unfinished: pending orders, reservations, outbox rows, queued messages."""
    found = []
    outcome = Outcome(context)
    pending = outcome.count()["pending"]
    if pending:
        found.append(f"{pending} orders pending")
    held = sum(1 for state, _ in outcome.reservations.values() if state == "held")
    if held:
        found.append(f"{held} reservations held")
    for service in SERVICES:
        rows = context.stack.sql(service, "SELECT count(*) FROM outbox WHERE NOT parked")[0][0]
        notes = context.stack.sql(service, "SELECT count(*) FROM deadlines_all")[0][0]
        if rows or notes:
            found.append(f"{rows} outbox rows and {notes} deadlines in {service}")
    for queue in context.stack.management("GET", "queues/comanda").json():
        if queue["name"].endswith(".events") and queue.get("messages", 0):
            found.append(f"{queue['messages']} messages in {queue['name']}")
    return found


def check_all(context):
    outcome = Outcome(context)
    check_orders(context, outcome)
    check_stock(context, outcome)
    check_reservations(context, outcome)
    check_log(context, outcome)
    check_outbox(context)
    check_dead(context)
    check_reads(context, outcome)
    check_programs(context)
    return outcome


# ---- orders ----

def check_orders(context, outcome):
    violated = context.records.violated
    by_key = defaultdict(list)
    for order in outcome.orders.values():
        by_key[order["note"]].append(order)
    intents = {intent.key: intent for intent in context.records.intents}
    for key, orders in by_key.items():
        if len(orders) > 1:
            violated(f"the key {key} has {len(orders)} orders", orders[0]["id"])
        if key not in intents:
            violated(f"an order without a request: {orders[0]['id']}", orders[0]["id"])
    for intent in intents.values():
        check_intent(context, outcome, intent)
    for order in outcome.orders.values():
        if outcome.state(order) == "pending":
            violated(f"order {order['id']} has not ended", order["id"])
        check_history(context, outcome, order)


def check_intent(context, outcome, intent):
    violated = context.records.violated
    order = outcome.orders.get(intent.order_id)
    if intent.order_id is None:
        return  # never answered: already reported when the client gave up
    if order is None:
        violated(f"order {intent.order_id} was accepted, but does not exist", intent.order_id)
        return
    if outcome.lines(order) != dict(intent.lines) or order["user_id"] != intent.buyer_id:
        violated(f"order {intent.order_id} differs from its request", intent.order_id)
    if intent.end is not None and intent.end != outcome.state(order):
        violated(f"order {intent.order_id} was seen {intent.end}, and is {outcome.state(order)}", intent.order_id)
    if intent.cancelled and outcome.state(order) != "cancelled":
        violated(f"order {intent.order_id} is {outcome.state(order)} after its cancel was answered 200",
                 intent.order_id)


def check_history(context, outcome, order):
    names = [step["event"] for step in order["history"]]
    if not names or names[0] != "order.placed" or names[-1] != f"order.{outcome.state(order)}":
        context.records.violated(f"the timeline of {order['id']} is not whole: {names}", order["id"])


# ---- stock ----

def check_stock(context, outcome):
    sold = Counter()
    for order in outcome.orders.values():
        if outcome.state(order) == "confirmed":
            sold.update(outcome.lines(order))
    for product_id in context.records.products:
        on_hand, reserved, _ = outcome.products[product_id]
        expected = context.records.stock_expected(product_id) - sold[product_id]
        if on_hand != expected:
            context.records.violated(f"product {product_id} has {on_hand} on hand: "
                                  f"{context.records.stock_expected(product_id)} came, {sold[product_id]} were sold")
        if reserved != 0:
            context.records.violated(f"product {product_id} still has {reserved} reserved")


def check_reservations(context, outcome):
    let_go = ("released", "refused", None)
    fitting = {"confirmed": ("sold",), "rejected": let_go, "expired": let_go, "cancelled": let_go,
               "pending": ("held", None)}
    for order in outcome.orders.values():
        state, lines = outcome.reservations.get(order["id"], (None, None))
        if state not in fitting[outcome.state(order)]:
            context.records.violated(f"order {order['id']} is {outcome.state(order)}, its reservation {state}",
                                  order["id"])
        if state == "sold" and reserved_lines(lines) != outcome.lines(order):
            context.records.violated(f"order {order['id']} was confirmed, and other lines sold: {lines}", order["id"])


def reserved_lines(text):
    return {line["product_id"]: line["quantity"] for line in json.loads(text)["lines"]}


# ---- the log ----

def check_log(context, outcome):
    violated = context.records.violated
    published = defaultdict(lambda: defaultdict(set))     # order -> event name -> ids
    outputs = defaultdict(set)                       # (source, cause) -> (type, subject) -> ids
    for event_id in context.log.different:
        violated(f"the log has different events under the id {event_id}")
    for event in context.log.events():
        name = event["type"].removeprefix("comanda.").rsplit(".", 1)[0]
        order_id = order_of(event)
        if order_id in outcome.orders:
            published[order_id][name].add(event["id"])
            outputs[event["source"], event.get("causationid"), name, event["subject"]].add(event["id"])
    for (source, cause, name, subject), ids in outputs.items():
        if len(ids) > 1 and cause is not None:
            violated(f"{source} answered {cause} with {len(ids)} events {name} of {subject}", subject)
    for order in outcome.orders.values():
        check_published(context, outcome, order, published[order["id"]])


def check_published(context, outcome, order, published):
    violated, state = context.records.violated, outcome.state(order)
    for name in PUBLISHED_ONCE:
        if len(published[name]) > 1:
            violated(f"{name} of order {order['id']} was decided {len(published[name])} times", order["id"])
    for name in ENDED:
        if (name == f"order.{state}") != bool(published[name]):
            violated(f"order {order['id']} is {state}; the log {'has' if published[name] else 'lacks'} {name}", order["id"])
    if not published["order.placed"]:
        violated(f"the log lacks order.placed of {order['id']}", order["id"])
    if bool(published["stock.sold"]) != (state == "confirmed"):
        violated(f"order {order['id']} is {state}; stock.sold was published {len(published['stock.sold'])} times", order["id"])
    held, lines = outcome.reservations.get(order["id"], (None, None))
    lacking = [name for name in events_of(held, lines) if not published[name]]
    if lacking:
        violated(f"the reservation of order {order['id']} is {held}; the log lacks {lacking}", order["id"])
    if published["stock.sold"] and published["stock.released"]:
        violated(f"the goods of {order['id']} were sold and released", order["id"])


def events_of(held, lines):
    """The events that a reservation in this state must have caused."""
    if held == "refused":
        return ("stock.refused",)
    if lines is None:
        return ()  # a tombstone: no stock was reserved
    return {"sold": ("stock.reserved", "stock.sold"), "released": ("stock.reserved", "stock.released")}.get(
        held, ("stock.reserved",))


def check_expired(context, outcome, faults):
    """An order may expire only if faults left no time to confirm it. `faults`: (begin, end) of each fault."""
    for order in outcome.orders.values():
        if outcome.state(order) != "expired":
            continue
        well = longest_calm(order["created_at"].timestamp(), order["updated_at"].timestamp(), faults)
        if well > ENOUGH:
            context.records.violated(f"order {order['id']} expired although no fault was active for {well:.0f} s", order["id"])


def longest_calm(start, end, faults):
    longest = 0
    for began, ended in sorted(faults):
        if ended <= start:
            continue
        longest = max(longest, min(began, end) - start)
        start = max(start, ended)
    return max(longest, end - start)


def check_outbox(context):
    for service in SERVICES:
        left, parked = context.stack.sql(service, "SELECT count(*), count(*) FILTER (WHERE parked) FROM outbox")[0]
        if left:
            context.records.violated(f"{left} rows are left in the outbox of {service}, {parked} of them parked")


# ---- dead letters ----

def dead_letters(context):
    """All dead letters: (service, headers, body). The messages stay in their queues."""
    broker, found = Broker(context.stack["COMANDA_BROKER_URL"]), []
    try:
        for service in SERVICES:
            while True:
                method, properties, body = broker.channel.basic_get(f"{service}.dead")
                if method is None:
                    break
                found.append((service, properties.headers or {}, body))
    finally:
        broker.close()
    return found


def check_dead(context):
    """Exactly the poisoned messages are dead letters, each with its reason."""
    found = Counter()
    for service, headers, body in dead_letters(context):
        if (service, body) in context.dead_before:
            continue
        marks = [mark for mark, (where, _) in context.poison.items() if mark.encode() in body and where == service]
        if not marks:
            named = re.search(rb'"order_id"\s*:\s*"([0-9a-f-]+)"', body)
            context.records.violated(f"{service}.dead holds a message that was not poisoned: {headers} {body[:400]}",
                                  named and named[1].decode())
            continue
        found[marks[0]] += 1
        missing = [name for name in DEAD_HEADERS if f"x-dead-{name}" not in headers]
        if missing:
            context.records.violated(f"a dead letter in {service}.dead lacks {missing}: {headers}")
    for mark, (service, sent) in context.poison.items():
        if found[mark] < sent:
            context.records.violated(f"{sent} poisonous messages were sent to {service}, {found[mark]} are in {service}.dead")


# ---- the rest ----

def check_reads(context, outcome):
    """Reads at the end equal the database, so that no cache holds an old state."""
    for product_id in context.records.products:
        answer = context.rest.once(context.load.admin, "GET", f"/products/{product_id}")
        if answer is None or answer.status_code != 200:
            context.records.violated(f"product {product_id} cannot be read although no fault is active: {answer}")
            continue
        read = answer.json()
        if (read["on_hand"], read["reserved"], read["version"]) != outcome.products[product_id]:
            context.records.violated(f"product {product_id} reads {read}; "
                                  f"the database says {outcome.products[product_id]}")


def check_others_are_served(context, statuses):
    """During a rolling restart every request gets an answer, at worst 503."""
    for status, count in statuses.items():
        if status == 0 or (status >= 500 and status != 503):
            context.records.violated(f"{count} requests were answered {status or 'by nobody'} during a rolling restart")


def check_programs(context):
    """No program ended by itself, logged an assertion, or grew."""
    fatal = re.compile(r"item\.blamed|outbox\.parked|Assertion|Sanitizer|SEGV|ABRT|double free|corrupt")
    for path in sorted((context.stack.directory / "log").glob("*.log")):
        if path.name.startswith(("rabbitmq", "postgres", "supervisor", "redis")):
            continue
        for line in context.log_since_start(path):
            if fatal.search(line):
                context.records.violated(f"{path.name}: {line[:300]}")
    for line in context.log_since_start(context.stack.directory / "log" / "supervisor.log"):
        ended = re.search(r" (svc-\w+|edge-http) ended with (?!signal KILL)(.*?) after", line)
        if ended:
            context.records.violated(f"{ended[1]} ended by itself: {ended[2]}")
    for text in context.growth():
        context.records.violated(text)
