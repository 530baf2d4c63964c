/* svc-users, wired: consumers, stores, settings, retention, start. The work is in the tables of handlers.c. */
#include "users/service.h"

#include "users/handlers.h"
#include "users/settings.h"
#include "users/store/stores.h"
#include "users/usecases/decisions.h"

extern const struct migration users_migrations[];

static const struct store *const stores[] = {&email_claim_store, &user_store, &buyer_store, &session_store, NULL};

static const struct consumer_config consumers[] = {
	{.name = "query",
	 .kind = CONSUMER_QUERY,
	 .queue = "users.query",
	 .handlers = users_queries,
	 .count_setting = offsetof(struct service_settings, consumers_query)},
	{.name = "command",
	 .kind = CONSUMER_COMMAND,
	 .queue = "users.command",
	 .handlers = users_commands,
	 .count_setting = offsetof(struct service_settings, consumers_command)},
	/* One request per batch, and less CPU priority than all others: slow hashing delays no other consumer. A
	 * repeated request is looked up first, because hashing again costs more than the lookup. */
	{.name = "password",
	 .kind = CONSUMER_COMMAND,
	 .nice = 10,
	 .queue = "users.password",
	 .handlers = users_passwords,
	 .count = 1,
	 .batch_max = 1,
	 .check_duplicates_first = true},
	{.name = "events",
	 .kind = CONSUMER_STATELESS,
	 .queue = "users.events",
	 .handlers = users_events,
	 .count_setting = offsetof(struct service_settings, consumers_events),
	 .batch_max = 1000},
	{0},
};

static const struct retention retention[] = {
	{.name = "sessions",
	 .prune = {"sessions_prune", "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1"
				     " ORDER BY expires_at LIMIT 1000)"},
	 .keep_us = 7 * DAY_US},
	{0},
};

static enum status start(void *program_settings, struct txn *txn)
{
	struct users_settings *settings = program_settings;
	const enum status status = tokens_load_keys(&settings->tokens);

	return status != OK ? status : first_admin_install(&settings->first_admin, txn);
}

static void stop(void *program_settings)
{
	struct users_settings *settings = program_settings;

	tokens_free_keys(&settings->tokens);
}

const struct service users_service = {
	.name = USERS_SERVICE,
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
	.request_key_setting = offsetof(struct users_settings, tokens.key_pem),
	.start = start,
	.stop = stop,
};
