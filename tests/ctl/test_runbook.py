"""The output of `comanda` in docs/runbook.md is its real output: the commands are run in order, and compared without values.

Ids, times, offsets and counts differ per run, and so does the order of two answers."""
import re
import subprocess

import pytest

from harness.waiting import eventually
from harness.stack import ROOT

RUNBOOK = ROOT / "docs" / "runbook.md"
BLOCK = re.compile(r"^<!-- tested: output -->\n+```console\n(.*?)^```$", re.M | re.S)
VALUES = [
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b\d\d:\d\d:\d\d(\.\d+)?"), "TIME"),
    (re.compile(r"(●|│) +(USER_KNOWN|STOCK_HELD|CONFIRMED)$", re.M), r"\1 STATE"),
    (re.compile(r", decided in \d+(\.\d+)? (ms|s|min)"), ""),
    (re.compile(r"\d+(\.\d+)? (ms|s|min)\b"), "N ms"),
    (re.compile(r"\d+\.\d\d EUR"), "N EUR"),
    (re.compile(r"\d+"), "N"),
    (re.compile(r"─+"), "─"),
    (re.compile(r" +"), " "),
]
# How many orders ended how is another matter each time.
COUNT = re.compile(r"^ *(PENDING|USER_KNOWN|STOCK_HELD|CONFIRMED|REJECTED|EXPIRED|CANCELLED) +\d+$", re.M)


def without_values(text):
    text = COUNT.sub("", text)
    for pattern, instead in VALUES:
        text = pattern.sub(instead, text)
    return sorted(line.strip() for line in text.splitlines() if line.strip())


def commands(block):
    """Pairs of a command and what it prints; a line that ends in a backslash goes on in the next."""
    found = []
    for line in block.splitlines():
        if found and found[-1][0].endswith("\\"):
            found[-1][0] += "\n" + line
        elif line.startswith("$ "):
            found.append([line[2:], ""])
        else:
            found[-1][1] += line + "\n"
    return found


@pytest.mark.slow
def test_the_runbook_shows_what_is_printed(stack, comanda, admin, settled):
    comanda("dead", "drop", "--all", "--yes")
    for line in comanda.json("saga", "--limit", "1000"):
        if "order_id" in line:  # what other tests have left open
            admin.post(f"/orders/{line['order_id']}/cancel", {})
    settled()
    blocks = BLOCK.findall(RUNBOOK.read_text())
    assert len(blocks) >= 5
    script = "set -u\n"
    expected = []
    for block in blocks:
        for command, output in commands(block):
            command = re.sub(r"(?<![\w/])\./dev(?= )", f"{ROOT}/dev --stack '{stack.directory}'", command)
            script += f"{command}\necho '--- next'\n"
            expected.append((command, output))
    done = subprocess.run(["bash"], input=script, cwd=stack.directory, capture_output=True, text=True, timeout=300)
    printed = done.stdout.split("--- next\n")
    assert len(printed) == len(expected) + 1, done.stdout + done.stderr
    for (command, output), really in zip(expected, printed):
        assert without_values(really) == without_values(output), f"{command}\n{really}{done.stderr}"
    eventually(lambda: comanda.json("dead", "list") == [], every=0.3)
