"""Signing in and out: access tokens, refresh tokens, and what ends a session."""
import uuid

import pytest

from harness.rest import Client, ok, problem


def sign_in(api, user, password=None):
    body = {"grant_type": "password", "email": user.user["email"], "password": password or user.password}
    return ok(api.post("/auth/token", body))


def refresh(api, token):
    return api.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": token})


@pytest.fixture
def user(new_customer):
    return new_customer("Barbara")


@pytest.mark.sanitizer
def test_signing_in_gives_a_token_that_the_edge_accepts(api, stack, user):
    tokens = sign_in(api, user)
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 15 * 60
    assert ok(Client(stack.url, tokens["access_token"]).get(f"/users/{user.id}"))["id"] == user.id


def test_an_answer_with_tokens_is_not_cacheable(api, user):
    body = {"grant_type": "password", "email": user.user["email"], "password": user.password}
    assert api.post("/auth/token", body).headers["Cache-Control"] == "no-store"


def test_answers_with_tokens_are_recorded_under_no_key(stack, api, user):
    """A repeated sign-in creates a new session."""
    body, key = {"grant_type": "password", "email": user.user["email"], "password": user.password}, str(uuid.uuid4())
    first, second = (ok(api.post("/auth/token", body, headers={"Idempotency-Key": key})) for _ in range(2))
    assert first["refresh_token"] != second["refresh_token"]
    for token in (first["access_token"], first["refresh_token"]):
        assert stack.sql("users", "SELECT 1 FROM inbox_commands WHERE answer LIKE %s", f"%{token}%") == []


def test_a_form_signs_in_as_well(api, user):
    form = {"grant_type": "password", "email": user.user["email"].upper(), "password": user.password}
    tokens = ok(api.call("POST", "/auth/token", data=form))
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    ok(api.call("POST", "/auth/token", data=again))


def test_unknown_wrong_and_disabled_accounts_get_the_same_answer(api, user, new_customer, admin):
    disabled = new_customer()
    ok(admin.delete(f"/users/{disabled.id}"))
    attempts = [(f"{uuid.uuid4().hex}@example.org", "12345678"), (user.user["email"], "not the password"),
                (disabled.user["email"], disabled.password), (disabled.user["email"], "not the password")]
    answers = [problem(api.post("/auth/token", {"grant_type": "password", "email": email, "password": password}), 401)
               for email, password in attempts]
    assert all(answer == answers[0] for answer in answers), answers


def test_as_much_is_hashed_for_unknown_wrong_and_disabled(stack, api, user, new_customer, admin):
    """So the duration reveals nothing. The test counts hashes instead of measuring time."""
    disabled = new_customer()
    ok(admin.delete(f"/users/{disabled.id}"))

    def hashed(email, password):
        before = stack.metric("svc-users", "comanda_password_hashes_total")
        problem(api.post("/auth/token", {"grant_type": "password", "email": email, "password": password}), 401)
        return stack.metric("svc-users", "comanda_password_hashes_total") - before

    assert hashed(f"{uuid.uuid4().hex}@example.org", "12345678") == 1
    assert hashed(user.user["email"], "not the password") == 1
    assert hashed(disabled.user["email"], disabled.password) == 1


@pytest.mark.parametrize("body, field", [
    ({}, "grant_type"),
    ({"grant_type": "magic"}, "grant_type"),
    ({"grant_type": 1}, "grant_type"),
    ({"grant_type": "password", "email": "a@example.org"}, "password"),
    ({"grant_type": "password", "password": "12345678"}, "email"),
    ({"grant_type": "password", "email": "a@example.org", "password": ["12345678"]}, "password"),
    ({"grant_type": "password", "email": "a@example.org", "password": "12345678", "scope": "all"}, "scope"),
    ({"grant_type": "refresh_token"}, "refresh_token"),
    ({"grant_type": "refresh_token", "refresh_token": 7}, "refresh_token"),
])
def test_a_request_for_tokens_that_lacks_something_names_it(api, body, field):
    problem(api.post("/auth/token", body), 422, field=field)


