"""Each program's place at the broker, to speak in its stead."""
import pytest

from kit.broker import Broker


@pytest.fixture
def as_user(stack):
    """Connects as a program, or as the broker's admin ("admin")."""
    opened = []

    def connect(user):
        name = "COMANDA_BROKER_URL" if user == "admin" else f"COMANDA_BROKER_URL_{user.upper().replace('-', '_')}"
        opened.append(Broker(stack[name]))
        return opened[-1]

    yield connect
    for broker in opened:
        broker.close()


@pytest.fixture
def edge(as_user):
    return as_user("edge-http")


@pytest.fixture
def operator(as_user):
    return as_user("admin")
