/* The facts of each decision that needs a hash, a random token or a signature. */
#include "users/credentials/prepare.h"

#include "users/credentials/credentials.h"

/* ---- register ---- */

enum status registration_prepare(struct txn *txn, struct query *query)
{
	const struct users_register *wanted = query->message.body;
	struct registration_facts *facts = arena_new(txn_arena(txn), 1, sizeof(*facts));

	query->message.prepared = facts;
	return password_hash(wanted->password, txn_arena(txn), &facts->password_hash);
}

/* ---- change of password ---- */

static const struct sql find_password = {"user_password", "SELECT password_hash FROM users WHERE id = $1"};

/* The decision refuses every caller but the owner, so nothing is hashed for others. */
enum status password_prepare(struct txn *txn, struct query *query)
{
	const struct users_change *wanted = query->message.body;
	const struct caller *caller = &query->message.caller;
	struct arena *arena = txn_arena(txn);
	struct password_facts *facts = arena_new(arena, 1, sizeof(*facts));
	struct rows rows;

	if (wanted->password == NULL || caller->role == CALLER_NOBODY || !uuid_equal(&caller->user_id, &wanted->id))
		return OK;
	arg_uuid(db_args(txn_db(txn)), &wanted->id);
	const enum status status = db_run(txn_db(txn), &find_password, &rows);
	if (status != OK)
		return status;
	facts->known_hash = rows.count == 0 ? NULL : row_text(&rows, 0, 0, arena);
	facts->matches = password_matches(facts->known_hash, wanted->password->old_password);
	query->message.prepared = facts;
	return facts->matches ? password_hash(wanted->password->new_password, arena, &facts->new_hash) : OK;
}

/* ---- tokens ---- */

static int caller_role_of(const struct rows *rows, int column)
{
	return row_bool(rows, 0, column) ? CALLER_ADMIN : CALLER_CUSTOMER;
}

static const struct sql find_by_email = {
	"user_by_email", "SELECT id, version, role = 'admin', password_hash FROM users WHERE email = $1"};

enum status sign_in_prepare(struct txn *txn, struct query *query, const struct token_settings *settings)
{
	const struct tokens_grant *wanted = query->message.body;
	struct sign_in_facts *facts = arena_new(txn_arena(txn), 1, sizeof(*facts));
	struct caller caller = {.session_id = uuid_new(timestamp_now())};
	struct rows rows;

	query->message.prepared = facts;
	arg_text(db_args(txn_db(txn)), wanted->email);
	const enum status status = db_run(txn_db(txn), &find_by_email, &rows);
	if (status != OK)
		return status;
	if (rows.count == 0) { /* takes the same time as a wrong password */
		facts->matches = password_matches(NULL, wanted->password);
		return OK;
	}
	facts->matches = password_matches(row_text(&rows, 0, 3, txn_arena(txn)), wanted->password);
	/* From here on as if there were no account: more work would take longer, and so reveal that there is one. */
	if (!facts->matches)
		return OK;
	facts->user_id = caller.user_id = row_uuid(&rows, 0, 0);
	facts->user_version = row_int(&rows, 0, 1);
	caller.role = caller_role_of(&rows, 2);
	return tokens_issue(settings, &caller, txn_arena(txn), &facts->issued);
}

static const struct sql find_by_session = {"user_by_session",
					   "SELECT u.id, u.version, u.role = 'admin'"
					   " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1"};

enum status refresh_prepare(struct txn *txn, struct query *query, const struct token_settings *settings)
{
	const struct tokens_refresh *wanted = query->message.body;
	struct refresh_facts *facts = arena_new(txn_arena(txn), 1, sizeof(*facts));
	struct rows rows;

	query->message.prepared = facts;
	if (refresh_token_session(wanted->refresh_token, &facts->session_id) != OK)
		return OK;
	arg_uuid(db_args(txn_db(txn)), &facts->session_id);
	const enum status status = db_run(txn_db(txn), &find_by_session, &rows);
	if (status != OK || rows.count == 0)
		return status;
	const struct caller caller = {
		.user_id = row_uuid(&rows, 0, 0),
		.session_id = facts->session_id,
		.role = caller_role_of(&rows, 2),
	};
	facts->user_id = caller.user_id;
	facts->user_version = row_int(&rows, 0, 1);
	facts->presented = refresh_token_hash(wanted->refresh_token);
	return tokens_issue(settings, &caller, txn_arena(txn), &facts->issued);
}

enum status revocation_prepare(struct txn *txn, struct query *query)
{
	const struct tokens_refresh *wanted = query->message.body;
	struct revocation_facts *facts = arena_new(txn_arena(txn), 1, sizeof(*facts));

	query->message.prepared = facts;
	if (wanted->refresh_token == NULL || refresh_token_session(wanted->refresh_token, &facts->session_id) != OK)
		return OK;
	facts->presented = refresh_token_hash(wanted->refresh_token);
	return OK;
}