def test_each_refresh_gives_a_new_pair(api, stack, user):
    first = sign_in(api, user)
    second = ok(refresh(api, first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert ok(Client(stack.url, second["access_token"]).get(f"/users/{user.id}"))["id"] == user.id
    third = ok(refresh(api, second["refresh_token"]))
    assert third["refresh_token"] not in (first["refresh_token"], second["refresh_token"])


def test_a_refresh_token_used_again_after_its_successor_ends_the_session(api, user):
    first = sign_in(api, user)
    other_session = sign_in(api, user)
    second = ok(refresh(api, first["refresh_token"]))
    third = ok(refresh(api, second["refresh_token"]))
    problem(refresh(api, first["refresh_token"]), 401)
    problem(refresh(api, third["refresh_token"]), 401)
    ok(refresh(api, other_session["refresh_token"]))


@pytest.mark.parametrize("token", ["x", str(uuid.uuid4()), "a" * 200, "\u00e9" * 50, f"{uuid.uuid4()}.{'A' * 43}"])
def test_a_refresh_token_that_we_never_gave_is_refused(api, token):
    problem(refresh(api, token), 401)


def test_signing_out_ends_this_session_alone(api, stack, user):
    mine, other = sign_in(api, user), sign_in(api, user)
    assert ok(Client(stack.url, mine["access_token"]).post("/auth/logout")) == {}
    problem(refresh(api, mine["refresh_token"]), 401)
    ok(refresh(api, other["refresh_token"]))


def test_signing_out_takes_a_refresh_token_too(api, stack, user):
    mine, other = sign_in(api, user), sign_in(api, user)
    client = Client(stack.url, mine["access_token"])
    ok(client.post("/auth/logout", {"refresh_token": other["refresh_token"]}))
    ok(client.post("/auth/logout", {"refresh_token": other["refresh_token"]}))
    problem(refresh(api, other["refresh_token"]), 401)
    ok(refresh(api, mine["refresh_token"]))


def test_no_user_ends_sessions_of_others(api, stack, user, new_customer):
    theirs = sign_in(api, user)
    thief = new_customer("Thief")
    problem(thief.post("/auth/logout", {"refresh_token": theirs["refresh_token"]}), 422, field="refresh_token")
    ok(refresh(api, theirs["refresh_token"]))


def test_signing_out_with_an_unknown_refresh_token_is_refused(api, stack, user):
    mine = sign_in(api, user)
    client = Client(stack.url, mine["access_token"])
    session = mine["refresh_token"].partition(".")[0]
    for token in ("garbage", f"{session}.{'A' * 43}", f"{uuid.uuid4()}.{'A' * 43}"):
        problem(client.post("/auth/logout", {"refresh_token": token}), 422, field="refresh_token")
    ok(refresh(api, mine["refresh_token"]))


def test_a_key_of_signing_out_belongs_to_the_session(api, stack, user):
    key = {"Idempotency-Key": uuid.uuid4().hex}
    for _ in range(2):
        session = sign_in(api, user)
        client = Client(stack.url, session["access_token"])
        for _ in range(2):
            ok(client.post("/auth/logout", headers=key))
        problem(refresh(api, session["refresh_token"]), 401)


def test_two_tabs_that_refresh_with_one_token_both_stay_signed_in(api, user):
    first = sign_in(api, user)
    tabs = [ok(refresh(api, first["refresh_token"])) for _ in range(2)]
    for _ in range(2):
        tabs = [ok(refresh(api, tab["refresh_token"])) for tab in tabs]
    problem(refresh(api, first["refresh_token"]), 401)
    problem(refresh(api, tabs[0]["refresh_token"]), 401)


def test_signing_out_needs_a_token_and_knows_one_field(api, customer):
    problem(api.post("/auth/logout"), 401)
    problem(customer.post("/auth/logout", {"everywhere": True}), 422, field="everywhere")


def test_a_new_password_ends_the_other_sessions(api, stack, user):
    mine, other = sign_in(api, user), sign_in(api, user)
    client = Client(stack.url, mine["access_token"])
    change = {"password": {"old": user.password, "new": "a better password"}}
    assert "password" not in ok(client.patch(f"/users/{user.id}", change))
    problem(refresh(api, other["refresh_token"]), 401)
    ok(refresh(api, mine["refresh_token"]))
    body = {"grant_type": "password", "email": user.user["email"], "password": user.password}
    problem(api.post("/auth/token", body), 401)
    sign_in(api, user, "a better password")


def test_a_new_password_needs_the_old_one(api, user):
    session = sign_in(api, user)
    change = {"password": {"old": "not the old one", "new": "a better password"}}
    answer = user.patch(f"/users/{user.id}", change)
    assert answer.status_code in (403, 422), answer.text
    problem(answer, answer.status_code)
    ok(refresh(api, session["refresh_token"]))
    sign_in(api, user)


def test_disabling_an_account_ends_its_sessions(api, user, admin):
    session = sign_in(api, user)
    ok(admin.delete(f"/users/{user.id}"))
    problem(refresh(api, session["refresh_token"]), 401)
    ok(admin.patch(f"/users/{user.id}", {"status": "active"}))
    problem(refresh(api, session["refresh_token"]), 401)
