"""The broker compared with the table: each kind of difference is found, shown, and repaired where nothing can be lost."""
import json

import pytest

from harness.waiting import eventually


@pytest.fixture
def broker(stack, comanda):
    """Calls of the management API that change the broker. The topology is restored afterwards."""

    def call(method, path, body=None):
        done = stack.management(method, path, data=json.dumps(body) if body is not None else None)
        assert done.status_code in (200, 201, 204), f"{method} {path}: {done.status_code} {done.text}"
        return done

    yield call
    for queue in ("users.dead", "unknown"):
        stack.management("DELETE", f"queues/comanda/{queue}")
    comanda("topology", "apply")
    assert "as the table says" in comanda("topology", "diff")


def the_difference(comanda):
    [difference] = comanda.json("topology", "diff", code=1)
    text = comanda("topology", "diff", code=1)
    assert difference["name"] in text
    assert comanda("topology", "verify", code=1).count("\n") == 1
    return difference


def test_the_broker_of_a_fresh_stack_is_as_the_table_says(comanda):
    assert comanda.json("topology", "diff") == []
    assert comanda("topology", "verify") == "the broker is as the table says\n"


def test_a_missing_queue(comanda, broker):
    broker("DELETE", "queues/comanda/users.dead")
    found = comanda.json("topology", "diff", code=1)
    assert [(item["what"], item["name"], item["difference"]) for item in found if item["what"] == "queue"] == [
        ("queue", "users.dead", "is not there")]
    assert found[0]["mended_by"] == "topology apply"


def test_a_wrong_argument_is_not_changed_but_shown_with_steps(stack, comanda, broker):
    broker("DELETE", "queues/comanda/users.dead")
    broker("PUT", "queues/comanda/users.dead", {"durable": True, "arguments": {"x-queue-type": "quorum", "x-max-length": 5}})
    broker("POST", "bindings/comanda/e/dead/q/users.dead", {"routing_key": "users.dead"})
    difference = the_difference(comanda)
    assert (difference["what"], difference["name"], difference["mended_by"]) == ("queue", "users.dead", "hand")
    assert "x-max-length is 5; it should not be set" in difference["difference"]
    said = comanda("topology", "apply", code=1)
    assert "1. empty it: comanda dead redrive --service users" in said and "3. comanda topology apply" in said


def test_a_missing_binding(comanda, broker):
    broker("DELETE", "bindings/comanda/e/events/q/products.events/order.expired")
    difference = the_difference(comanda)
    assert (difference["what"], difference["name"]) == ("binding", "events → products.events with key order.expired")
    assert difference["difference"].startswith("is not there")


def test_an_extra_binding_is_deleted(comanda, broker):
    broker("POST", "bindings/comanda/e/events/q/users.events", {"routing_key": "user.changed"})
    difference = the_difference(comanda)
    assert (difference["name"], difference["difference"]) == (
        "events → users.events with key user.changed", "should not be there")
    assert "taken away" in comanda("topology", "apply")


def test_an_extra_queue_is_shown_and_stays(stack, comanda, broker):
    broker("PUT", "queues/comanda/unknown", {"durable": True, "arguments": {}})
    difference = the_difference(comanda)
    assert (difference["what"], difference["name"], difference["mended_by"]) == ("queue", "unknown", "hand")
    assert "unknown should not be there" in comanda("topology", "apply")
    broker("DELETE", "queues/comanda/unknown")


@pytest.mark.parametrize("right, wide", [("write", ".*"), ("configure", "^x"), ("read", "^(users|orders)\\.")])
def test_a_loosened_permission(stack, comanda, broker, right, wide):
    is_now = broker("GET", "permissions/comanda/svc-users").json()
    loosened = {name: is_now[name] for name in ("configure", "write", "read")} | {right: wide}
    broker("PUT", "permissions/comanda/svc-users", loosened)
    difference = the_difference(comanda)
    assert (difference["what"], difference["name"]) == ("permission", f"svc-users: {right}")
    assert f'is "{wide}"' in difference["difference"]


def test_a_loosened_permission_to_publish_events(comanda, broker):
    broker("PUT", "topic-permissions/comanda/svc-users", {"exchange": "events", "write": ".*", "read": ".*"})
    assert the_difference(comanda)["name"] == "svc-users: events it may publish"


def test_a_policy_that_was_changed(comanda, broker):
    broker("PUT", "policies/comanda/events", {"pattern": "^orders\\.events$", "definition": {"delivery-limit": 3}, "priority": 10,
                                              "apply-to": "queues"})
    found = comanda.json("topology", "diff", code=1)
    assert {item["name"] for item in found} == {"events"} and len(found) == 2


def test_an_unknown_account_with_rights_is_shown(stack, comanda, broker):
    broker("PUT", "users/mallory", {"password": "mallory-has-one", "tags": ""})
    try:
        broker("PUT", "permissions/comanda/mallory", {"configure": "", "write": "", "read": ".*"})
        difference = the_difference(comanda)
        assert (difference["what"], difference["name"], difference["mended_by"]) == ("permission", "mallory", "hand")
    finally:
        broker("DELETE", "users/mallory")


def test_the_operators_account_may_neither_read_queues_nor_publish_events(stack):
    rights = stack.management("GET", "permissions/comanda/operator").json()
    assert rights["configure"] == ""
    assert "events$" not in rights["read"].replace("events\\.log", "")


def test_a_consumer_tag_names_the_program_and_its_consumer(stack):
    def tags():
        found = {item["queue"]["name"]: item["consumer_tag"] for item in stack.management("GET", "consumers/comanda").json()}
        assert {"orders.events", "products.command", "users.events"} <= set(found)
        return found

    found = eventually(tags)
    for queue, program in (("orders.events", "svc-orders"), ("products.command", "svc-products"), ("users.events", "svc-users")):
        assert found[queue].startswith(f"{program}/{queue.split('.')[1]}"), found
