/* Accounts: register, change, disable, and what orders are told of a buyer. */
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

static struct decision_result disable(struct scene *scene, const struct user *user, struct caller caller)
{
	const struct by_id wanted = id_of(user);

	return scene_act(scene, disabling, caller, &wanted, NULL);
}

static struct decision_result change(struct scene *scene, struct users_change wanted, struct caller caller)
{
	return scene_act(scene, changing, caller, &wanted, NULL);
}

/* ---- register ---- */

static void registers_an_active_customer_and_tells(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");

	assert_false(ann->admin);
	assert_false(ann->disabled);
	assert_int_equal(ann->version, 1);
	assert_int_equal(ann->created_at, scene->now_us);
	assert_string_equal(ann->email, "ann@example.org");
	assert_string_equal(ann->password_hash, "hash of ann");
	assert_told(scene, USER_REGISTERED, ann);
}

static void claims_the_address_for_its_owner(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid claim_id = email_claim_id("ann@example.org");
	const struct email_claim *claim = scene_find(scene, &email_claim_kind, &claim_id);

	assert_non_null(claim);
	assert_true(uuid_equal(&claim->user_id, &ann->id));
}

static void refuses_an_address_that_is_taken(void **state)
{
	struct scene *scene = *state;
	const struct users_register wanted = {.email = "ann@example.org", .name = "Other Ann", .password = "12345678"};
	const struct registration_facts facts = {"another hash"};
	const struct user *ann = scene_user(scene, "ann");

	assert_refused(scene, scene_act(scene, registering, nobody, &wanted, &facts), E_CONFLICT, "email_taken");
	assert_string_equal(again(scene, ann)->password_hash, "hash of ann");
}

static void installs_the_first_admin_as_an_admin(void **state)
{
	assert_true(scene_admin(*state, "root")->admin);
}

/* ---- who may ---- */

static void lets_oneself_and_admins_see_an_account(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *bob = scene_user(scene, "bob"),
			  *root = scene_admin(scene, "root");
	const struct caller ann_calls = caller_of(ann), bob_calls = caller_of(bob), root_calls = caller_of(root);

	assert_true(user_visible_to(&ann->id, &ann_calls));
	assert_true(user_visible_to(&ann->id, &root_calls));
	assert_false(user_visible_to(&ann->id, &bob_calls));
	assert_false(user_visible_to(&ann->id, &nobody));
	assert_false(user_visible_to(&nobody.user_id, &nobody));
}

static void lets_nobody_else_change_or_disable_an_account(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *bob = scene_user(scene, "bob");
	struct users_change wanted = change_of(ann);

	wanted.name = "Bob's";
	assert_refused(scene, change(scene, wanted, caller_of(bob)), E_FORBIDDEN, "forbidden");
	assert_refused(scene, change(scene, wanted, nobody), E_UNAUTHENTICATED, "unauthenticated");
	assert_refused(scene, disable(scene, ann, caller_of(bob)), E_FORBIDDEN, "forbidden");
	assert_refused(scene, disable(scene, ann, nobody), E_UNAUTHENTICATED, "unauthenticated");
	assert_string_equal(again(scene, ann)->name, "ann");
	assert_false(again(scene, ann)->disabled);
}

static void looks_at_the_admin_and_not_only_at_the_token(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *root = scene_admin(scene, "root"),
			  *other = scene_admin(scene, "other");
	const struct caller demoted = caller_of(other);
	struct users_change demotion = change_of(other), promotion = change_of(other);

	demotion.role = ROLE_CUSTOMER;
	promotion.role = ROLE_ADMIN;
	assert_int_equal(change(scene, demotion, caller_of(root)).status, OK);
	assert_refused(scene, change(scene, promotion, demoted), E_FORBIDDEN, "forbidden");
	assert_refused(scene, disable(scene, ann, demoted), E_FORBIDDEN, "forbidden");
}

static void says_not_found_to_an_admin_only(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *root = scene_admin(scene, "root");
	struct user gone = {.id = uuid_of_text("user", "gone", 4)};

	assert_refused(scene, disable(scene, &gone, caller_of(root)), E_NOT_FOUND, "not_found");
	assert_refused(scene, disable(scene, &gone, caller_of(ann)), E_FORBIDDEN, "forbidden");
	assert_refused(scene, change(scene, change_of(&gone), caller_of(root)), E_NOT_FOUND, "not_found");
}

/* ---- change ---- */

static void changes_the_name_and_tells(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	struct users_change wanted = change_of(ann);

	scene->now_us += SECOND_US;
	wanted.name = "Ann B.";
	const struct decision_result decision = change(scene, wanted, caller_of(ann));
	assert_int_equal(decision.status, OK);
	assert_told(scene, USER_CHANGED, ann);
	const struct user_view *view = decision.reply;
	assert_string_equal(view->name, "Ann B.");
	assert_int_equal(view->version, 2);
	assert_int_equal(view->updated_at, scene->now_us);
	assert_true(view->created_at < view->updated_at);
}

