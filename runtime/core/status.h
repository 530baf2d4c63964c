/* What became of something: the one error type of the whole program.
 *
 * A function that can fail returns an enum status; the compiler insists that the caller looks. A function either
 * handles a failure or returns it: it never logs and returns. What each status does to the transaction, to the
 * message and to the client stands in one table (status.c). */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include "core/log_level.h"

#include <stdbool.h>

enum status {
	OK = 0,

	/* The request or message is at fault: it will fail the same way every time. */
	E_MALFORMED,       /* cannot be parsed */
	E_INVALID,         /* well formed and not acceptable; the faults name the fields */
	E_UNAUTHENTICATED, /* who asks is not known */
	E_FORBIDDEN,       /* who asks is known, and may not */
	E_NOT_FOUND,
	E_CONFLICT,     /* the state of what is asked for does not allow it */
	E_PRECONDITION, /* If-Match names another version */
	E_KEY_REUSED,   /* the idempotency key was used before, for another request */

	/* The message is fine and changes nothing. */
	E_STALE,   /* no longer, or not yet, of interest: counted, settled */
	E_EXPIRED, /* its deadline has passed before it was decided: not done */

	/* The world is at fault: the same may succeed later. */
	E_BUSY,         /* a limit on work in progress is reached */
	E_UNAVAILABLE,  /* something needed is away */
	E_TIMEOUT,      /* no answer in time: the outcome is not known */
	E_RETRY,        /* lost a race or the connection: run the turn again */
	E_UNKNOWN_TYPE, /* a message that this build does not know; a newer one may */

	E_INTERNAL, /* a bug, here or in a peer */
	STATUS_COUNT
};

/* What the queue does with the open transaction when one message ends with a status. */
enum txn_end { TXN_KEEP, TXN_UNDO_ITEM, TXN_RETRY };

/* What the queue does with an event whose handling ended with a status. (A request always gets a reply and is acked.)
 */
enum settlement { SETTLE_ACK, SETTLE_DEAD, SETTLE_LATER, SETTLE_AGAIN };

struct status_rule {
	const char *code; /* stable name, shown to clients as "code" where the decision gives none */
	int http;         /* RFC 9110 status code of the reply */
	enum txn_end txn;
	enum settlement settle;
	enum log_level log_level;
	const char *title; /* for people */
};

/* The rule of a status; never NULL. */
const struct status_rule *status_rule(enum status status);

/* The status whose code is `code`; E_INTERNAL where none is. */
enum status status_of_code(const char *code);

#define must_check __attribute__((warn_unused_result))

#endif
