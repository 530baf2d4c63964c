/* Accounts: register, change, disable, and the answer about a buyer. */
#include "users/tests/fixture.h"

#include <string.h>

static const struct users_change nothing = {.status = -1, .role = -1};

static struct users_change change_of(const struct user *user)
{
	struct users_change wanted = nothing;

	wanted.id = user->id;
	return wanted;
}

static struct by_id id_of(const struct user *user)
{
	return (struct by_id){.id = user->id, .expected_version = INT_ABSENT};
}

static struct decision_result disable(struct fixture *fixture, const struct user *user, struct caller caller)
{
	const struct by_id wanted = id_of(user);

	return fixture_decide(fixture, disabling, caller, &wanted, NULL);
}

static struct decision_result change(struct fixture *fixture, struct users_change wanted, struct caller caller)
{
	return fixture_decide(fixture, changing, caller, &wanted, NULL);
}

/* ---- register ---- */

static void registers_an_active_customer_and_publishes_it(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");

	assert_false(ann->admin);
	assert_false(ann->disabled);
	assert_int_equal(ann->version, 1);
	assert_int_equal(ann->created_at, fixture->now_us);
	assert_string_equal(ann->email, "ann@example.org");
	assert_string_equal(ann->password_hash, "hash of ann");
	assert_published(fixture, USER_REGISTERED, ann);
}

static void claims_the_address_for_its_owner(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid claim_id = email_claim_id("ann@example.org");
	const struct email_claim *claim = fixture_find(fixture, &email_claim_kind, &claim_id);

	assert_non_null(claim);
	assert_true(uuid_equal(&claim->user_id, &ann->id));
}

static void refuses_an_address_that_is_taken(void **state)
{
	struct fixture *fixture = *state;
	const struct users_register wanted = {.email = "ann@example.org", .name = "Other Ann", .password = "12345678"};
	const struct registration_facts facts = {"another hash"};
	const struct user *ann = fixture_user(fixture, "ann");

	assert_refused(fixture, fixture_decide(fixture, registering, nobody, &wanted, &facts), E_CONFLICT,
		       "email_taken");
	assert_string_equal(user_now(fixture, ann)->password_hash, "hash of ann");
}

static void installs_the_first_admin_as_an_admin(void **state)
{
	assert_true(fixture_admin(*state, "root")->admin);
}

/* ---- rights ---- */

static void lets_the_owner_and_admins_see_an_account(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *bob = fixture_user(fixture, "bob"),
			  *root = fixture_admin(fixture, "root");
	const struct caller ann_calls = caller_of(ann), bob_calls = caller_of(bob), root_calls = caller_of(root);

	assert_true(user_visible_to(&ann->id, &ann_calls));
	assert_true(user_visible_to(&ann->id, &root_calls));
	assert_false(user_visible_to(&ann->id, &bob_calls));
	assert_false(user_visible_to(&ann->id, &nobody));
	assert_false(user_visible_to(&nobody.user_id, &nobody));
}

static void lets_no_other_user_change_or_disable_an_account(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *bob = fixture_user(fixture, "bob");
	struct users_change wanted = change_of(ann);

	wanted.name = "Bob's";
	assert_refused(fixture, change(fixture, wanted, caller_of(bob)), E_FORBIDDEN, "forbidden");
	assert_refused(fixture, change(fixture, wanted, nobody), E_UNAUTHENTICATED, "unauthenticated");
	assert_refused(fixture, disable(fixture, ann, caller_of(bob)), E_FORBIDDEN, "forbidden");
	assert_refused(fixture, disable(fixture, ann, nobody), E_UNAUTHENTICATED, "unauthenticated");
	assert_string_equal(user_now(fixture, ann)->name, "ann");
	assert_false(user_now(fixture, ann)->disabled);
}

