"""Accounts: who may register, see, change and disable them."""
import uuid

import pytest

from harness.rest import TIME, UUID, Client, ok, pages, problem


def fresh():
    return {"email": f"user.{uuid.uuid4().hex}@example.org", "name": "Edsger", "password": "correct horse"}


@pytest.mark.sanitizer
def test_registering_answers_with_the_account_and_where_it_is(api):
    body = fresh()
    answer = api.post("/users", body)
    user = ok(answer, 201)
    assert set(user) == {"id", "email", "name", "role", "status", "created_at", "updated_at", "version"}
    assert UUID.fullmatch(user["id"]) and TIME.fullmatch(user["created_at"])
    assert (user["email"], user["name"]) == (body["email"], "Edsger")
    assert (user["role"], user["status"]) == ("customer", "active")
    assert answer.headers["Location"] == f"/v1/users/{user['id']}"
    assert "password" not in answer.text


def test_an_address_can_be_registered_once_however_it_is_written(api):
    body = fresh()
    ok(api.post("/users", body), 201)
    again = body | {"email": f"  {body['email'].upper()} ", "name": "Somebody else"}
    problem(api.post("/users", again), 409, code="email_taken", field="email")


def test_registering_again_with_the_same_key_gives_the_first_answer(api):
    body, key = fresh(), {"Idempotency-Key": uuid.uuid4().hex}
    first = ok(api.post("/users", body, headers=key), 201)
    assert ok(api.post("/users", body, headers=key), 201) == first
    problem(api.post("/users", body | {"name": "Another"}, headers=key), 422, code="idempotency_key_reused")


@pytest.mark.parametrize("password", ["12345678", "é" * 128, "with spaces and \t tabs", "0" * 256])
def test_a_password_is_judged_by_its_length_alone(api, password):
    body = fresh() | {"password": password}
    ok(api.post("/users", body), 201)
    ok(api.post("/auth/token", {"grant_type": "password", "email": body["email"], "password": password}))


@pytest.mark.parametrize("password", ["", "1234567", "ééé", "0" * 257, "é" * 129, None, 12345678, ["12345678"]])
def test_a_password_too_short_or_too_long_is_refused(api, password):
    problem(api.post("/users", fresh() | {"password": password}), 422, field="password")


@pytest.mark.parametrize("email", ["", "nobody", "@example.org", "a@", "a b@example.org", "a@b@c.org", "a@-b.org",
                                   "x" * 250 + "@example.org", None, 7, {}])
def test_what_is_no_address_is_refused(api, email):
    problem(api.post("/users", fresh() | {"email": email}), 422, field="email")


@pytest.mark.parametrize("field", ["email", "name", "password"])
def test_every_field_of_a_registration_is_needed(api, field):
    body = fresh()
    del body[field]
    problem(api.post("/users", body), 422, field=field)


def test_registration_never_creates_an_admin(api):
    problem(api.post("/users", fresh() | {"role": "admin"}), 422, field="role")


def test_one_sees_oneself_and_an_admin_sees_everybody(customer, admin):
    assert ok(customer.get(f"/users/{customer.id}")) == ok(admin.get(f"/users/{customer.id}"))


def test_only_the_owner_and_admins_see_an_account(api, customer, stranger):
    problem(stranger.get(f"/users/{customer.id}"), 403)
    problem(api.get(f"/users/{customer.id}"), 401)
    problem(stranger.get(f"/users/{uuid.uuid4()}"), 403)


def test_an_account_that_is_not_there_is_not_found(admin):
    problem(admin.get(f"/users/{uuid.uuid4()}"), 404)
    problem(admin.patch(f"/users/{uuid.uuid4()}", {"name": "X"}), 404)
    problem(admin.delete(f"/users/{uuid.uuid4()}"), 404)


def test_one_changes_ones_own_name_and_sees_it_at_once(new_customer):
    user = new_customer()
    changed = ok(user.patch(f"/users/{user.id}", {"name": "Ada Lovelace"}))
    assert (changed["name"], changed["version"]) == ("Ada Lovelace", user.user["version"] + 1)
    assert ok(user.get(f"/users/{user.id}")) == changed


def test_a_change_that_changes_nothing_keeps_the_version(new_customer):
    user = new_customer()
    assert ok(user.patch(f"/users/{user.id}", {"name": user.user["name"]})) == user.user


def test_only_admins_give_roles_and_states(new_customer, admin, stranger):
    user = new_customer()
    problem(user.patch(f"/users/{user.id}", {"role": "admin"}), 403)
    problem(user.patch(f"/users/{user.id}", {"status": "disabled"}), 403)
    problem(stranger.patch(f"/users/{user.id}", {"name": "Stolen"}), 403)
    assert ok(admin.patch(f"/users/{user.id}", {"role": "admin"}))["role"] == "admin"
    assert ok(admin.get(f"/users/{user.id}"))["name"] == user.user["name"]


@pytest.mark.parametrize("body, field", [({"role": "king"}, "role"), ({"status": "asleep"}, "status"),
                                         ({"name": ""}, "name"), ({"name": "x" * 201}, "name"),
                                         ({"email": "new@example.org"}, "email"), ({"version": 3}, "version"),
                                         ({"password": "12345678"}, "password"),
                                         ({"password": {"old": "12345678"}}, "password.new"),
                                         ({"password": {"old": "x", "new": "short"}}, "password.new")])
def test_a_change_that_is_not_acceptable_names_its_field(customer, body, field):
    problem(customer.patch(f"/users/{customer.id}", body), 422, field=field)


def test_deleting_an_account_disables_it(new_customer, admin, api):
    user = new_customer()
    gone = ok(user.delete(f"/users/{user.id}"))
    assert (gone["id"], gone["status"]) == (user.id, "disabled")
    assert ok(admin.get(f"/users/{user.id}")) == gone
    assert ok(admin.delete(f"/users/{user.id}")) == gone
    sign_in = {"grant_type": "password", "email": user.user["email"], "password": user.password}
    problem(api.post("/auth/token", sign_in), 401)


def test_an_admin_enables_an_account_again(new_customer, admin, api):
    user = new_customer()
    ok(admin.delete(f"/users/{user.id}"))
    assert ok(admin.patch(f"/users/{user.id}", {"status": "active"}))["status"] == "active"
    ok(api.post("/auth/token", {"grant_type": "password", "email": user.user["email"], "password": user.password}))


def test_an_admin_cannot_lock_everybody_out(admin):
    problem(admin.delete(f"/users/{admin.id}"), 409)
    problem(admin.patch(f"/users/{admin.id}", {"role": "customer"}), 409)


def test_a_demoted_admin_with_a_token_of_before_changes_no_account(stack, new_customer, admin):
    former = new_customer()
    ok(admin.patch(f"/users/{former.id}", {"role": "admin"}))
    old_token = Client(stack.url, stack.token(former.id, "admin"))
    ok(admin.patch(f"/users/{former.id}", {"role": "customer"}))
    problem(old_token.patch(f"/users/{former.id}", {"role": "admin"}), 403)


def test_only_admins_list_accounts(api, customer):
    problem(api.get("/users"), 401)
    problem(customer.get("/users"), 403)


def test_the_list_of_accounts_has_each_once_while_others_register(admin, new_customer):
    before = [new_customer("Barbara").id for _ in range(5)]
    listed = [user["id"] for user in pages(admin, "/users", 2, lambda: new_customer("Late"), last=before[0])]
    assert [user_id for user_id in listed if user_id in before] == before[::-1], "newest first, none missing"
    assert len(set(listed)) == len(listed)
