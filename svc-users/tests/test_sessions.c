/* Sessions: sign in, refresh, sign out, and what ends them. */
#include "users/tests/fixture.h"

#include <string.h>

static const struct session *session_of(const struct fixture *fixture, struct uuid id)
{
	return fixture_find(fixture, &session_kind, &id);
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

static struct decision_result try_sign_in(struct fixture *fixture, struct sign_in_facts facts)
{
	return fixture_decide(fixture, signing_in, nobody, NULL, &facts);
}

/* Presents the token `mark`; the one to follow it is `next`. */
static struct decision_result refresh(struct fixture *fixture, const struct user *user, uint8_t mark, uint8_t next)
{
	const struct uuid session_id = uuid_of_text("session", "a", 1);
	const struct refresh_facts facts = {
		.session_id = session_id,
		.user_id = user->id,
		.user_version = user_now(fixture, user)->version,
		.presented = hash_marked(mark),
		.issued = tokens_marked(session_id, next),
	};

	return fixture_decide(fixture, refreshing, nobody, NULL, &facts);
}

static void assert_refreshes(struct fixture *fixture, const struct user *user, uint8_t mark, uint8_t next)
{
	const struct decision_result decision = refresh(fixture, user, mark, next);

	assert_int_equal(decision.status, OK);
	assert_non_null(decision.reply);
	assert_true(decision.secret);
}

static void assert_refuses(struct fixture *fixture, const struct user *user, uint8_t mark)
{
	assert_refused(fixture, refresh(fixture, user, mark, 'z'), E_UNAUTHENTICATED, "bad_refresh_token");
}

static void disable(struct fixture *fixture, const struct user *user)
{
	const struct by_id wanted = {.id = user->id, .expected_version = INT_ABSENT};

	assert_int_equal(fixture_decide(fixture, disabling, caller_of(user), &wanted, NULL).status, OK);
}

/* ---- sign in ---- */

static void starts_a_session_and_stores_only_a_hash(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct decision_result decision = try_sign_in(fixture, sign_in_of(ann, true));

	assert_int_equal(decision.status, OK);
	assert_true(decision.secret);
	assert_string_equal(((const struct token_view *)decision.reply)->access_token, "access");
	const struct session *session = session_of(fixture, uuid_of_text("session", "s", 1));
	const struct token_hash hash = hash_marked('s');
	assert_non_null(session);
	assert_true(uuid_equal(&session->user_id, &ann->id));
	assert_int_equal(session->token_count, 1);
	assert_memory_equal(&session->tokens[0].hash, &hash, sizeof(hash));
	assert_int_equal(session->expires_at, fixture->now_us + 30 * DAY_US);
	assert_nothing_published(fixture);
}

static void refuses_unknown_wrong_and_disabled_with_the_same_text(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	struct sign_in_facts unknown = {.matches = false};
	const struct decision_result first = try_sign_in(fixture, unknown);
	assert_refused(fixture, first, E_UNAUTHENTICATED, "bad_credentials");
	const struct decision_result second = try_sign_in(fixture, sign_in_of(ann, false));
	assert_refused(fixture, second, E_UNAUTHENTICATED, "bad_credentials");
	disable(fixture, ann);
	const struct decision_result third = try_sign_in(fixture, sign_in_of(user_now(fixture, ann), true));
	assert_refused(fixture, third, E_UNAUTHENTICATED, "bad_credentials");

	assert_string_equal(first.refusal.detail, second.refusal.detail);
	assert_string_equal(first.refusal.detail, third.refusal.detail);
	assert_null(session_of(fixture, uuid_of_text("session", "s", 1)));
}

static void retries_when_the_account_has_changed(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	struct sign_in_facts facts = sign_in_of(ann, true);

	disable(fixture, ann);
	assert_int_equal(try_sign_in(fixture, facts).status, E_RETRY);
	assert_null(session_of(fixture, facts.issued.session_id));
}

/* ---- refresh ---- */

static void replaces_the_token_at_each_use(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid id = fixture_session(fixture, ann, 'a');

	fixture->now_us += HOUR_US;
	assert_refreshes(fixture, ann, 'a', 'b');
	assert_int_equal(session_of(fixture, id)->expires_at, fixture->now_us + 30 * DAY_US);
	assert_refreshes(fixture, ann, 'b', 'c');
	assert_refreshes(fixture, ann, 'c', 'd');
}

static void ends_the_family_when_an_old_token_is_used_again(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid id = fixture_session(fixture, ann, 'a');

	assert_refreshes(fixture, ann, 'a', 'b');
	assert_refreshes(fixture, ann, 'b', 'c');
	assert_refuses(fixture, ann, 'a');
	assert_true(session_of(fixture, id)->revoked);
	assert_refuses(fixture, ann, 'c');
}

static void ends_the_family_when_a_token_was_never_issued(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid id = fixture_session(fixture, ann, 'a');

	assert_refuses(fixture, ann, 'x');
	assert_true(session_of(fixture, id)->revoked);
	assert_refuses(fixture, ann, 'a');
}

static void gives_a_new_successor_when_the_reply_was_lost(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid id = fixture_session(fixture, ann, 'a');

	assert_refreshes(fixture, ann, 'a', 'b');
	fixture->now_us += REFRESH_GRACE_US;
	assert_refreshes(fixture, ann, 'a', 'c');
	assert_false(session_of(fixture, id)->revoked);
	assert_refreshes(fixture, ann, 'c', 'd');
}

static void gives_no_successor_after_the_grace_period(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid id = fixture_session(fixture, ann, 'a');

	assert_refreshes(fixture, ann, 'a', 'b');
	fixture->now_us += REFRESH_GRACE_US + 1;
	assert_refuses(fixture, ann, 'a');
	assert_true(session_of(fixture, id)->revoked);
}

static void counts_the_grace_period_from_the_first_rotation(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");

	fixture_session(fixture, ann, 'a');
	assert_refreshes(fixture, ann, 'a', 'b');
	fixture->now_us += REFRESH_GRACE_US;
	assert_refreshes(fixture, ann, 'a', 'c');
	fixture->now_us += 1;
	assert_refuses(fixture, ann, 'a');
}

/* Two tabs refresh with one token, and each goes on with its own successor. */
static void successors_of_the_grace_period_live_side_by_side(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid id = fixture_session(fixture, ann, 'a');

	assert_refreshes(fixture, ann, 'a', 'b');
	assert_refreshes(fixture, ann, 'a', 'c');
	fixture->now_us += HOUR_US;
	assert_refreshes(fixture, ann, 'b', 'd');
	assert_refreshes(fixture, ann, 'c', 'e');
	fixture->now_us += HOUR_US;
	assert_refreshes(fixture, ann, 'e', 'f');
	assert_refreshes(fixture, ann, 'd', 'g');
	assert_refuses(fixture, ann, 'b');
	assert_true(session_of(fixture, id)->revoked);
	assert_refuses(fixture, ann, 'f');
}

static void gives_no_successor_after_one_was_used(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid id = fixture_session(fixture, ann, 'a');

	assert_refreshes(fixture, ann, 'a', 'b');
	assert_refreshes(fixture, ann, 'a', 'c');
	assert_refreshes(fixture, ann, 'b', 'd');
	assert_refuses(fixture, ann, 'a');
	assert_true(session_of(fixture, id)->revoked);
}

static void keeps_the_newest_of_many_successors(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid id = fixture_session(fixture, ann, 'a');

	for (int i = 0; i <= SESSION_TOKENS_MAX; i++)
		assert_refreshes(fixture, ann, 'a', (uint8_t)('1' + i));
	assert_int_equal(session_of(fixture, id)->token_count, SESSION_TOKENS_MAX);
	assert_refreshes(fixture, ann, '2', 'b');
	assert_refuses(fixture, ann, '1');
}

static void refuses_a_session_that_has_expired(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid id = fixture_session(fixture, ann, 'a');

	fixture->now_us += 30 * DAY_US;
	assert_refuses(fixture, ann, 'a');
	assert_false(session_of(fixture, id)->revoked);
}

static void refuses_a_token_of_no_session(void **state)
{
	struct fixture *fixture = *state;
	const struct refresh_facts none = {.presented = hash_marked('a')};

	assert_refused(fixture, fixture_decide(fixture, refreshing, nobody, NULL, &none), E_UNAUTHENTICATED,
		       "bad_refresh_token");
}

static void signs_no_token_with_an_old_role(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *root = fixture_admin(fixture, "root");
	const struct uuid id = fixture_session(fixture, ann, 'a');
	const struct users_change promotion = {.id = ann->id, .role = ROLE_ADMIN, .status = -1};
	const struct refresh_facts facts = {
		.session_id = id,
		.user_id = ann->id,
		.user_version = ann->version,
		.presented = hash_marked('a'),
		.issued = tokens_marked(id, 'b'),
	};

	assert_int_equal(fixture_decide(fixture, changing, caller_of(root), &promotion, NULL).status, OK);
	assert_int_equal(fixture_decide(fixture, refreshing, nobody, NULL, &facts).status, E_RETRY);
	assert_refreshes(fixture, ann, 'a', 'b');
}

static void accepts_only_tokens_of_the_right_form(void **state)
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
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *root = fixture_admin(fixture, "root");
	const struct users_change enabling = {.id = ann->id, .role = -1, .status = USER_ACTIVE};

	fixture_session(fixture, ann, 'a');
	disable(fixture, ann);
	assert_refuses(fixture, ann, 'a');
	assert_int_equal(fixture_decide(fixture, changing, caller_of(root), &enabling, NULL).status, OK);
	assert_refuses(fixture, ann, 'a');
}

