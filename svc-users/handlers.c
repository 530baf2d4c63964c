/* The service on one screen: what svc-users listens to, in which consumers, and how it is kept. */
#include "users/service.h"

#include "proto/topology.h"

/* Reads. */
static const struct handler query_handlers[] = {
	/* clang-format off */
	{ .type = USERS_GET,  .read = read_users },
	{ .type = USERS_LIST, .read = list_users },
	{ .type = USERS_KEYS, .read = read_keys  },
	{ 0 },
	/* clang-format on */
};

/* Each row: message, the aggregates it touches, what it means, what must be made before. */
static const struct handler command_handlers[] = {
	/* clang-format off */
	{ USERS_CHANGE,   .keys = user_change_keys,  .decide = change_user                                        },
	{ USERS_DISABLE,  .keys = disable_keys,      .decide = disable_user                                       },
	{ TOKENS_REFRESH, .keys = refresh_keys,      .decide = refresh_session, .prepare = prepare_refresh      },
	{ TOKENS_REVOKE,  .keys = sign_out_keys,     .decide = sign_out                                           },
	{ 0 },
	/* clang-format on */
};

/* What needs a password hashed has a consumer of its own, one at a time, that steps back behind all others for the CPU:
 * slow hashing delays nobody else. */
static const struct handler password_handlers[] = {
	/* clang-format off */
	{ USERS_REGISTER, .keys = registration_keys, .decide = register_user,   .prepare = prepare_registration },
	{ TOKENS_GRANT,   .keys = sign_in_keys,      .decide = sign_in,         .prepare = prepare_sign_in      },
	{ USERS_CHANGE,   .keys = user_change_keys,  .decide = change_user,     .prepare = prepare_change       },
	{ 0 },
	/* clang-format on */
};

/* Events: answered from what is known here. */
static const struct handler event_handlers[] = {
	/* clang-format off */
	{ ORDER_PLACED,   .keys = buyer_keys,        .decide = answer_order },
	{ 0 },
	/* clang-format on */
};

static const struct consumer_config consumers[] = {
	{.name = "query", .kind = CONSUMER_QUERY, .queue = "users.query", .handlers = query_handlers, .count = 1},
	{.name = "command",
	 .kind = CONSUMER_COMMAND,
	 .queue = "users.command",
	 .handlers = command_handlers,
	 .count = 1},
	/* A password costs more to hash again than its request costs to look up. */
	{.name = "password",
	 .kind = CONSUMER_COMMAND,
	 .queue = "users.password",
	 .handlers = password_handlers,
	 .count = 1,
	 .batch_max = 1,
	 .nice = 10,
	 .check_duplicates_first = true},
	{.name = "events",
	 .kind = CONSUMER_STATELESS,
	 .queue = "users.events",
	 .handlers = event_handlers,
	 .count = 1,
	 .batch_max = 1000},
	{.name = NULL},
};

/* In locking order: a registration is decided by who gets the e-mail claim. */
static const struct store *const stores[] = {&email_claim_store, &user_store, &buyer_store, &session_store, NULL};

static const struct retention retention[] = {
	{.name = "sessions",
	 .prune = {"sessions_prune", "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1"
				     " ORDER BY expires_at LIMIT 1000)"},
	 .keep_us = 7 * DAY_US},
	{.name = NULL},
};

static enum status start(void *settings, struct db *db)
{
	const enum status status = users_keys_load(settings);

	return status != OK ? status : first_admin_install(settings, db);
}

static void stop(void *settings)
{
	users_keys_free(settings);
}

const struct service users_service = {
	.name = "svc-users",
	.about = "accounts, sign-in, and whether a person may buy",
	.queue_prefix = "users",
	.contract = &comanda_contract,
	.settings = users_settings_table,
	.settings_offset = offsetof(struct users_settings, service),
	.settings_size = sizeof(struct users_settings),
	.migrations = users_migrations,
	.stores = stores,
	.consumers = consumers,
	.retention = retention,
	.start = start,
	.stop = stop,
};
