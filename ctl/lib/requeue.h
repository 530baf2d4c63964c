/* Handing messages in to queues: through the default exchange, never through `events`, so that no other queue and not
 * the log hears them again. */
#ifndef CTL_LIB_REQUEUE_H
#define CTL_LIB_REQUEUE_H

#include "amqp/broker.h"

struct handed {
	const char *queue;
	const char *type; /* AMQP's: "order.placed"; "" where it is not known */
	struct uuid id;   /* of a lone event; nil: a batch, or not known */
	struct uuid correlation;
	struct span body;
	bool batch;
	/* after requeue */
	uint64_t sequence;
	enum { HANDED_OPEN, HANDED_IN, HANDED_NOWHERE, HANDED_REFUSED } fate; /* nowhere: there is no such queue */
};

/* Sends them all and waits until the broker has confirmed each. False after saying on standard error what went wrong:
 * those whose fate is HANDED_IN have arrived all the same. `what` is for the progress line. */
bool requeue(struct broker *broker, struct handed *messages, size_t count, const char *what);

#endif
