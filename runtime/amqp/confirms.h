/* What became of publications: confirms, refusals and returns, counted by hand, for librabbitmq does not. No I/O. */
#ifndef AMQP_CONFIRMS_H
#define AMQP_CONFIRMS_H

#include "amqp/broker.h"

struct confirms {
	struct outcome_entry *ring; /* `room` entries, a power of two */
	size_t room;
	uint64_t first, next; /* sequences: the oldest that is not taken, and the one after the newest */
	uint64_t base;        /* a channel's delivery tag + base = our sequence, which never starts again */
	uint64_t waiting;     /* everything before it has its outcome */
	size_t ready;         /* with an outcome, and not taken */
};

void confirms_init(struct confirms *confirms);
void confirms_done(struct confirms *confirms);
/* Notes a publication; returns its sequence. */
uint64_t confirms_sent(struct confirms *confirms, const char *message_id);
/* The broker's word on one tag of the present channel, or on all up to it (0: all). */
void confirms_settle(struct confirms *confirms, uint64_t tag, bool multiple, enum outcome_kind kind);
/* A return carries no tag, but comes before its ack: the oldest publication with this id that waits is the one. */
void confirms_returned(struct confirms *confirms, const char *message_id);
/* Takes confirms that are there, oldest first. */
size_t confirms_take(struct confirms *confirms, struct outcome *ret_outcomes, size_t room);
/* The channel is gone: what waits will never have an outcome; what has one can still be taken. */
void confirms_new_channel(struct confirms *confirms);

#endif
