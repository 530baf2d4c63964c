/* What svc-users does with each message. Each row: the message, the aggregates that it touches, its decision, and what
 * is prepared before the decision. */
#include "users/handlers.h"

#include "users/credentials/prepare.h"
#include "users/queries/queries.h"
#include "users/settings.h"
#include "users/usecases/decisions.h"

/* ---- what a handler takes from the settings ---- */

static const struct token_settings *tokens_of(struct txn *txn)
{
	return &((const struct users_settings *)txn_settings(txn))->tokens;
}

static enum status prepare_sign_in(struct txn *txn, struct query *query)
{
	return sign_in_prepare(txn, query, tokens_of(txn));
}

static enum status prepare_refresh(struct txn *txn, struct query *query)
{
	return refresh_prepare(txn, query, tokens_of(txn));
}

static enum status get_keys(struct txn *txn, struct query **queries, size_t count)
{
	const struct keys_view view = {.keys = tokens_jwks(tokens_of(txn), txn_arena(txn))};

	for (size_t i = 0; i < count; i++)
		query_reply(txn, queries[i], &view);
	return OK;
}

/* ---- the tables ---- */

/* clang-format off */
const struct handler users_queries[] = {
	{ .type = USERS_GET,      .read = get_users  },
	{ .type = USERS_LIST,     .read = list_users },
	{ .type = USERS_KEYS,     .read = get_keys   },
	{ 0 },
};

const struct handler users_commands[] = {
	{ .type = USERS_CHANGE,   .keys = user_change_keys,  .decide = change_user                                      },
	{ .type = USERS_DISABLE,  .keys = disable_keys,      .decide = disable_user                                     },
	{ .type = TOKENS_REFRESH, .keys = refresh_keys,      .decide = refresh_session, .prepare = prepare_refresh      },
	{ .type = TOKENS_REVOKE,  .keys = sign_out_keys,     .decide = sign_out,        .prepare = revocation_prepare   },
	{ 0 },
};

/* Requests that hash a password. Hashing is slow by design, so these have a consumer of their own. */
const struct handler users_passwords[] = {
	{ .type = USERS_REGISTER, .keys = registration_keys, .decide = register_user,   .prepare = registration_prepare },
	{ .type = TOKENS_GRANT,   .keys = sign_in_keys,      .decide = sign_in,         .prepare = prepare_sign_in      },
	{ .type = USERS_CHANGE,   .keys = user_change_keys,  .decide = change_user,     .prepare = password_prepare     },
	{ 0 },
};

const struct handler users_events[] = {
	{ .type = ORDER_PLACED,   .keys = buyer_keys,        .decide = verify_buyer },
	{ 0 },
};
/* clang-format on */
