"""Rate limits of requests and of sign-ins. The tests act as a trusted proxy, so that they can use many addresses."""
import re
import uuid

import pytest

from harness.waiting import eventually
from harness.rest import is_served, ok, problem

pytestmark = pytest.mark.slow
HOME, OFFICE = "198.51.100.1", "198.51.100.2"


@pytest.fixture(scope="module")
def edge_with(stack, customer):
    """Restarts the edge with the given limits and without exemptions; restores it afterwards."""

    def restart(**settings):
        stack.restart("edge-http", COMANDA_LIMIT_EXEMPT="", COMANDA_HTTP_TRUSTED_PROXIES="127.0.0.1", **settings)
        eventually(lambda: is_served(customer))

    yield restart
    stack.restart("edge-http")
    eventually(lambda: is_served(customer))


@pytest.fixture
def user(new_customer):
    return new_customer("Owner")


def via(address):
    return {"X-Forwarded-For": address}


def strangers():
    """Unused addresses."""
    number = 0
    while True:
        number += 1
        yield f"203.0.113.{number}"


def sign_in(api, email, password, address):
    body = {"grant_type": "password", "email": email, "password": password}
    return api.post("/auth/token", body, headers=via(address))


def limited(answer):
    problem(answer, 429, code="too_many_requests")
    assert int(answer.headers["Retry-After"]) >= 1
    return answer


