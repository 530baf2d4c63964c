"""What docs/operating.md shows of `comanda` is what it prints: its commands are run in order, and compared in schema.

In schema: ids, times, offsets and counts differ from day to day, and so does which of two answers comes first."""
import re
import subprocess

import pytest

from kit.patience import eventually
from kit.stack import ROOT

HANDBOOK = ROOT / "docs" / "operating.md"
BLOCK = re.compile(r"^<!-- tested: schema -->\n+```console\n(.*?)^```$", re.M | re.S)
SHAPES = [
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


def schema(text):
    text = COUNT.sub("", text)
    for pattern, instead in SHAPES:
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
def test_what_the_handbook_shows_is_what_is_printed(stack, comanda, admin, settled):
    comanda("dead", "drop", "--all", "--yes")
    for line in comanda.json("saga", "--limit", "1000"):
        if "order_id" in line:  # what other tests have left open
            admin.post(f"/orders/{line['order_id']}/cancel", {})
    settled()
    blocks = BLOCK.findall(HANDBOOK.read_text())
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
        assert schema(really) == schema(output), f"{command}\n{really}{done.stderr}"
    eventually(lambda: comanda.json("dead", "list") == [], every=0.3)
