"""The operator's command, run as an operator would: what it prints, and its exit code."""
import json
import subprocess

import pytest

from harness.waiting import eventually


class Comanda:
    """What ./dev ctl does, without a shell around it."""

    def __init__(self, stack):
        self.program = f"{stack['COMANDA_BIN']}/comanda"
        self.environment = {name: value for name, value in stack.names.items()
                            if name.startswith(("COMANDA_BROKER_PASSWORD_", "COMANDA_MANAGEMENT_URL", "COMANDA_VHOST"))}
        self.environment["COMANDA_BROKER_URL"] = stack["COMANDA_BROKER_URL_OPERATOR"]
        for service in ("ORDERS", "PRODUCTS", "USERS"):
            self.environment[f"COMANDA_DATABASE_URL_{service}"] = stack[f"COMANDA_OPERATOR_DATABASE_URL_{service}"]

    def run(self, *arguments, code=0):
        """Standard output and standard error, after a look at the exit code."""
        done = subprocess.run([self.program, *map(str, arguments)], env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=180)
        assert code is None or done.returncode == code, f"comanda {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout, done.stderr

    def __call__(self, *arguments, code=0):
        return self.run(*arguments, code=code)[0]

    def complaint(self, *arguments):
        """The one line that says what is wrong, where nothing could be done."""
        output, complaint = self.run(*arguments, code=2)
        assert complaint.startswith("comanda: ") and complaint.count("\n") == 1, complaint
        return complaint

    def json(self, *arguments, code=0):
        """The objects that --json prints."""
        return [json.loads(line) for line in self(*arguments, "--json", code=code).splitlines()]

    def follow(self, *arguments):
        """Starts a command that goes on; its standard output can be read. Whoever starts it ends it."""
        return subprocess.Popen([self.program, *map(str, arguments)], env=self.environment, stdout=subprocess.PIPE,
                                text=True)


@pytest.fixture(scope="session")
def comanda(stack):
    return Comanda(stack)


@pytest.fixture
def settled(stack):
    """Returns once nothing is under way: queues and outboxes are empty, and each deadline has its own row."""

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