static void tells_who_did_it(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *root = scene_admin(scene, "root");
	struct users_change wanted = change_of(ann);
	const struct output *events;

	(void)scene_events(scene, &events);
	assert_true(uuid_is_nil(&((const struct user_event *)events[0].body)->by)); /* by the operator */
	wanted.role = ROLE_ADMIN;
	assert_int_equal(change(scene, wanted, caller_of(root)).status, OK);
	(void)scene_events(scene, &events);
	assert_true(uuid_equal(&((const struct user_event *)events[0].body)->by, &root->id));
}

static void says_nothing_when_nothing_changes(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	struct users_change wanted = change_of(ann);

	wanted.name = "ann";
	const struct decision_result decision = change(scene, wanted, caller_of(ann));
	assert_int_equal(decision.status, OK);
	assert_int_equal(((const struct user_view *)decision.reply)->version, 1);
	assert_nothing_told(scene);
}

static void lets_only_admins_change_role_and_status(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *root = scene_admin(scene, "root");
	struct users_change role = change_of(ann), status = change_of(ann);

	role.role = ROLE_ADMIN;
	status.status = USER_INACTIVE;
	assert_refused(scene, change(scene, role, caller_of(ann)), E_FORBIDDEN, "forbidden");
	assert_refused(scene, change(scene, status, caller_of(ann)), E_FORBIDDEN, "forbidden");
	assert_int_equal(change(scene, role, caller_of(root)).status, OK);
	assert_true(again(scene, ann)->admin);
	assert_told(scene, USER_CHANGED, ann);
	assert_int_equal(change(scene, status, caller_of(root)).status, OK);
	assert_true(again(scene, ann)->disabled);
	assert_told(scene, USER_DISABLED, ann);
}

static void enables_a_disabled_account_again(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *root = scene_admin(scene, "root");
	struct users_change wanted = change_of(ann);

	wanted.status = USER_ACTIVE;
	assert_int_equal(disable(scene, ann, caller_of(root)).status, OK);
	assert_refused(scene, change(scene, change_of(ann), caller_of(ann)), E_FORBIDDEN, "user_disabled");
	assert_int_equal(change(scene, wanted, caller_of(root)).status, OK);
	assert_false(again(scene, ann)->disabled);
	assert_told(scene, USER_CHANGED, ann);
}

static void keeps_an_admin_from_stepping_down(void **state)
{
	struct scene *scene = *state;
	const struct user *root = scene_admin(scene, "root");
	struct users_change role = change_of(root), status = change_of(root), same = change_of(root);

	role.role = ROLE_CUSTOMER;
	status.status = USER_INACTIVE;
	same.role = ROLE_ADMIN;
	assert_refused(scene, change(scene, role, caller_of(root)), E_CONFLICT, "last_admin");
	assert_refused(scene, change(scene, status, caller_of(root)), E_CONFLICT, "last_admin");
	assert_refused(scene, disable(scene, root, caller_of(root)), E_CONFLICT, "last_admin");
	assert_int_equal(change(scene, same, caller_of(root)).status, OK);
	assert_int_equal(again(scene, root)->version, 1);
}

/* ---- password ---- */

static struct decision_result change_password(struct scene *scene, const struct user *user, struct caller caller,
					      const struct password_facts *facts)
{
	struct password_change passwords = {"not looked at", "not looked at"};
	struct users_change wanted = change_of(user);

	wanted.password = &passwords;
	return scene_act(scene, changing, caller, &wanted, facts);
}

static void changes_the_password_when_the_old_one_is_right(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct password_facts facts = {"hash of ann", true, "new hash"};

	assert_int_equal(change_password(scene, ann, caller_of(ann), &facts).status, OK);
	assert_string_equal(again(scene, ann)->password_hash, "new hash");
	assert_told(scene, USER_CHANGED, ann);
}

static void refuses_a_wrong_old_password(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct password_facts facts = {"hash of ann", false, NULL};
	const struct decision_result decision = change_password(scene, ann, caller_of(ann), &facts);

	assert_refused(scene, decision, E_INVALID, "wrong_password");
	assert_string_equal(decision.refusal.field, "password.old");
	assert_string_equal(again(scene, ann)->password_hash, "hash of ann");
}

static void asks_again_when_the_password_changed_meanwhile(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct password_facts older = {"an older hash", true, "new hash"}, none = {NULL, false, NULL};

	assert_int_equal(change_password(scene, ann, caller_of(ann), &older).status, E_RETRY);
	assert_int_equal(change_password(scene, ann, caller_of(ann), &none).status, E_RETRY);
	assert_string_equal(again(scene, ann)->password_hash, "hash of ann");
}