static void change_password(struct fixture *fixture, const struct user *user, struct uuid session_id)
{
	struct password_change passwords = {"not looked at", "not looked at"};
	const struct users_change wanted = {.id = user->id, .role = -1, .status = -1, .password = &passwords};
	const struct password_facts facts = {
		.known_hash = user_now(fixture, user)->password_hash, .matches = true, .new_hash = "new hash"};
	struct caller caller = caller_of(user);

	caller.session_id = session_id;
	assert_int_equal(fixture_decide(fixture, changing, caller, &wanted, &facts).status, OK);
}

static void ends_other_sessions_when_the_password_changes(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid other = fixture_session(fixture, ann, 'b');

	fixture_session(fixture, ann, 'a');
	change_password(fixture, ann, other);
	assert_refuses(fixture, ann, 'a');
	assert_int_equal(session_of(fixture, other)->epoch, user_now(fixture, ann)->session_epoch);
}

static void keeps_the_session_in_which_the_password_changes(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");

	change_password(fixture, ann, fixture_session(fixture, ann, 'a'));
	assert_refreshes(fixture, ann, 'a', 'b');
}

static void revives_no_ended_session(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *bob = fixture_user(fixture, "bob");
	const struct uuid id = fixture_session(fixture, ann, 'a'), bobs = fixture_session(fixture, bob, 'b');
	const struct uuid none = {{0}};

	change_password(fixture, ann, bobs);
	assert_int_equal(session_of(fixture, bobs)->epoch, bob->session_epoch);
	change_password(fixture, ann, none);
	change_password(fixture, ann, id);
	assert_refuses(fixture, ann, 'a');
}

