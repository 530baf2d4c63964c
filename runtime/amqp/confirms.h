/* What became of publications: confirms, refusals and returns, counted by hand, for librabbitmq does not. No I/O. */
#ifndef RT_BROKER_OUTCOMES_H
#define RT_BROKER_OUTCOMES_H

#include "amqp/broker.h"

struct outcomes {
	struct outcome_entry *ring; /* `room` entries, a power of two */
	size_t room;
	uint64_t first, next; /* sequences: the oldest that is not taken, and the one after the newest */
	uint64_t base;        /* a channel's delivery tag + base = our sequence, which never starts again */
	uint64_t waiting;     /* everything before it has its outcome */
	size_t ready;         /* with an outcome, and not taken */
};

void outcomes_init(struct outcomes *outcomes);
void outcomes_done(struct outcomes *outcomes);
/* Notes a publication; returns its sequence. */
uint64_t outcomes_sent(struct outcomes *outcomes, const char *message_id);
/* The broker's word on one tag of the present channel, or on all up to it (0: all). */
void outcomes_settle(struct outcomes *outcomes, uint64_t tag, bool multiple, enum outcome_kind kind);
/* A return carries no tag, but comes before its ack: the oldest publication with this id that waits is the one. */
void outcomes_returned(struct outcomes *outcomes, const char *message_id);
/* Takes outcomes that are there, oldest first. */
size_t outcomes_take(struct outcomes *outcomes, struct outcome *ret_outcomes, size_t room);
/* The channel is gone: what waits will never have an outcome; what has one can still be taken. */
void outcomes_new_channel(struct outcomes *outcomes);

#endif
