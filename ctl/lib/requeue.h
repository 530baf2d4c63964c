/* Publishes messages into queues again. They go through the default exchange and not through `events`: no other queue
 * and not the log gets a copy. */
#ifndef CTL_LIB_REQUEUE_H
#define CTL_LIB_REQUEUE_H

#include "amqp/broker.h"

enum requeue_result {
	REQUEUE_PENDING,
	REQUEUE_CONFIRMED,  /* in the queue */
	REQUEUE_UNROUTABLE, /* there is no such queue */
	REQUEUE_REFUSED     /* the broker did not accept it */
};

/* One message, in and out. */
struct requeue_message {
	const char *queue;
	const char *type; /* AMQP's property: "order.placed"; "" where it is not known */
	struct uuid id;   /* of a single event; nil: a batch, or not known */
	struct uuid correlation;
	struct span body;
	bool batch; /* a CloudEvents batch */
	/* after requeue */
	uint64_t sequence; /* of the publisher confirm */
	enum requeue_result result;
};

/* Publishes all messages and waits for their publisher confirms. False after an error message. The messages with
 * REQUEUE_CONFIRMED are in their queues also then. `what` is the text of the progress line. */
bool requeue(struct broker *broker, struct requeue_message *messages, size_t count, const char *what);

#endif