static void checks_the_admins_account_and_not_only_the_token(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *root = fixture_admin(fixture, "root"),
			  *other = fixture_admin(fixture, "other");
	const struct caller demoted = caller_of(other);
	struct users_change demotion = change_of(other), promotion = change_of(other);

	demotion.role = ROLE_CUSTOMER;
	promotion.role = ROLE_ADMIN;
	assert_int_equal(change(fixture, demotion, caller_of(root)).status, OK);
	assert_refused(fixture, change(fixture, promotion, demoted), E_FORBIDDEN, "forbidden");
	assert_refused(fixture, disable(fixture, ann, demoted), E_FORBIDDEN, "forbidden");
}

static void replies_not_found_to_admins_only(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *root = fixture_admin(fixture, "root");
	struct user gone = {.id = uuid_of_text("user", "gone", 4)};

	assert_refused(fixture, disable(fixture, &gone, caller_of(root)), E_NOT_FOUND, "not_found");
	assert_refused(fixture, disable(fixture, &gone, caller_of(ann)), E_FORBIDDEN, "forbidden");
	assert_refused(fixture, change(fixture, change_of(&gone), caller_of(root)), E_NOT_FOUND, "not_found");
}

/* ---- change ---- */

static void changes_the_name_and_publishes_it(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	struct users_change wanted = change_of(ann);

	fixture->now_us += SECOND_US;
	wanted.name = "Ann B.";
	const struct decision_result decision = change(fixture, wanted, caller_of(ann));
	assert_int_equal(decision.status, OK);
	assert_published(fixture, USER_CHANGED, ann);
	const struct user_view *view = decision.reply;
	assert_string_equal(view->name, "Ann B.");
	assert_int_equal(view->version, 2);
	assert_int_equal(view->updated_at, fixture->now_us);
	assert_true(view->created_at < view->updated_at);
}

static void publishes_the_account_that_made_the_change(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *root = fixture_admin(fixture, "root");
	struct users_change wanted = change_of(ann);
	const struct output *events;

	(void)fixture_events(fixture, &events);
	assert_true(uuid_is_nil(&((const struct user_event *)events[0].body)->by)); /* the first admin has no caller */
	wanted.role = ROLE_ADMIN;
	assert_int_equal(change(fixture, wanted, caller_of(root)).status, OK);
	(void)fixture_events(fixture, &events);
	assert_true(uuid_equal(&((const struct user_event *)events[0].body)->by, &root->id));
}

static void publishes_nothing_when_nothing_changes(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	struct users_change wanted = change_of(ann);

	wanted.name = "ann";
	const struct decision_result decision = change(fixture, wanted, caller_of(ann));
	assert_int_equal(decision.status, OK);
	assert_int_equal(((const struct user_view *)decision.reply)->version, 1);
	assert_nothing_published(fixture);
}

static void lets_only_admins_change_role_and_status(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *root = fixture_admin(fixture, "root");
	struct users_change role = change_of(ann), status = change_of(ann);

	role.role = ROLE_ADMIN;
	status.status = USER_INACTIVE;
	assert_refused(fixture, change(fixture, role, caller_of(ann)), E_FORBIDDEN, "forbidden");
	assert_refused(fixture, change(fixture, status, caller_of(ann)), E_FORBIDDEN, "forbidden");
	assert_int_equal(change(fixture, role, caller_of(root)).status, OK);
	assert_true(user_now(fixture, ann)->admin);
	assert_published(fixture, USER_CHANGED, ann);
	assert_int_equal(change(fixture, status, caller_of(root)).status, OK);
	assert_true(user_now(fixture, ann)->disabled);
	assert_published(fixture, USER_DISABLED, ann);
}

static void enables_a_disabled_account_again(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *root = fixture_admin(fixture, "root");
	struct users_change wanted = change_of(ann);

	wanted.status = USER_ACTIVE;
	assert_int_equal(disable(fixture, ann, caller_of(root)).status, OK);
	assert_refused(fixture, change(fixture, change_of(ann), caller_of(ann)), E_FORBIDDEN, "user_disabled");
	assert_int_equal(change(fixture, wanted, caller_of(root)).status, OK);
	assert_false(user_now(fixture, ann)->disabled);
	assert_published(fixture, USER_CHANGED, ann);
}

