/* Publisher confirms (RabbitMQ, "Consumer Acknowledgements and Publisher Confirms"): acks, nacks and returns of
 * numbered publications. librabbitmq does not count them. No I/O. */
#ifndef AMQP_CONFIRMS_H
#define AMQP_CONFIRMS_H

#include "amqp/broker.h"

struct confirms {
	struct pending_confirm *ring; /* `room` entries, a power of two */
	size_t room;
	uint64_t first, next; /* sequences: the oldest one that is not taken, and the one after the newest */
	uint64_t base;        /* delivery tag of the channel + base = sequence, which never starts again */
	uint64_t waiting;     /* the oldest unconfirmed sequence */
	size_t ready;         /* confirmed, and not taken */
};

void confirms_init(struct confirms *confirms);
void confirms_done(struct confirms *confirms);
/* Adds a publication; returns its sequence. */
uint64_t confirms_sent(struct confirms *confirms, const char *message_id);
/* An ack or nack for one tag of the present channel, or for all tags up to it (0: all). */
void confirms_settle(struct confirms *confirms, uint64_t tag, bool multiple, enum confirm_kind kind);
/* A return carries no tag, but it arrives before its ack. It belongs to the oldest unconfirmed publication with this
 * id. */
void confirms_returned(struct confirms *confirms, const char *message_id);
/* Takes at most `room` confirms, oldest first. */
size_t confirms_take(struct confirms *confirms, struct confirm *ret_confirms, size_t room);
/* The channel is lost. Unconfirmed publications stay without a confirm. Confirms that were received can still be
 * taken. */
void confirms_new_channel(struct confirms *confirms);

#endif
