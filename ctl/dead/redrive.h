/* The steps of a redrive: plan, send, watch.
 *
 * The consumer's inbox keeps the id of a dead letter's event. Sent as it is, the event would count as a duplicate. So
 * its record in the inbox is deleted first, if that record was made together with the dead letter: it is not younger
 * than x-dead-last. A younger record means that an earlier redrive was processed. Then the dead letter is only dropped.
 */
#ifndef CTL_DEAD_REDRIVE_H
#define CTL_DEAD_REDRIVE_H

#include "ctl/dead/dead_queue.h"
#include "postgres/db.h"

/* Of one dead letter. */
enum redrive_outcome {
	REDRIVE_TO_SEND, /* only planned */
	REDRIVE_HANDLED,
	REDRIVE_HANDLED_BEFORE, /* processed before this redrive: the dead letter was dropped */
	REDRIVE_REFUSED,        /* it is a dead letter again */
	REDRIVE_WAITING,        /* it is in the queue of its consumer, which has not processed it yet */
	REDRIVE_NOT_SENT,       /* it is still a dead letter */
	REDRIVE_FORGED          /* it stays a dead letter: its sender may not send such an event */
};
enum { REDRIVE_OUTCOMES = REDRIVE_FORGED + 1 };
extern const char *const redrive_outcome_names[]; /* "to be sent", "handled", ... */

struct redriven {
	const struct dead_letter *letter;
	enum redrive_outcome outcome;
	const char *code, *reason; /* of REDRIVE_REFUSED; NULL otherwise */
};

struct redrive {
	struct dead_queue *queue;
	struct db *db; /* of the service */
	struct redriven *items;
	size_t count;
	int64_t wait_us; /* how long redrive_watch waits */
	int64_t sent_us;
};

/* Each returns false after an error message. Items then say what was done before it. */

/* Fills `items`, one for each dead letter of the queue, with the planned outcome. */
bool redrive_plan(struct redrive *redrive);
/* Sends those that are planned to be sent. */
bool redrive_send(struct redrive *redrive);
/* Waits until each was processed or refused, at most `wait_us`. */
bool redrive_watch(struct redrive *redrive);

#endif
