"""Unusual logs: empty, cut by retention, missing, not a stream. Each has its own virtual host."""
import json
import subprocess
import time
import uuid

import pytest

from harness.broker import Broker, event
from harness.waiting import eventually


@pytest.fixture
def log_of(stack):
    """Makes a virtual host with an events.log with these arguments (None: without a log). Returns a function that runs comanda
    there, and the URL."""
    made = []

    def make(arguments):
        name = f"log-{uuid.uuid4().hex[:8]}"
        made.append(name)
        assert stack.management("PUT", f"vhosts/{name}").status_code in (201, 204)
        rights = json.dumps({"configure": ".*", "write": ".*", "read": ".*"})
        assert stack.management("PUT", f"permissions/{name}/comanda", data=rights).status_code in (201, 204)
        if arguments is not None:
            body = json.dumps({"durable": True, "arguments": arguments})
            assert stack.management("PUT", f"queues/{name}/events.log", data=body).status_code in (201, 204)
        url = stack["COMANDA_BROKER_URL"].rsplit("/", 1)[0] + "/" + name

        def run(*words):
            return subprocess.run([f"{stack['COMANDA_BIN']}/comanda", *map(str, words)], capture_output=True, text=True,
                                  env={"COMANDA_BROKER_URL": url}, timeout=60)

        return run, url

    yield make
    for name in made:
        stack.management("DELETE", f"vhosts/{name}")


def fill(url, count, size=0):
    broker = Broker(url)
    for number in range(count):
        subject = str(uuid.uuid4())
        message = event("order.placed", "svc-orders", subject, {"order_id": subject, "note": "x" * size}, sequence=number)
        broker.publish("", "events.log", message, message_id=message["id"], delivery_mode=2)
    broker.close()


def test_an_empty_log_is_no_error(log_of):
    run, _ = log_of({"x-queue-type": "stream"})
    done = run("events", "list", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_of_a_log_that_retention_has_cut_the_first_offset_is_shown(log_of):
    run, url = log_of({"x-queue-type": "stream", "x-max-length-bytes": 20000, "x-stream-max-segment-size-bytes": 5000})

    def cut():
        fill(url, 20, size=1000)
        first = json.loads(run("events", "list", "--limit", "1", "--json").stdout)
        return first["offset"] > 0 and first

    first = eventually(cut, timeout=60, every=0.5)
    done = run("events", "list", "--from", 0)
    assert done.returncode == 2 and done.stdout == ""
    assert f"offset 0 is gone, retention has dropped it: the log is whole from --from {first['offset']} (2" in done.stderr
    assert run("events", "list", "--from", first["offset"], "--limit", 1, "--json").returncode == 0


def test_a_missing_log_and_a_log_that_is_no_stream_are_errors(log_of):
    run, _ = log_of(None)
    done = run("events", "list")
    assert done.returncode == 2 and "there is no events.log on this broker; comanda topology apply makes it" in done.stderr
    run, url = log_of({"x-queue-type": "classic"})
    fill(url, 1)
    done = run("events", "list")
    assert done.returncode == 2 and "is no stream on this broker" in done.stderr


def test_what_is_imported_into_an_empty_log_is_what_was_exported(comanda, log_of, tmp_path):
    path = tmp_path / "all.jsonl"
    comanda("events", "export", path, "--limit", "50")
    run, _ = log_of({"x-queue-type": "stream"})
    assert run("events", "import", path).returncode == 0
    lines = [json.loads(line)["event"] for line in run("events", "list", "--json").stdout.splitlines()]
    assert lines == [json.loads(line)["event"] for line in path.read_text().splitlines()[1:]]
    assert time.strftime("%Y") in path.read_text().splitlines()[0]
