/* The result of an operation: the one error type of the whole program.
 *
 * A function that can fail returns an enum status with must_check, so that a caller cannot ignore it. A function either
 * handles a failure or returns it. It never logs a failure that it returns. One table (status.c) says what each status
 * does to the transaction, the message and the client. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include "core/log_level.h"

#include <stdbool.h>

enum status {
	OK = 0,

	/* The request or message is faulty: it fails in the same way every time. */
	E_MALFORMED,       /* cannot be parsed */
	E_INVALID,         /* well formed and not acceptable; the faults name the fields */
	E_UNAUTHENTICATED, /* the caller is not known */
	E_FORBIDDEN,       /* the caller is known and has no permission */
	E_NOT_FOUND,
	E_CONFLICT,     /* the present state of the aggregate does not allow it */
	E_PRECONDITION, /* If-Match names another version */
	E_KEY_REUSED,   /* the idempotency key was used before, for another request */

	/* The message is valid and changes nothing. */
	E_STALE,   /* outdated, or too early: counted and acknowledged */
	E_EXPIRED, /* its deadline has passed before the decision */

	/* The message is not the reason: the same may succeed later. */
	E_BUSY,         /* a limit on work in progress is reached */
	E_UNAVAILABLE,  /* a needed server or program is not available */
	E_TIMEOUT,      /* no answer in time: the outcome is not known */
	E_RETRY,        /* a race or the connection was lost: run the batch again */
	E_UNKNOWN_TYPE, /* a message that this build does not know; a newer one may */

	E_INTERNAL, /* a bug, here or in a peer */
	STATUS_COUNT
};

/* What happens to the open transaction if one message ends with a status. */
enum txn_end { TXN_KEEP, TXN_UNDO_ITEM, TXN_RETRY };

/* What happens to an event that ended with a status. (A request always gets a reply and is acknowledged.) */
enum settlement { SETTLE_ACK, SETTLE_DEAD_LETTER, SETTLE_RETRY_LATER, SETTLE_RETRY_NOW };

struct status_rule {
	const char *code; /* stable name; the "code" for clients if the decision gives none */
	int http;         /* RFC 9110 status code of the reply */
	enum txn_end txn;
	enum settlement settle;
	enum log_level log_level;
	const char *title; /* for people */
};

/* The rule of a status; never NULL. */
const struct status_rule *status_rule(enum status status);

/* The status with this code; E_INTERNAL if there is none. */
enum status status_of_code(const char *code);

#define must_check __attribute__((warn_unused_result))

#endif
