/* Handing dead letters in again, and finding out what becomes of each.
 *
 * A dead letter's id stays in the inbox of its consumer: sent as it is, it would be taken for a duplicate. So its claim
 * is forgotten first, but only if it is the one that was made together with the dead letter (it is no younger than
 * x-dead-last). A younger claim means that a redrive before this one was handled: the letter is then only dropped. */
#ifndef CTL_DEAD_REDRIVE_H
#define CTL_DEAD_REDRIVE_H

#include "ctl/dead/dead_letters.h"
#include "postgres/db.h"

enum fate {
	FATE_TO_SEND, /* before: its claim will be forgotten, then it is sent */
	FATE_HANDLED,
	FATE_BEFORE,   /* handled before this redrive: the letter was dropped */
	FATE_REFUSED,  /* put aside again */
	FATE_WAITS,    /* it is in the queue of its consumer, which has not come to it */
	FATE_NOT_SENT, /* it is still among the dead letters */
	FATE_FORGED    /* left there: its sender may not send it */
};
extern const char *const fate_names[]; /* "to be sent", "handled", ... */

struct redriven {
	const struct letter *letter;
	enum fate fate;
	const char *code, *why; /* of FATE_REFUSED; NULL otherwise */
};

struct redrive {
	struct dead_queue *queue;
	struct db *db;
	struct redriven *items;
	size_t count;
	int64_t wait_us;
	int64_t sent_us;
};

/* Fills items (queue->count of them) with what would become of each. False after saying what is wrong. */
bool redrive_plan(struct redrive *redrive);
/* Sends those that are to be sent. False after saying what went wrong; items say how far it came. */
bool redrive_send(struct redrive *redrive);
/* Waits for what becomes of them. */
bool redrive_watch(struct redrive *redrive);

#endif
