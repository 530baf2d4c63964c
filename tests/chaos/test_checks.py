"""The checks of ./dev chaos can fail: a small consistent run, and one fault at a time in it."""
import copy
import json
from types import SimpleNamespace

import pytest

from chaos import checks
from chaos.records import Records

ORDER, BUYER, PRODUCT = "o1", "u1", "p1"


def event(number, name, source, cause, **data):
    return {"id": f"e{number}", "type": f"comanda.{name}.v1", "source": source, "subject": ORDER, "causationid": cause,
            "data": {"order_id": ORDER} | data}


def a_run():
    """One confirmed order of two pieces out of ten."""
    records = Records("chaos-1")
    intent = records.intend(BUYER, [(PRODUCT, 2)])
    intent.order_id, intent.end = ORDER, "confirmed"
    records.added(PRODUCT, 10)
    events = [event(1, "order.placed", "/svc-orders", "c1"), event(2, "user.verified", "/svc-users", "e1"),
              event(3, "stock.reserved", "/svc-products", "e1"), event(4, "order.confirmed", "/svc-orders", "e3"),
              event(5, "stock.sold", "/svc-products", "e4")]
    steps = [{"event": name} for name in ("order.placed", "user.verified", "stock.reserved", "order.confirmed")]
    outcome = checks.Outcome.__new__(checks.Outcome)
    lines = [{"product_id": PRODUCT, "quantity": 2}]
    outcome.orders = {ORDER: {"id": ORDER, "user_id": BUYER, "state": 3, "items": lines, "note": intent.key,
                              "history": steps}}
    outcome.reservations = {ORDER: ("sold", json.dumps({"lines": lines}))}
    outcome.products = {PRODUCT: (8, 0, 1)}
    log = SimpleNamespace(different=[], events=lambda: events)
    return SimpleNamespace(records=records, log=log), outcome, intent, events


def look(context, outcome):
    for check in (checks.check_orders, checks.check_stock, checks.check_reservations, checks.check_log):
        check(context, outcome)
    return context.records.violations


def test_a_consistent_run_has_no_violation():
    context, outcome, _, _ = a_run()
    assert look(context, outcome) == []


def lose_the_order(outcome, intent, events):
    outcome.orders.clear()


def make_it_twice(outcome, intent, events):
    outcome.orders["o2"] = outcome.orders[ORDER] | {"id": "o2"}


def never_end_it(outcome, intent, events):
    outcome.orders[ORDER]["state"] = 1


def end_it_otherwise(outcome, intent, events):
    outcome.orders[ORDER]["state"] = 5


def change_its_lines(outcome, intent, events):
    outcome.orders[ORDER]["items"] = [{"product_id": PRODUCT, "quantity": 3}]


def forget_the_cancel(outcome, intent, events):
    intent.cancelled = True


def cut_its_timeline(outcome, intent, events):
    outcome.orders[ORDER]["history"].pop()


def sell_it_twice(outcome, intent, events):
    outcome.products[PRODUCT] = (6, 0, 1)


def keep_it_reserved(outcome, intent, events):
    outcome.products[PRODUCT] = (8, 2, 1)


def leave_it_held(outcome, intent, events):
    outcome.reservations[ORDER] = ("held", outcome.reservations[ORDER][1])


def lose_an_event(outcome, intent, events):
    events.pop(3)


def lose_the_reservation(outcome, intent, events):
    events.pop(2)


def sell_without_a_word(outcome, intent, events):
    events.pop(4)


def decide_it_twice(outcome, intent, events):
    events.append(copy.deepcopy(events[4]) | {"id": "e6"})


def sell_and_release(outcome, intent, events):
    events.append(event(6, "stock.released", "/svc-products", "e9"))


def confirm_and_expire(outcome, intent, events):
    events.append(event(6, "order.expired", "/svc-orders", "e9"))


SPOILS = (
    lose_the_order, make_it_twice, never_end_it, end_it_otherwise, change_its_lines, forget_the_cancel,
    cut_its_timeline, sell_it_twice, keep_it_reserved, leave_it_held, lose_an_event, lose_the_reservation,
    sell_without_a_word, decide_it_twice, sell_and_release, confirm_and_expire)


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.__name__)
def test_it_is_seen(spoil):
    context, outcome, intent, events = a_run()
    spoil(outcome, intent, events)
    assert look(context, outcome)


def test_an_order_that_expired_without_need_is_seen():
    assert checks.longest_calm(0, 60, []) == 60
    assert checks.longest_calm(0, 60, [(10, 20), (15, 30)]) == 30
    assert checks.longest_calm(0, 60, [(-5, 5), (50, 70)]) == 45


def test_an_order_that_goes_back_in_time_is_seen():
    context, _, intent, _ = a_run()
    before = context.records.known(intent)
    context.records.saw(intent, {"id": ORDER, "status": "pending", "version": 1}, before)
    assert context.records.violations


def test_two_orders_for_one_key_are_seen():
    context, _, intent, _ = a_run()
    lines = [{"product_id": PRODUCT, "quantity": 2}]
    context.records.accepted(intent, {"id": "o2", "items": lines, "note": intent.key})
    assert context.records.violations