static void lets_no_admin_change_anothers_password(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *root = scene_admin(scene, "root");
	const struct password_facts facts = {"hash of ann", true, "new hash"};

	assert_refused(scene, change_password(scene, ann, caller_of(root), &facts), E_FORBIDDEN, "forbidden");
	assert_refused(scene, change_password(scene, ann, caller_of(root), NULL), E_FORBIDDEN, "forbidden");
}

static void changes_no_password_that_nobody_has_hashed(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");

	assert_int_equal(change_password(scene, ann, caller_of(ann), NULL).status, E_INTERNAL);
}

/* ---- disable ---- */

static void disables_once_and_tells_once(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct decision_result first = disable(scene, ann, caller_of(ann));

	assert_int_equal(first.status, OK);
	assert_told(scene, USER_DISABLED, ann);
	assert_int_equal(((const struct user_view *)first.reply)->status, USER_INACTIVE);
	const struct decision_result second = disable(scene, ann, caller_of(ann));
	assert_int_equal(second.status, OK);
	assert_nothing_told(scene);
	assert_memory_equal(second.reply, first.reply, sizeof(struct user_view));
}

static void disables_only_the_version_that_is_meant(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct by_id newer = {.id = ann->id, .expected_version = 2},
			   same = {.id = ann->id, .expected_version = 1};

	assert_int_equal(scene_act(scene, disabling, caller_of(ann), &newer, NULL).status, E_PRECONDITION);
	assert_int_equal(scene_act(scene, disabling, caller_of(ann), &same, NULL).status, OK);
}

/* ---- may this person buy? ---- */

static struct decision_result ask(struct scene *scene, const struct uuid *user_id, int64_t expires_at)
{
	const struct order_event order = {
		.order_id = uuid_of_text("order", "1", 1), .user_id = *user_id, .expires_at = expires_at};

	return scene_act(scene, answering, nobody, &order, NULL);
}

static const struct user_answer *answer_of(const struct scene *scene, int type)
{
	const struct output *events;
	const struct uuid order_id = uuid_of_text("order", "1", 1);

	assert_int_equal(scene_events(scene, &events), 1);
	assert_int_equal(events[0].type, type);
	const struct user_answer *said = events[0].body;
	assert_true(uuid_equal(&said->order_id, &order_id));
	assert_true(uuid_equal(&said->order_id, &events[0].subject));
	return said;
}

static void verifies_an_active_buyer(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");

	assert_int_equal(ask(scene, &ann->id, scene->now_us + 1).status, OK);
	assert_null(answer_of(scene, USER_VERIFIED)->code);
}

static void refuses_an_unknown_and_a_disabled_buyer(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid unknown = uuid_of_text("user", "unknown", 7);

	assert_int_equal(ask(scene, &unknown, scene->now_us + 1).status, OK);
	assert_string_equal(answer_of(scene, USER_REFUSED)->code, "user_unknown");
	assert_int_equal(disable(scene, ann, caller_of(ann)).status, OK);
	assert_int_equal(ask(scene, &ann->id, scene->now_us + 1).status, OK);
	assert_string_equal(answer_of(scene, USER_REFUSED)->code, "user_disabled");
	assert_true(strlen(answer_of(scene, USER_REFUSED)->detail) > 0);
}

static void ignores_an_order_that_has_expired(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");

	assert_int_equal(ask(scene, &ann->id, scene->now_us).status, E_STALE);
	assert_nothing_told(scene);
}

#define HOLDS(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOLDS(registers_an_active_customer_and_tells),
		HOLDS(claims_the_address_for_its_owner),
		HOLDS(refuses_an_address_that_is_taken),
		HOLDS(installs_the_first_admin_as_an_admin),
		HOLDS(lets_oneself_and_admins_see_an_account),
		HOLDS(lets_nobody_else_change_or_disable_an_account),
		HOLDS(looks_at_the_admin_and_not_only_at_the_token),
		HOLDS(says_not_found_to_an_admin_only),
		HOLDS(changes_the_name_and_tells),
		HOLDS(tells_who_did_it),
		HOLDS(says_nothing_when_nothing_changes),
		HOLDS(lets_only_admins_change_role_and_status),
		HOLDS(enables_a_disabled_account_again),
		HOLDS(keeps_an_admin_from_stepping_down),
		HOLDS(changes_the_password_when_the_old_one_is_right),
		HOLDS(refuses_a_wrong_old_password),
		HOLDS(asks_again_when_the_password_changed_meanwhile),
		HOLDS(lets_no_admin_change_anothers_password),
		HOLDS(changes_no_password_that_nobody_has_hashed),
		HOLDS(disables_once_and_tells_once),
		HOLDS(disables_only_the_version_that_is_meant),
		HOLDS(verifies_an_active_buyer),
		HOLDS(refuses_an_unknown_and_a_disabled_buyer),
		HOLDS(ignores_an_order_that_has_expired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
