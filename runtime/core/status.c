/* The table of statuses: one row per status. */
#include "core/status.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* A faulty event becomes a dead letter, because it fails in the same way every time. E_BUSY and E_UNKNOWN_TYPE are
 * retried later. SETTLE_RETRY_NOW runs the whole batch of events again. For requests, only E_RETRY does so: any other
 * status concerns one request. */
static const struct status_rule rules[STATUS_COUNT] = {
	/* clang-format off */
	[OK]                 = {.code = "ok",                   .http = 200, .txn = TXN_KEEP,      .settle = SETTLE_ACK,         .log_level = LOG_DEBUG, .title = "OK"},
	[E_MALFORMED]        = {.code = "malformed",            .http = 400, .txn = TXN_UNDO_ITEM, .settle = SETTLE_DEAD_LETTER, .log_level = LOG_WARN,  .title = "The request cannot be read"},
	[E_INVALID]          = {.code = "invalid",              .http = 422, .txn = TXN_UNDO_ITEM, .settle = SETTLE_DEAD_LETTER, .log_level = LOG_WARN,  .title = "The request is not acceptable"},
	[E_UNAUTHENTICATED]  = {.code = "unauthenticated",      .http = 401, .txn = TXN_UNDO_ITEM, .settle = SETTLE_DEAD_LETTER, .log_level = LOG_INFO,  .title = "The caller is not authenticated"},
	[E_FORBIDDEN]        = {.code = "forbidden",            .http = 403, .txn = TXN_UNDO_ITEM, .settle = SETTLE_DEAD_LETTER, .log_level = LOG_INFO,  .title = "Not allowed"},
	[E_NOT_FOUND]        = {.code = "not_found",            .http = 404, .txn = TXN_UNDO_ITEM, .settle = SETTLE_DEAD_LETTER, .log_level = LOG_INFO,  .title = "Not found"},
	[E_CONFLICT]         = {.code = "conflict",             .http = 409, .txn = TXN_UNDO_ITEM, .settle = SETTLE_DEAD_LETTER, .log_level = LOG_INFO,  .title = "The present state does not allow it"},
	[E_PRECONDITION]     = {.code = "precondition_failed",  .http = 412, .txn = TXN_UNDO_ITEM, .settle = SETTLE_DEAD_LETTER, .log_level = LOG_INFO,  .title = "It was changed in the meantime"},
	[E_KEY_REUSED]       = {.code = "key_reused",           .http = 422, .txn = TXN_UNDO_ITEM, .settle = SETTLE_DEAD_LETTER, .log_level = LOG_INFO,  .title = "The idempotency key was used for another request"},
	[E_STALE]            = {.code = "stale",                .http = 200, .txn = TXN_UNDO_ITEM, .settle = SETTLE_ACK,         .log_level = LOG_DEBUG, .title = "No longer of interest"},
	[E_EXPIRED]          = {.code = "expired",              .http = 504, .txn = TXN_UNDO_ITEM, .settle = SETTLE_ACK,         .log_level = LOG_INFO,  .title = "Too late: not done"},
	[E_BUSY]             = {.code = "busy",                 .http = 503, .txn = TXN_UNDO_ITEM, .settle = SETTLE_RETRY_LATER, .log_level = LOG_INFO,  .title = "Too much in progress"},
	[E_UNAVAILABLE]      = {.code = "unavailable",          .http = 503, .txn = TXN_UNDO_ITEM, .settle = SETTLE_RETRY_NOW,   .log_level = LOG_WARN,  .title = "Not available at present"},
	[E_TIMEOUT]          = {.code = "timeout",              .http = 504, .txn = TXN_UNDO_ITEM, .settle = SETTLE_RETRY_NOW,   .log_level = LOG_WARN,  .title = "No answer in time"},
	[E_RETRY]            = {.code = "retry",                .http = 503, .txn = TXN_RETRY,     .settle = SETTLE_RETRY_NOW,   .log_level = LOG_INFO,  .title = "To be tried again"},
	[E_UNKNOWN_TYPE]     = {.code = "unknown_type",         .http = 503, .txn = TXN_UNDO_ITEM, .settle = SETTLE_RETRY_LATER, .log_level = LOG_WARN,  .title = "Not known to this build"},
	[E_INTERNAL]         = {.code = "internal",             .http = 500, .txn = TXN_UNDO_ITEM, .settle = SETTLE_DEAD_LETTER, .log_level = LOG_ERROR, .title = "Something is broken on our side"},
	/* clang-format on */
};

const struct status_rule *status_rule(enum status status)
{
	assert((unsigned)status < STATUS_COUNT);
	return &rules[status];
}

enum status status_of_code(const char *code)
{
	for (size_t i = 0; i < STATUS_COUNT; i++)
		if (strcmp(rules[i].code, code) == 0)
			return (enum status)i;
	return E_INTERNAL;
}
