/* Sessions: sign in, refresh, sign out, and what ends them. */
#include "users/tests/fixture.h"

#include <string.h>

static const struct session *session_of(const struct scene *scene, struct uuid id)
{
	return scene_find(scene, &session_kind, &id);
}

static struct sign_in_facts sign_in_of(const struct user *user, bool matches)
{
	return (struct sign_in_facts){
		.user_id = user->id,
		.user_version = user->version,
		.matches = matches,
		.issued = tokens_marked(uuid_of_text("session", "s", 1), 's'),
	};
}

static struct decision_result try_sign_in(struct scene *scene, struct sign_in_facts facts)
{
	return scene_act(scene, signing_in, nobody, NULL, &facts);
}

/* Presents the token `mark`; the one to follow it is `next`. */
static struct decision_result refresh(struct scene *scene, const struct user *user, uint8_t mark, uint8_t next)
{
	const struct uuid session_id = uuid_of_text("session", "a", 1);
	const struct refresh_facts facts = {
		.session_id = session_id,
		.user_id = user->id,
		.user_version = again(scene, user)->version,
		.presented = hash_marked(mark),
		.issued = tokens_marked(session_id, next),
	};

	return scene_act(scene, refreshing, nobody, NULL, &facts);
}

static void assert_refreshes(struct scene *scene, const struct user *user, uint8_t mark, uint8_t next)
{
	const struct decision_result decision = refresh(scene, user, mark, next);

	assert_int_equal(decision.status, OK);
	assert_non_null(decision.reply);
	assert_true(decision.secret);
}

static void assert_refuses(struct scene *scene, const struct user *user, uint8_t mark)
{
	assert_refused(scene, refresh(scene, user, mark, 'z'), E_UNAUTHENTICATED, "bad_refresh_token");
}

static void disable(struct scene *scene, const struct user *user)
{
	const struct by_id wanted = {.id = user->id, .expected_version = INT_ABSENT};

	assert_int_equal(scene_act(scene, disabling, caller_of(user), &wanted, NULL).status, OK);
}

/* ---- sign in ---- */

static void starts_a_session_and_keeps_only_a_hash(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct decision_result decision = try_sign_in(scene, sign_in_of(ann, true));

	assert_int_equal(decision.status, OK);
	assert_true(decision.secret);
	assert_string_equal(((const struct token_view *)decision.reply)->access_token, "access");
	const struct session *session = session_of(scene, uuid_of_text("session", "s", 1));
	const struct token_hash hash = hash_marked('s');
	assert_non_null(session);
	assert_true(uuid_equal(&session->user_id, &ann->id));
	assert_memory_equal(&session->current, &hash, sizeof(hash));
	assert_int_equal(session->expires_at, scene->now_us + 30 * DAY_US);
	assert_nothing_told(scene);
}

static void refuses_unknown_wrong_and_disabled_in_the_same_words(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	struct sign_in_facts unknown = {.matches = false};
	const struct decision_result first = try_sign_in(scene, unknown);
	assert_refused(scene, first, E_UNAUTHENTICATED, "bad_credentials");
	const struct decision_result second = try_sign_in(scene, sign_in_of(ann, false));
	assert_refused(scene, second, E_UNAUTHENTICATED, "bad_credentials");
	disable(scene, ann);
	const struct decision_result third = try_sign_in(scene, sign_in_of(again(scene, ann), true));
	assert_refused(scene, third, E_UNAUTHENTICATED, "bad_credentials");

	assert_string_equal(first.refusal.detail, second.refusal.detail);
	assert_string_equal(first.refusal.detail, third.refusal.detail);
	assert_null(session_of(scene, uuid_of_text("session", "s", 1)));
}

static void asks_again_when_the_account_changed_meanwhile(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	struct sign_in_facts facts = sign_in_of(ann, true);

	disable(scene, ann);
	assert_int_equal(try_sign_in(scene, facts).status, E_RETRY);
	assert_null(session_of(scene, facts.issued.session_id));
}

/* ---- refresh ---- */

static void replaces_the_token_at_each_use(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid id = scene_session(scene, ann, 'a');

	scene->now_us += HOUR_US;
	assert_refreshes(scene, ann, 'a', 'b');
	assert_int_equal(session_of(scene, id)->expires_at, scene->now_us + 30 * DAY_US);
	assert_refreshes(scene, ann, 'b', 'c');
	assert_refreshes(scene, ann, 'c', 'd');
}

static void ends_the_family_when_an_old_token_is_used_again(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid id = scene_session(scene, ann, 'a');

	assert_refreshes(scene, ann, 'a', 'b');
	assert_refreshes(scene, ann, 'b', 'c');
	assert_refuses(scene, ann, 'a');
	assert_true(session_of(scene, id)->revoked);
	assert_refuses(scene, ann, 'c');
}

