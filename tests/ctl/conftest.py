"""Runs the operator's command: what it prints, and its exit code."""
import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios

import pytest

from harness.waiting import eventually


class Comanda:
    """The same as ./dev ctl, without a shell."""

    def __init__(self, stack):
        self.program = f"{stack['COMANDA_BIN']}/comanda"
        self.environment = {name: value for name, value in stack.names.items()
                            if name.startswith(("COMANDA_BROKER_PASSWORD_", "COMANDA_MANAGEMENT_URL", "COMANDA_VHOST"))}
        self.environment["COMANDA_BROKER_URL"] = stack["COMANDA_BROKER_URL_OPERATOR"]
        for service in ("ORDERS", "PRODUCTS", "USERS"):
            self.environment[f"COMANDA_DATABASE_URL_{service}"] = stack[f"COMANDA_OPERATOR_DATABASE_URL_{service}"]

    def run(self, *arguments, code=0):
        """Standard output and standard error, after a check of the exit code."""
        done = subprocess.run([self.program, *map(str, arguments)], env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=180)
        assert code is None or done.returncode == code, f"comanda {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout, done.stderr

    def __call__(self, *arguments, code=0):
        return self.run(*arguments, code=code)[0]

    def error(self, *arguments):
        """The error message, which is one line, of a command that fails."""
        _, error = self.run(*arguments, code=2)
        assert error.startswith("comanda: ") and error.count("\n") == 1, error
        return error

    def json(self, *arguments, code=0):
        """The objects that --json prints."""
        return [json.loads(line) for line in self(*arguments, "--json", code=code).splitlines()]

    def terminal(self, columns, *arguments, code=0):
        """Standard output on a terminal of so many columns, with its escape sequences."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        process = subprocess.Popen([self.program, *map(str, arguments)], env=self.environment | {"TERM": "xterm"},
                                   stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a pseudo-terminal is an error
            while part := os.read(ours, 65536):
                shown += part
        os.close(ours)
        assert process.wait(60) == code
        return shown.decode().replace("\r\n", "\n")

    def follow(self, *arguments):
        """Starts a command that runs until it is stopped. The caller reads its standard output and stops it."""
        return subprocess.Popen([self.program, *map(str, arguments)], env=self.environment, stdout=subprocess.PIPE,
                                text=True)


@pytest.fixture(scope="session")
def comanda(stack):
    return Comanda(stack)


@pytest.fixture
def settled(stack):
    """A function that returns when queues and outboxes are empty and each deadline has its own row."""

    def wait():
        def quiet():
            for queue in ("users.events", "products.events", "orders.events"):
                assert stack.management("GET", f"queues/comanda/{queue}").json().get("messages") == 0, queue
            for service in ("users", "products", "orders"):
                assert stack.sql(service, "SELECT count(*) FROM outbox") == [(0,)], service
                assert stack.sql(service, "SELECT count(*) FROM deadline_batches") == [(0,)], service
            return True

        eventually(quiet, timeout=30)

    return wait