static void refuses_an_admin_who_gives_up_admin_rights(void **state)
{
	struct fixture *fixture = *state;
	const struct user *root = fixture_admin(fixture, "root");
	struct users_change role = change_of(root), status = change_of(root), same = change_of(root);

	role.role = ROLE_CUSTOMER;
	status.status = USER_INACTIVE;
	same.role = ROLE_ADMIN;
	assert_refused(fixture, change(fixture, role, caller_of(root)), E_CONFLICT, "last_admin");
	assert_refused(fixture, change(fixture, status, caller_of(root)), E_CONFLICT, "last_admin");
	assert_refused(fixture, disable(fixture, root, caller_of(root)), E_CONFLICT, "last_admin");
	assert_int_equal(change(fixture, same, caller_of(root)).status, OK);
	assert_int_equal(user_now(fixture, root)->version, 1);
}

/* ---- password ---- */

static struct decision_result change_password(struct fixture *fixture, const struct user *user, struct caller caller,
					      const struct password_facts *facts)
{
	struct password_change passwords = {"not looked at", "not looked at"};
	struct users_change wanted = change_of(user);

	wanted.password = &passwords;
	return fixture_decide(fixture, changing, caller, &wanted, facts);
}

static void changes_the_password_when_the_old_one_is_right(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct password_facts facts = {"hash of ann", true, "new hash"};

	assert_int_equal(change_password(fixture, ann, caller_of(ann), &facts).status, OK);
	assert_string_equal(user_now(fixture, ann)->password_hash, "new hash");
	assert_published(fixture, USER_CHANGED, ann);
}

static void refuses_a_wrong_old_password(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct password_facts facts = {"hash of ann", false, NULL};
	const struct decision_result decision = change_password(fixture, ann, caller_of(ann), &facts);

	assert_refused(fixture, decision, E_INVALID, "wrong_password");
	assert_string_equal(decision.refusal.field, "password.old");
	assert_string_equal(user_now(fixture, ann)->password_hash, "hash of ann");
}

static void retries_when_the_password_has_changed(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct password_facts older = {"an older hash", true, "new hash"}, none = {NULL, false, NULL};

	assert_int_equal(change_password(fixture, ann, caller_of(ann), &older).status, E_RETRY);
	assert_int_equal(change_password(fixture, ann, caller_of(ann), &none).status, E_RETRY);
	assert_string_equal(user_now(fixture, ann)->password_hash, "hash of ann");
}

static void lets_no_admin_change_the_password_of_another(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *root = fixture_admin(fixture, "root");
	const struct password_facts facts = {"hash of ann", true, "new hash"};

	assert_refused(fixture, change_password(fixture, ann, caller_of(root), &facts), E_FORBIDDEN, "forbidden");
	assert_refused(fixture, change_password(fixture, ann, caller_of(root), NULL), E_FORBIDDEN, "forbidden");
}

static void changes_no_password_without_a_hash(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");

	assert_int_equal(change_password(fixture, ann, caller_of(ann), NULL).status, E_INTERNAL);
}

/* ---- disable ---- */

static void disables_once_and_publishes_once(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct decision_result first = disable(fixture, ann, caller_of(ann));

	assert_int_equal(first.status, OK);
	assert_published(fixture, USER_DISABLED, ann);
	assert_int_equal(((const struct user_view *)first.reply)->status, USER_INACTIVE);
	const struct decision_result second = disable(fixture, ann, caller_of(ann));
	assert_int_equal(second.status, OK);
	assert_nothing_published(fixture);
	assert_memory_equal(second.reply, first.reply, sizeof(struct user_view));
}