static void ends_the_family_when_a_token_was_never_given_out(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid id = scene_session(scene, ann, 'a');

	assert_refuses(scene, ann, 'x');
	assert_true(session_of(scene, id)->revoked);
	assert_refuses(scene, ann, 'a');
}

static void gives_a_new_successor_when_the_answer_was_lost(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid id = scene_session(scene, ann, 'a');

	assert_refreshes(scene, ann, 'a', 'b');
	scene->now_us += REFRESH_GRACE_US;
	assert_refreshes(scene, ann, 'a', 'c');
	assert_false(session_of(scene, id)->revoked);
	assert_refreshes(scene, ann, 'c', 'd');
}

static void gives_no_successor_after_the_grace(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid id = scene_session(scene, ann, 'a');

	assert_refreshes(scene, ann, 'a', 'b');
	scene->now_us += REFRESH_GRACE_US + 1;
	assert_refuses(scene, ann, 'a');
	assert_true(session_of(scene, id)->revoked);
}

static void counts_the_grace_from_the_first_rotation(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");

	scene_session(scene, ann, 'a');
	assert_refreshes(scene, ann, 'a', 'b');
	scene->now_us += REFRESH_GRACE_US;
	assert_refreshes(scene, ann, 'a', 'c');
	scene->now_us += 1;
	assert_refuses(scene, ann, 'a');
}

static void gives_no_successor_once_one_was_used(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid id = scene_session(scene, ann, 'a');

	assert_refreshes(scene, ann, 'a', 'b');
	assert_refreshes(scene, ann, 'a', 'c');
	assert_refuses(scene, ann, 'b');
	assert_true(session_of(scene, id)->revoked);
}

static void refuses_a_session_that_has_expired(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid id = scene_session(scene, ann, 'a');

	scene->now_us += 30 * DAY_US;
	assert_refuses(scene, ann, 'a');
	assert_false(session_of(scene, id)->revoked);
}

static void refuses_a_token_of_no_session(void **state)
{
	struct scene *scene = *state;
	const struct refresh_facts none = {.presented = hash_marked('a')};

	assert_refused(scene, scene_act(scene, refreshing, nobody, NULL, &none), E_UNAUTHENTICATED,
		       "bad_refresh_token");
}

static void signs_no_token_with_a_role_of_the_past(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *root = scene_admin(scene, "root");
	const struct uuid id = scene_session(scene, ann, 'a');
	const struct users_change promotion = {.id = ann->id, .role = ROLE_ADMIN, .status = -1};
	const struct refresh_facts facts = {
		.session_id = id,
		.user_id = ann->id,
		.user_version = ann->version,
		.presented = hash_marked('a'),
		.issued = tokens_marked(id, 'b'),
	};

	assert_int_equal(scene_act(scene, changing, caller_of(root), &promotion, NULL).status, OK);
	assert_int_equal(scene_act(scene, refreshing, nobody, NULL, &facts).status, E_RETRY);
	assert_refreshes(scene, ann, 'a', 'b');
}

static void takes_only_tokens_of_the_right_form(void **state)
{
	struct uuid id;

	(void)state;
	assert_int_equal(refresh_token_session("018f0000-0000-7000-8000-000000000001."
					       "0123456789012345678901234567890123456789012",
					       &id),
			 OK);
	assert_int_equal(refresh_token_session("", &id), E_MALFORMED);
	assert_int_equal(refresh_token_session("018f0000-0000-7000-8000-000000000001", &id), E_MALFORMED);
	assert_int_equal(refresh_token_session("018f0000-0000-7000-8000-000000000001-"
					       "0123456789012345678901234567890123456789012",
					       &id),
			 E_MALFORMED);
	assert_int_equal(refresh_token_session("018f0000-0000-7000-8000-00000000000x."
					       "0123456789012345678901234567890123456789012",
					       &id),
			 E_MALFORMED);
}

/* ---- what ends sessions ---- */

static void ends_all_sessions_of_a_disabled_account_for_good(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *root = scene_admin(scene, "root");
	const struct users_change enabling = {.id = ann->id, .role = -1, .status = USER_ACTIVE};

	scene_session(scene, ann, 'a');
	disable(scene, ann);
	assert_refuses(scene, ann, 'a');
	assert_int_equal(scene_act(scene, changing, caller_of(root), &enabling, NULL).status, OK);
	assert_refuses(scene, ann, 'a');
}

