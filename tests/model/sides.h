/* The three services as the explorer drives them: by the programs' own handler tables. */
#ifndef TESTS_MODEL_SIDES_H
#define TESTS_MODEL_SIDES_H

#include "comanda/service.h"

enum side_name { SIDE_ORDERS, SIDE_PRODUCTS, SIDE_USERS, SIDES };

struct side {
	const char *name;                        /* "svc-orders": the consumer in derived ids */
	const char *queue;                       /* where its events wait */
	const struct handler *events, *commands; /* NULL: none are driven */
	const struct aggregate *const *kinds;    /* what its decisions load, in locking order; ends with NULL */
	bool keeps; /* it writes in transactions, with inbox and outbox; otherwise it answers without a trace */
};

const struct side *side_of(enum side_name name);
/* The row for a message of this type; NULL: it is not for this service. */
const struct handler *side_handler(const struct side *side, int type);
/* The services whose queues are bound to an event of this type: bit 1 << enum side_name. */
unsigned sides_hearing(int type);

#endif