def left(answer):
    policy = re.fullmatch(r'"(user|address)";q=(\d+);w=(\d+)', answer.headers["RateLimit-Policy"])
    limit = re.fullmatch(r'"(user|address)";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
    assert policy[1] == limit[1] and int(limit[2]) < int(policy[2]) and int(limit[3]) <= int(policy[3])
    return limit[1], int(limit[2])


# ---- requests ----

def test_a_limited_client_is_told_when_to_retry(api, user, stranger, edge_with):
    edge_with(COMANDA_LIMIT_BURST="8", COMANDA_LIMIT_RATE="1")
    counts = [left(user.get("/orders")) for _ in range(5)]
    assert counts[0] == ("user", 7) and counts == sorted(counts, reverse=True)
    answers = [user.get("/orders") for _ in range(10)]
    assert left(limited(answers[-1])) == ("user", 0)
    assert int(answers[-1].headers["Retry-After"]) <= 2
    ok(stranger.get("/orders"))
    eventually(lambda: user.get("/orders").status_code == 200)


def test_anonymous_requests_are_limited_by_address(api, edge_with):
    edge_with(COMANDA_LIMIT_BURST="5", COMANDA_LIMIT_RATE="1")
    for _ in range(8):
        last = api.get("/orders", headers={"Authorization": "Bearer nonsense"} | via(HOME))
    limited(last)
    limited(api.get("/products", headers=via(HOME)))
    ok(api.get("/products", headers=via(OFFICE)))
    limited(api.get("/products", headers=via(f"{OFFICE}, {HOME}")))
    ok(api.get("/products", headers=via(f"{HOME}, {OFFICE}")))


def test_x_forwarded_for_of_an_untrusted_client_is_ignored(stack, api, customer, edge_with):
    edge_with(COMANDA_LIMIT_BURST="3", COMANDA_LIMIT_RATE="1")
    stack.restart("edge-http", COMANDA_LIMIT_EXEMPT="", COMANDA_LIMIT_BURST="3", COMANDA_LIMIT_RATE="1")
    eventually(lambda: stack.ready("edge-http"))
    for address in range(8):
        last = api.get("/products", headers=via(f"192.0.2.{address}"))
    limited(last)


def test_exempt_addresses_are_not_limited(stack, api, customer, edge_with):
    edge_with(COMANDA_LIMIT_BURST="3", COMANDA_LIMIT_RATE="1", COMANDA_SIGN_IN_PAIR="1")
    stack.restart("edge-http", COMANDA_LIMIT_BURST="3", COMANDA_LIMIT_RATE="1", COMANDA_SIGN_IN_PAIR="1")
    eventually(lambda: stack.ready("edge-http"))
    for _ in range(10):
        answer = api.get("/products")
        assert answer.status_code == 200 and "RateLimit" not in answer.headers


# ---- attempts ----

GUESSES = {"COMANDA_SIGN_IN_PAIR": "3", "COMANDA_SIGN_IN_PAIR_PAUSE": "1h", "COMANDA_SIGN_IN_ACCOUNT": "6",
           "COMANDA_SIGN_IN_ACCOUNT_PAUSE": "1h", "COMANDA_SIGN_IN_ADDRESS_PAUSE": "1h"}


def test_guessing_from_one_address_is_limited_even_for_the_right_password(api, user, edge_with):
    edge_with(**GUESSES)
    for _ in range(3):
        problem(sign_in(api, user.user["email"], "wrong guess", HOME), 401)
    wrong = limited(sign_in(api, user.user["email"], "wrong guess", HOME))
    right = limited(sign_in(api, user.user["email"].upper(), user.password, HOME))
    assert wrong.json()["detail"] == right.json()["detail"]
    ok(sign_in(api, user.user["email"], user.password, OFFICE))


def test_limits_do_not_reveal_which_accounts_exist(api, user, edge_with):
    edge_with(**GUESSES)

    def course_of(email):
        answers = [sign_in(api, email, "wrong guess", HOME) for _ in range(5)]
        return [(answer.status_code, answer.json()["detail"]) for answer in answers]

    assert course_of(user.user["email"]) == course_of(f"{uuid.uuid4().hex}@example.org")


def test_failed_sign_ins_of_others_do_not_lock_an_account(api, user, edge_with):
    """Guesses from many addresses use up the account's attempts. Its owner can still sign in from a known address, and with
    the first attempt from another one."""
    edge_with(**GUESSES)
    email = user.user["email"]
    ok(sign_in(api, email, user.password, HOME))
    addresses = strangers()
    for address, _ in zip(addresses, range(6)):
        problem(sign_in(api, email, "wrong guess", address), 401)
    for address, _ in zip(addresses, range(5)):
        problem(sign_in(api, email, "first guess", address), 401)
        limited(sign_in(api, email, "second guess", address))
    problem(sign_in(api, email, "his own mistake", HOME), 401)
    ok(sign_in(api, email, user.password, HOME))
    ok(sign_in(api, email, user.password, OFFICE))


def test_first_guesses_from_many_addresses_are_limited_per_account(api, user, edge_with):
    edge_with(**GUESSES)
    email, addresses = user.user["email"], strangers()
    ok(sign_in(api, email, user.password, HOME))
    for address, _ in zip(addresses, range(12)):
        problem(sign_in(api, email, "wrong guess", address), 401)
    limited(sign_in(api, email, "wrong guess", next(addresses)))
    ok(sign_in(api, email, user.password, HOME))


def test_a_whole_64_of_ipv6_is_one_address(api, user, edge_with):
    edge_with(**GUESSES)
    for number in range(3):
        problem(sign_in(api, user.user["email"], "wrong guess", f"2001:db8:0:1::{number:x}"), 401)
    for number in range(3, 120):
        limited(sign_in(api, user.user["email"], "wrong guess", f"2001:db8:0:1:{number:x}::"))


def test_one_address_does_not_try_one_account_after_the_other(api, user, edge_with):
    edge_with(COMANDA_SIGN_IN_ADDRESS="5", COMANDA_SIGN_IN_ADDRESS_PAUSE="1h")
    for _ in range(5):
        problem(sign_in(api, f"{uuid.uuid4().hex}@example.org", "password1", HOME), 401)
    limited(sign_in(api, user.user["email"], user.password, HOME))
    limited(api.post("/users", {"email": "a@example.org", "name": "A", "password": "12345678"}, headers=via(HOME)))
    ok(sign_in(api, user.user["email"], user.password, OFFICE))


def test_successful_sign_ins_do_not_count_as_attempts(api, user, edge_with):
    edge_with(**GUESSES, COMANDA_SIGN_IN_ADDRESS="3")
    for _ in range(6):
        ok(sign_in(api, user.user["email"], user.password, HOME))


def test_an_old_password_is_not_guessed_by_changing_it(stack, api, user, edge_with):
    edge_with(**GUESSES)
    change = {"password": {"old": "wrong guess", "new": "a better password"}}
    for _ in range(3):
        problem(user.patch(f"/users/{user.id}", change), 422)
    limited(user.patch(f"/users/{user.id}", {"password": {"old": user.password, "new": "a better password"}}))
    ok(user.patch(f"/users/{user.id}", {"name": "Still there"}))


