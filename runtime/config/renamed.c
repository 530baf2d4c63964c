/* The old names of settings, in their alphabetical order. */
#include "config/renamed.h"

#include <stddef.h>

/* clang-format off */
const struct renamed_setting renamed_settings[] = {
	{.old_name = "COMANDA_DATABASE_WAIT",    .new_name = "COMANDA_STATEMENT_TIMEOUT"},
	{.old_name = "COMANDA_DEBUGGABLE",       .new_name = "COMANDA_ALLOW_DEBUGGER"},
	{.old_name = "COMANDA_HTTP_BODY_TIME",   .new_name = "COMANDA_HTTP_BODY_TIMEOUT"},
	{.old_name = "COMANDA_HTTP_HEAD_TIME",   .new_name = "COMANDA_HTTP_HEADER_TIMEOUT"},
	{.old_name = "COMANDA_HTTP_IDLE",        .new_name = "COMANDA_HTTP_IDLE_TIMEOUT"},
	{.old_name = "COMANDA_HTTP_PATIENCE",    .new_name = "COMANDA_HTTP_OVERLOAD_TIMEOUT"},
	{.old_name = "COMANDA_HTTP_PER_ADDRESS", .new_name = "COMANDA_HTTP_MAX_CONNECTIONS_PER_IP"},
	{.old_name = "COMANDA_HTTP_PROXIES",     .new_name = "COMANDA_HTTP_TRUSTED_PROXIES"},
	{.old_name = "COMANDA_INBOX_COMMANDS",   .new_name = "COMANDA_IDEMPOTENCY_TTL"},
	{.old_name = "COMANDA_INBOX_EVENTS",     .new_name = "COMANDA_DEDUP_TTL"},
	{.old_name = "COMANDA_LANES_COMMAND",    .new_name = "COMANDA_CONSUMERS_COMMAND"},
	{.old_name = "COMANDA_LANES_EVENTS",     .new_name = "COMANDA_CONSUMERS_EVENTS"},
	{.old_name = "COMANDA_LANES_QUERY",      .new_name = "COMANDA_CONSUMERS_QUERY"},
	{.old_name = "COMANDA_OPEN_MAX",         .new_name = "COMANDA_MAX_PENDING"},
	{.old_name = "COMANDA_SHUTDOWN",         .new_name = "COMANDA_SHUTDOWN_TIMEOUT"},
	{.old_name = "COMANDA_TOKEN_KEY_OTHER",  .new_name = "COMANDA_TOKEN_KEY_SECONDARY"},
	{.old_name = NULL},
};
/* clang-format on */
