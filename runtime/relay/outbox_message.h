/* The AMQP message that carries rows of the outbox. */
#ifndef RELAY_OUTBOX_MESSAGE_H
#define RELAY_OUTBOX_MESSAGE_H

#include "amqp/broker.h"
#include "store/outbox.h"

/* A row in memory, and the batch that it came with. */
struct held_row {
	struct outbox_batch *batch;
	struct outbox_row *row;
};

/* Rows that are published together. */
struct outbox_message {
	struct held_row *rows;
	size_t count;
	int64_t events; /* in the rows */
};

/* Events in the row: at least one. */
int64_t outbox_row_events(const struct outbox_row *row);

/* `body` and `arena` are only memory to work with. *ret_sequence is the message's number on the broker's connection. */
must_check enum status outbox_message_publish(struct broker *broker, const struct outbox_message *message,
					      struct buffer *body, struct arena *arena, uint64_t *ret_sequence);

#endif
