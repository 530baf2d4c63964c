/* What is made before a decision, outside any transaction: hashes, random tokens, signatures. Only facts are found
 * here; what they mean is decided in rules/. Where what a fact was made of has changed until the decision, the decision
 * asks for it again (E_RETRY). */
#include "users/credentials.h"
#include "users/service.h"

/* ---- register ---- */

enum status prepare_registration(struct consumer *consumer, struct query *query)
{
	const struct users_register *wanted = query->message.body;
	struct registration_facts *facts = arena_new(consumer_arena(consumer), 1, sizeof(*facts));

	query->message.prepared = facts;
	return password_hash(wanted->password, consumer_arena(consumer), &facts->password_hash);
}

/* ---- change of password ---- */

static const struct sql find_password = {"user_password", "SELECT password_hash FROM users WHERE id = $1"};

/* Strangers are refused by the decision; nothing is hashed for them. */
enum status prepare_change(struct consumer *consumer, struct query *query)
{
	const struct users_change *wanted = query->message.body;
	const struct caller *caller = &query->message.caller;
	struct arena *arena = consumer_arena(consumer);
	struct password_facts *facts = arena_new(arena, 1, sizeof(*facts));
	struct rows rows;

	if (wanted->password == NULL || caller->role == CALLER_NOBODY || !uuid_equal(&caller->user_id, &wanted->id))
		return OK;
	arg_uuid(db_args(consumer_db(consumer)), &wanted->id);
	const enum status status = db_run(consumer_db(consumer), &find_password, &rows);
	if (status != OK)
		return status;
	facts->known_hash = rows.count == 0 ? NULL : row_text(&rows, 0, 0, arena);
	facts->matches = password_matches(facts->known_hash, wanted->password->old_password);
	query->message.prepared = facts;
	return facts->matches ? password_hash(wanted->password->new_password, arena, &facts->new_hash) : OK;
}

/* ---- tokens ---- */

/* `whose` says who the access token speaks for: user, session, role. */
static enum status issue(struct consumer *consumer, const struct caller *whose, struct issued_tokens *ret_issued)
{
	const struct users_settings *settings = consumer_settings(consumer);
	struct arena *arena = consumer_arena(consumer);
	struct token_view *view = arena_new(arena, 1, sizeof(*view));
	const int64_t now_us = timestamp_now();
	const struct token_claims claims = {
		.caller = *whose,
		.issued_us = now_us,
		.expires_us = now_us + settings->access_token_us,
	};

	view->token_type = "Bearer";
	view->expires_in = settings->access_token_us / SECOND_US;
	view->refresh_token = refresh_token_new(&whose->session_id, arena);
	*ret_issued = (struct issued_tokens){
		.session_id = whose->session_id,
		.hash = refresh_token_hash(view->refresh_token),
		.lifetime_us = settings->refresh_token_us,
		.view = view,
	};
	return token_sign(settings->signing_key, &claims, arena, &view->access_token);
}

static int caller_role_of(const struct rows *rows, int column)
{
	return row_bool(rows, 0, column) ? CALLER_ADMIN : CALLER_CUSTOMER;
}

static const struct sql find_by_email = {
	"user_by_email", "SELECT id, version, role = 'admin', password_hash FROM users WHERE email = $1"};

enum status prepare_sign_in(struct consumer *consumer, struct query *query)
{
	const struct tokens_grant *wanted = query->message.body;
	struct sign_in_facts *facts = arena_new(consumer_arena(consumer), 1, sizeof(*facts));
	struct caller whose = {.session_id = uuid_new(timestamp_now())};
	struct rows rows;

	query->message.prepared = facts;
	arg_text(db_args(consumer_db(consumer)), wanted->email);
	const enum status status = db_run(consumer_db(consumer), &find_by_email, &rows);
	if (status != OK)
		return status;
	if (rows.count == 0) { /* takes as long as a wrong password */
		facts->matches = password_matches(NULL, wanted->password);
		return OK;
	}
	facts->matches = password_matches(row_text(&rows, 0, 3, consumer_arena(consumer)), wanted->password);
	if (!facts->matches) /* from here on, like nobody: whatever was done more would tell that there is an account */
		return OK;
	facts->user_id = whose.user_id = row_uuid(&rows, 0, 0);
	facts->user_version = row_int(&rows, 0, 1);
	whose.role = caller_role_of(&rows, 2);
	return issue(consumer, &whose, &facts->issued);
}

static const struct sql find_by_session = {"user_by_session",
					   "SELECT u.id, u.version, u.role = 'admin'"
					   " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1"};

enum status prepare_refresh(struct consumer *consumer, struct query *query)
{
	const struct tokens_refresh *wanted = query->message.body;
	struct refresh_facts *facts = arena_new(consumer_arena(consumer), 1, sizeof(*facts));
	struct rows rows;

	query->message.prepared = facts;
	if (refresh_token_session(wanted->refresh_token, &facts->session_id) != OK)
		return OK;
	arg_uuid(db_args(consumer_db(consumer)), &facts->session_id);
	const enum status status = db_run(consumer_db(consumer), &find_by_session, &rows);
	if (status != OK || rows.count == 0)
		return status;
	const struct caller whose = {
		.user_id = row_uuid(&rows, 0, 0),
		.session_id = facts->session_id,
		.role = caller_role_of(&rows, 2),
	};
	facts->user_id = whose.user_id;
	facts->user_version = row_int(&rows, 0, 1);
	facts->presented = refresh_token_hash(wanted->refresh_token);
	return issue(consumer, &whose, &facts->issued);
}
