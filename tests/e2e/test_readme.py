"""Runs the commands that the documents show, and compares their output.

A block marked <!-- tested --> runs against this stack. In ```console, lines after "$ " are commands (a backslash at the end
continues a line) and the lines after them are their output. In ```sh all lines are commands. Ids and times may differ.
A command that only reads is repeated until its output matches."""
import os
import re
import subprocess
import time

import pytest

from harness.waiting import SLOWNESS
from harness.stack import ROOT

BLOCK = re.compile(r"^<!-- tested -->\n+```(console|sh)\n(.*?)^```$", re.M | re.S)
DIFFERENT = [(re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
             (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
             (re.compile(r"\b\d\d:\d\d:\d\d(\.\d+)?\b"), "<time>")]


def blocks():
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        if path.exists():
            for number, (kind, text) in enumerate(BLOCK.findall(path.read_text()), 1):
                yield pytest.param(kind, text, id=f"{path.name}-{number}")


def steps(kind, text):
    """Pairs of a command and its shown output (None: no output)."""
    if kind == "sh":
        return [(text, None)]
    found = []
    for line in text.splitlines():
        if found and found[-1][0].endswith("\\"):
            found[-1] = (found[-1][0] + "\n" + line.removeprefix("> "), "")
        elif line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            found[-1] = (found[-1][0], found[-1][1] + line + "\n")
    return found


class Shell:
    """One shell per block, so that variables persist."""

    def __init__(self, stack):
        environment = os.environ | {"no_proxy": "*"}
        self.stack = stack
        self.process = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
                                        stderr=subprocess.STDOUT, env=environment)

    def run(self, command):
        """Output and exit status. Commands for the stack of ./dev up use this stack."""
        command = re.sub(r"(localhost|127\.0\.0\.1):8080", rf"127.0.0.1:{self.stack.port}", command)
        command = re.sub(r"(?<![\w/])\./dev(?= )", f"./dev --stack '{self.stack.directory}'", command)
        self.process.stdin.write(f"{command}\necho \"--- ended with $?\"\n")
        self.process.stdin.flush()
        output = ""
        while not (end := re.search(r"^--- ended with (\d+)\n$", output, re.M)):
            line = self.process.stdout.readline()
            assert line, f"the shell ended in: {command}\n{output}"
            output += line
        return output[:end.start()], int(end[1])

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def same_for_everybody(text):
    for pattern, instead in DIFFERENT:
        text = pattern.sub(instead, text)
    return text.rstrip()


def only_reads(command):
    return re.search(r" (-d|--data\S*|-X|-T|-F)\b", command) is None


def check(shell, command, expected):
    until = time.monotonic() + 2 * SLOWNESS
    while True:
        output, status = shell.run(command)
        fits = expected is None or same_for_everybody(output) == same_for_everybody(expected)
        if status == 0 and fits or not only_reads(command) or time.monotonic() > until:
            break
        time.sleep(0.05)
    assert status == 0, f"{command}\nended with {status}:\n{output}"
    if expected is not None:
        assert same_for_everybody(output) == same_for_everybody(expected), command


def test_the_readme_shows_a_first_order():
    assert BLOCK.search((ROOT / "README.md").read_text())


@pytest.mark.parametrize("kind, text", blocks())
def test_what_is_shown_is_what_happens(stack, kind, text):
    shell = Shell(stack)
    try:
        for command, expected in steps(kind, text):
            check(shell, command, expected)
    finally:
        shell.close()