/* ---- sign out ---- */

/* `mark` is of the refresh token that is presented; 0: none. */
static struct decision_result try_sign_out(struct fixture *fixture, struct caller caller, struct uuid session_id,
					   uint8_t mark)
{
	const struct tokens_refresh wanted = {mark == 0 ? NULL : "a token"};
	const struct revocation_facts facts = {.session_id = session_id, .presented = hash_marked(mark)};

	return fixture_decide(fixture, signing_out, caller, &wanted, &facts);
}

static const struct uuid no_session = {{0}};

static void signs_out_of_the_session_of_the_caller(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	struct caller caller = caller_of(ann);

	caller.session_id = fixture_session(fixture, ann, 'a');
	assert_int_equal(try_sign_out(fixture, caller, no_session, 0).status, OK);
	assert_refuses(fixture, ann, 'a');
	assert_int_equal(try_sign_out(fixture, caller, no_session, 0).status, OK);
}

static void signs_out_of_the_session_of_a_token(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid other = fixture_session(fixture, ann, 'b');
	struct caller caller = caller_of(ann);

	caller.session_id = fixture_session(fixture, ann, 'a');
	assert_int_equal(try_sign_out(fixture, caller, other, 'b').status, OK);
	assert_true(session_of(fixture, other)->revoked);
	assert_false(session_of(fixture, caller.session_id)->revoked);
	assert_int_equal(try_sign_out(fixture, caller, other, 'b').status, OK);
}