static void disables_only_the_expected_version(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct by_id newer = {.id = ann->id, .expected_version = 2},
			   same = {.id = ann->id, .expected_version = 1};

	assert_int_equal(fixture_decide(fixture, disabling, caller_of(ann), &newer, NULL).status, E_PRECONDITION);
	assert_int_equal(fixture_decide(fixture, disabling, caller_of(ann), &same, NULL).status, OK);
}

/* ---- the answer about a buyer ---- */

static struct decision_result ask(struct fixture *fixture, const struct uuid *user_id, int64_t expires_at)
{
	const struct order_event order = {
		.order_id = uuid_of_text("order", "1", 1), .user_id = *user_id, .expires_at = expires_at};

	return fixture_decide(fixture, answering, nobody, &order, NULL);
}

static const struct user_answer *answer_of(const struct fixture *fixture, int type)
{
	const struct output *events;
	const struct uuid order_id = uuid_of_text("order", "1", 1);

	assert_int_equal(fixture_events(fixture, &events), 1);
	assert_int_equal(events[0].type, type);
	const struct user_answer *said = events[0].body;
	assert_true(uuid_equal(&said->order_id, &order_id));
	assert_true(uuid_equal(&said->order_id, &events[0].subject));
	return said;
}

static void verifies_an_active_buyer(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");

	assert_int_equal(ask(fixture, &ann->id, fixture->now_us + 1).status, OK);
	assert_null(answer_of(fixture, USER_VERIFIED)->code);
}

static void refuses_an_unknown_and_a_disabled_buyer(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid unknown = uuid_of_text("user", "unknown", 7);

	assert_int_equal(ask(fixture, &unknown, fixture->now_us + 1).status, OK);
	assert_string_equal(answer_of(fixture, USER_REFUSED)->code, "user_unknown");
	assert_int_equal(disable(fixture, ann, caller_of(ann)).status, OK);
	assert_int_equal(ask(fixture, &ann->id, fixture->now_us + 1).status, OK);
	assert_string_equal(answer_of(fixture, USER_REFUSED)->code, "user_disabled");
	assert_true(strlen(answer_of(fixture, USER_REFUSED)->detail) > 0);
}

static void ignores_an_order_that_has_expired(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");

	assert_int_equal(ask(fixture, &ann->id, fixture->now_us).status, E_STALE);
	assert_nothing_published(fixture);
}

#define HOLDS(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOLDS(registers_an_active_customer_and_publishes_it),
		HOLDS(claims_the_address_for_its_owner),
		HOLDS(refuses_an_address_that_is_taken),
		HOLDS(installs_the_first_admin_as_an_admin),
		HOLDS(lets_the_owner_and_admins_see_an_account),
		HOLDS(lets_no_other_user_change_or_disable_an_account),
		HOLDS(checks_the_admins_account_and_not_only_the_token),
		HOLDS(replies_not_found_to_admins_only),
		HOLDS(changes_the_name_and_publishes_it),
		HOLDS(publishes_the_account_that_made_the_change),
		HOLDS(publishes_nothing_when_nothing_changes),
		HOLDS(lets_only_admins_change_role_and_status),
		HOLDS(enables_a_disabled_account_again),
		HOLDS(refuses_an_admin_who_gives_up_admin_rights),
		HOLDS(changes_the_password_when_the_old_one_is_right),
		HOLDS(refuses_a_wrong_old_password),
		HOLDS(retries_when_the_password_has_changed),
		HOLDS(lets_no_admin_change_the_password_of_another),
		HOLDS(changes_no_password_without_a_hash),
		HOLDS(disables_once_and_publishes_once),
		HOLDS(disables_only_the_expected_version),
		HOLDS(verifies_an_active_buyer),
		HOLDS(refuses_an_unknown_and_a_disabled_buyer),
		HOLDS(ignores_an_order_that_has_expired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
