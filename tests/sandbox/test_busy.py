"""A sandbox while services work, with dead letters, with events of an older build, and with a log that was lost."""
import json
import subprocess
import threading
import time
import uuid

import pytest

from harness.waiting import eventually
from sandbox import replay
from sandbox.traffic import Traffic

pytestmark = [pytest.mark.first, pytest.mark.slow]


@pytest.fixture(scope="module")
def traffic(stack):
    traffic = Traffic(stack, seed=11)
    traffic.place(20)
    traffic.settle()
    return traffic


@pytest.fixture
def other_log(stack):
    """A virtual host with an empty log and empty queues of dead letters: the URL of its broker."""
    name = f"sandbox-{uuid.uuid4().hex[:8]}"
    rights = json.dumps({"configure": ".*", "write": ".*", "read": ".*"})
    assert stack.management("PUT", f"vhosts/{name}").ok
    assert stack.management("PUT", f"permissions/{name}/comanda", data=rights).ok
    for queue, kind in (("events.log", "stream"), ("users.dead", "quorum"), ("products.dead", "quorum"), ("orders.dead", "quorum")):
        body = json.dumps({"durable": True, "arguments": {"x-queue-type": kind}})
        assert stack.management("PUT", f"queues/{name}/{queue}", data=body).ok
    yield stack["COMANDA_BROKER_URL"].rsplit("/", 1)[0] + "/" + name
    stack.management("DELETE", f"vhosts/{name}")


def comanda(stack, *words, url=None):
    environment = replay.environment(stack) | ({"COMANDA_BROKER_URL": url} if url else {})
    done = subprocess.run([f"{stack['COMANDA_BIN']}/comanda", *map(str, words)], env=environment, capture_output=True,
                          text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def found_in(out):
    return {found["service"]: found for found in map(json.loads, out.splitlines())}


def test_orders_that_are_placed_meanwhile_make_no_difference(stack, traffic):
    ending = threading.Event()

    def place():
        while not ending.wait(0.05):
            traffic.buyers[0].place([(traffic.plenty, 1)])

    placing = threading.Thread(target=place)
    placing.start()
    try:
        time.sleep(1)
        for _ in range(5):
            code, found, err = replay.run(stack)
            assert code == 0, err + replay.differences(found)
    finally:
        ending.set()
        placing.join()
        traffic.settle()


def test_dead_letters_are_left_out(stack, traffic):
    stack.dev("psql", "orders", "-q", "-c", "ALTER TABLE orders ADD CONSTRAINT poisoned"
              " CHECK (note IS NULL OR note <> 'poison' OR version = 1) NOT VALID")
    try:
        order = traffic.buyers[0].place([(traffic.plenty, 1)], note="poison").json()["id"]
        eventually(lambda: len(comanda(stack, "dead", "list", "--order", order, "--json")[1].splitlines()) == 2, timeout=30)
        code, found, err = replay.run(stack)
        assert code == 0, err + replay.differences(found)
        assert found["orders"]["put_aside"] == 2
    finally:
        stack.dev("psql", "orders", "-q", "-c", "ALTER TABLE orders DROP CONSTRAINT IF EXISTS poisoned")
    environment = {"COMANDA_BROKER_URL": stack["COMANDA_BROKER_URL_OPERATOR"],
                   "COMANDA_DATABASE_URL_ORDERS": stack["COMANDA_OPERATOR_DATABASE_URL_ORDERS"]}
    subprocess.run([f"{stack['COMANDA_BIN']}/comanda", "dead", "redrive", "--order", order, "--service", "orders"],
                   env=environment, timeout=60, check=True)
    traffic.settle()
    code, found, err = replay.run(stack)
    assert code == 0 and found["orders"]["put_aside"] == 0, err + replay.differences(found)


def test_optional_members_of_the_envelope_are_no_part_of_a_decision(stack, traffic, other_log, tmp_path):
    path = tmp_path / "log.jsonl"
    assert comanda(stack, "events", "export", path)[0] == 0
    mark, *lines = path.read_text().splitlines()
    older = [json.loads(line) for line in lines]
    for line in older:
        line["event"]["datacontenttype"] = "application/json"
    path.write_text("\n".join([mark, *(json.dumps(line) for line in older)]) + "\n")
    assert comanda(stack, "events", "import", path, url=other_log)[0] == 0
    code, out, err = comanda(stack, "sandbox", "--json", url=other_log)
    found = found_in(out)
    assert code == 0, err + replay.differences(found)
    assert all(found[service]["envelope_differs"] == found[service]["events"] > 0 for service in replay.SERVICES)


def test_a_log_that_does_not_reach_back_is_an_error(stack, traffic, other_log, tmp_path):
    code, out, err = comanda(stack, "sandbox", url=other_log)
    assert code == 2 and "the log does not reach back that far" in err and "not as live" not in out
    path = tmp_path / "log.jsonl"
    assert comanda(stack, "events", "export", path, "--type", "order.", "--limit", 3)[0] == 0
    mark, *lines = path.read_text().splitlines()
    late = [json.loads(line) for line in lines]
    for line in late:
        line["event"]["time"] = "2099-01-01T00:00:00Z"
    path.write_text("\n".join([mark, *(json.dumps(line) for line in late)]) + "\n")
    assert comanda(stack, "events", "import", path, url=other_log)[0] == 0
    code, out, err = comanda(stack, "sandbox", url=other_log)
    assert code == 2 and "the log does not reach back that far" in err and "begins at 2099-01-01" in err
    assert replay.databases(stack) == set()