static void change_password(struct scene *scene, const struct user *user, struct uuid session_id)
{
	struct password_change passwords = {"not looked at", "not looked at"};
	const struct users_change wanted = {.id = user->id, .role = -1, .status = -1, .password = &passwords};
	const struct password_facts facts = {again(scene, user)->password_hash, true, "new hash"};
	struct caller caller = caller_of(user);

	caller.session_id = session_id;
	assert_int_equal(scene_act(scene, changing, caller, &wanted, &facts).status, OK);
}

static void ends_other_sessions_when_the_password_changes(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid other = scene_session(scene, ann, 'b');

	scene_session(scene, ann, 'a');
	change_password(scene, ann, other);
	assert_refuses(scene, ann, 'a');
	assert_int_equal(session_of(scene, other)->epoch, again(scene, ann)->session_epoch);
}

static void keeps_the_session_in_which_the_password_changes(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");

	change_password(scene, ann, scene_session(scene, ann, 'a'));
	assert_refreshes(scene, ann, 'a', 'b');
}

static void revives_no_session_that_had_ended_before(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *bob = scene_user(scene, "bob");
	const struct uuid id = scene_session(scene, ann, 'a'), bobs = scene_session(scene, bob, 'b');
	const struct uuid none = {{0}};

	change_password(scene, ann, bobs);
	assert_int_equal(session_of(scene, bobs)->epoch, bob->session_epoch);
	change_password(scene, ann, none);
	change_password(scene, ann, id);
	assert_refuses(scene, ann, 'a');
}

/* ---- sign out ---- */

static struct decision_result try_sign_out(struct scene *scene, struct caller caller, const char *refresh_token)
{
	const struct tokens_refresh wanted = {refresh_token};

	return scene_act(scene, signing_out, caller, &wanted, NULL);
}

static const char *token_of(struct scene *scene, struct uuid session_id)
{
	char id[UUID_TEXT + 1];

	uuid_text(&session_id, id);
	return arena_format(&scene->arena, "%s.%s", id, "0123456789012345678901234567890123456789012");
}

static void signs_out_of_the_session_of_the_caller(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	struct caller caller = caller_of(ann);

	caller.session_id = scene_session(scene, ann, 'a');
	assert_int_equal(try_sign_out(scene, caller, NULL).status, OK);
	assert_refuses(scene, ann, 'a');
	assert_int_equal(try_sign_out(scene, caller, NULL).status, OK);
}

static void signs_out_of_the_session_of_a_token(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann");
	const struct uuid other = scene_session(scene, ann, 'b');
	struct caller caller = caller_of(ann);

	caller.session_id = scene_session(scene, ann, 'a');
	assert_int_equal(try_sign_out(scene, caller, token_of(scene, other)).status, OK);
	assert_true(session_of(scene, other)->revoked);
	assert_false(session_of(scene, caller.session_id)->revoked);
}

static void signs_nobody_else_out(void **state)
{
	struct scene *scene = *state;
	const struct user *ann = scene_user(scene, "ann"), *bob = scene_user(scene, "bob");
	const struct uuid id = scene_session(scene, ann, 'a');

	assert_int_equal(try_sign_out(scene, caller_of(bob), token_of(scene, id)).status, OK);
	assert_int_equal(try_sign_out(scene, caller_of(bob), "nonsense").status, OK);
	assert_refused(scene, try_sign_out(scene, nobody, token_of(scene, id)), E_UNAUTHENTICATED, "unauthenticated");
	assert_false(session_of(scene, id)->revoked);
}

#define HOLDS(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOLDS(starts_a_session_and_keeps_only_a_hash),
		HOLDS(refuses_unknown_wrong_and_disabled_in_the_same_words),
		HOLDS(asks_again_when_the_account_changed_meanwhile),
		HOLDS(replaces_the_token_at_each_use),
		HOLDS(ends_the_family_when_an_old_token_is_used_again),
		HOLDS(ends_the_family_when_a_token_was_never_given_out),
		HOLDS(gives_a_new_successor_when_the_answer_was_lost),
		HOLDS(gives_no_successor_after_the_grace),
		HOLDS(counts_the_grace_from_the_first_rotation),
		HOLDS(gives_no_successor_once_one_was_used),
		HOLDS(refuses_a_session_that_has_expired),
		HOLDS(refuses_a_token_of_no_session),
		HOLDS(signs_no_token_with_a_role_of_the_past),
		HOLDS(takes_only_tokens_of_the_right_form),
		HOLDS(ends_all_sessions_of_a_disabled_account_for_good),
		HOLDS(ends_other_sessions_when_the_password_changes),
		HOLDS(keeps_the_session_in_which_the_password_changes),
		HOLDS(revives_no_session_that_had_ended_before),
		HOLDS(signs_out_of_the_session_of_the_caller),
		HOLDS(signs_out_of_the_session_of_a_token),
		HOLDS(signs_nobody_else_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
