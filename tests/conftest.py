"""Fixtures of all suites: the stack, clients, products."""
import itertools
import uuid

import jwt
import pytest
from hypothesis import HealthCheck, settings

from harness.broker import Broker
from harness.waiting import eventually
from harness.rest import Client, ok
from harness.stack import PROGRAMS, stack_under_test

settings.register_profile("stack", deadline=None, max_examples=40, database=None,
                          suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
settings.load_profile("stack")

_numbers = itertools.count(1)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


@pytest.fixture(scope="session")
def stack():
    stack = stack_under_test()
    for program in PROGRAMS:
        eventually(lambda: stack.ready(program), timeout=60)
    return stack


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


@pytest.fixture(scope="session")
def api(stack):
    """A client that is not signed in."""
    return Client(stack.url)


@pytest.fixture(scope="session")
def admin(stack, api):
    """The first admin; the token lasts longer than the suite."""
    email, password = stack["COMANDA_FIRST_ADMIN_EMAIL"], stack["COMANDA_FIRST_ADMIN_PASSWORD"]
    body = {"grant_type": "password", "email": email, "password": password}
    token = ok(api.post("/auth/token", body))["access_token"]
    user_id = jwt.decode(token, options={"verify_signature": False})["sub"]
    user = ok(Client(stack.url, token).get(f"/users/{user_id}"))
    return Client(stack.url, stack.token(user["id"], "admin"), user, password)


@pytest.fixture(scope="session")
def new_customer(stack, api):
    """Creates customers. Their tokens are signed here, without a sign-in."""

    def make(name="Ada"):
        email, password = f"{name.lower()}.{uuid.uuid4().hex}@example.org", f"pass-{uuid.uuid4().hex}"
        user = ok(api.post("/users", {"email": email, "name": name, "password": password}), 201)
        return Client(stack.url, stack.token(user["id"]), user, password)

    return make


@pytest.fixture(scope="session")
def customer(new_customer):
    return new_customer("Ada")


@pytest.fixture(scope="session")
def stranger(new_customer):
    return new_customer("Grace")


@pytest.fixture(scope="session")
def new_product(admin):
    def make(**fields):
        body = {"sku": f"SKU-{uuid.uuid4().hex[:12]}-{next(_numbers)}", "name": "Espresso beans, 1 kg",
                "price_cents": 1890, "currency": "EUR", "on_hand": 100}
        return ok(admin.post("/products", body | fields), 201)

    return make


@pytest.fixture
def product(new_product):
    return new_product()
