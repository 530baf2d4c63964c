/* What each status does: one row a status. */
#include "core/status.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* An event that is at fault goes to the dead letters, because it would fail in the same way every time. One that finds
 * the world at fault is kept: tried again at once, or later where only a newer build can help. Only a lost race or
 * connection spoils the whole turn; everything else concerns one item. */
static const struct status_rule rules[STATUS_COUNT] = {
	/* clang-format off */
	[OK]                = {"ok",                  200, TXN_KEEP,      SETTLE_ACK,   LOG_DEBUG,   "OK"},
	[E_MALFORMED]       = {"malformed",           400, TXN_UNDO_ITEM, SETTLE_DEAD,  LOG_WARN, "The request cannot be read"},
	[E_INVALID]         = {"invalid",             422, TXN_UNDO_ITEM, SETTLE_DEAD,  LOG_WARN, "The request is not acceptable"},
	[E_UNAUTHENTICATED] = {"unauthenticated",     401, TXN_UNDO_ITEM, SETTLE_DEAD,  LOG_INFO,    "Who asks is not known"},
	[E_FORBIDDEN]       = {"forbidden",           403, TXN_UNDO_ITEM, SETTLE_DEAD,  LOG_INFO,    "Not allowed"},
	[E_NOT_FOUND]       = {"not_found",           404, TXN_UNDO_ITEM, SETTLE_DEAD,  LOG_INFO,    "Not found"},
	[E_CONFLICT]        = {"conflict",            409, TXN_UNDO_ITEM, SETTLE_DEAD,  LOG_INFO,    "The present state does not allow it"},
	[E_PRECONDITION]    = {"precondition_failed", 412, TXN_UNDO_ITEM, SETTLE_DEAD,  LOG_INFO,    "It was changed in the meantime"},
	[E_KEY_REUSED]      = {"key_reused",          422, TXN_UNDO_ITEM, SETTLE_DEAD,  LOG_INFO,    "The idempotency key was used for another request"},
	[E_STALE]           = {"stale",               200, TXN_UNDO_ITEM, SETTLE_ACK,   LOG_DEBUG,   "No longer of interest"},
	[E_EXPIRED]         = {"expired",             504, TXN_UNDO_ITEM, SETTLE_ACK,   LOG_INFO,    "Too late: not done"},
	[E_BUSY]            = {"busy",                503, TXN_UNDO_ITEM, SETTLE_LATER, LOG_INFO,    "Too much in progress"},
	[E_UNAVAILABLE]     = {"unavailable",         503, TXN_UNDO_ITEM, SETTLE_AGAIN, LOG_WARN, "Not available at present"},
	[E_TIMEOUT]         = {"timeout",             504, TXN_UNDO_ITEM, SETTLE_AGAIN, LOG_WARN, "No answer in time"},
	[E_RETRY]            = {"retry",               503, TXN_RETRY,      SETTLE_AGAIN, LOG_INFO,    "To be tried again"},
	[E_UNKNOWN_TYPE]    = {"unknown_type",        503, TXN_UNDO_ITEM, SETTLE_LATER, LOG_WARN, "Not known to this build"},
	[E_INTERNAL]        = {"internal",            500, TXN_UNDO_ITEM, SETTLE_DEAD,  LOG_ERROR,   "Something is broken on our side"},
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