static void signs_out_with_a_token_whose_successor_was_not_used(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann");
	const struct uuid id = fixture_session(fixture, ann, 'a');

	assert_refreshes(fixture, ann, 'a', 'b');
	assert_int_equal(try_sign_out(fixture, caller_of(ann), id, 'a').status, OK);
	assert_true(session_of(fixture, id)->revoked);
}

static void refuses_to_sign_out_with_a_token_that_is_not_the_callers(void **state)
{
	struct fixture *fixture = *state;
	const struct user *ann = fixture_user(fixture, "ann"), *bob = fixture_user(fixture, "bob");
	const struct uuid id = fixture_session(fixture, ann, 'a');
	struct caller caller = caller_of(ann);

	caller.session_id = id;
	const struct decision_result foreign = try_sign_out(fixture, caller_of(bob), id, 'a');
	assert_refused(fixture, foreign, E_INVALID, "unknown_refresh_token");
	const struct decision_result malformed = try_sign_out(fixture, caller, no_session, 'a');
	assert_refused(fixture, malformed, E_INVALID, "unknown_refresh_token");
	const struct decision_result unknown = try_sign_out(fixture, caller, id, 'x');
	assert_refused(fixture, unknown, E_INVALID, "unknown_refresh_token");
	assert_string_equal(foreign.refusal.detail, malformed.refusal.detail);
	assert_string_equal(foreign.refusal.detail, unknown.refusal.detail);
	assert_refused(fixture, try_sign_out(fixture, nobody, id, 'a'), E_UNAUTHENTICATED, "unauthenticated");
	assert_false(session_of(fixture, id)->revoked);
}

#define HOLDS(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOLDS(starts_a_session_and_stores_only_a_hash),
		HOLDS(refuses_unknown_wrong_and_disabled_with_the_same_text),
		HOLDS(retries_when_the_account_has_changed),
		HOLDS(replaces_the_token_at_each_use),
		HOLDS(ends_the_family_when_an_old_token_is_used_again),
		HOLDS(ends_the_family_when_a_token_was_never_issued),
		HOLDS(gives_a_new_successor_when_the_reply_was_lost),
		HOLDS(gives_no_successor_after_the_grace_period),
		HOLDS(counts_the_grace_period_from_the_first_rotation),
		HOLDS(successors_of_the_grace_period_live_side_by_side),
		HOLDS(gives_no_successor_after_one_was_used),
		HOLDS(keeps_the_newest_of_many_successors),
		HOLDS(refuses_a_session_that_has_expired),
		HOLDS(refuses_a_token_of_no_session),
		HOLDS(signs_no_token_with_an_old_role),
		HOLDS(accepts_only_tokens_of_the_right_form),
		HOLDS(ends_all_sessions_of_a_disabled_account_for_good),
		HOLDS(ends_other_sessions_when_the_password_changes),
		HOLDS(keeps_the_session_in_which_the_password_changes),
		HOLDS(revives_no_ended_session),
		HOLDS(signs_out_of_the_session_of_the_caller),
		HOLDS(signs_out_of_the_session_of_a_token),
		HOLDS(signs_out_with_a_token_whose_successor_was_not_used),
		HOLDS(refuses_to_sign_out_with_a_token_that_is_not_the_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
