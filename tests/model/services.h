/* The three services as the explorer drives them: by the programs' own handler tables. */
#ifndef TESTS_MODEL_SERVICES_H
#define TESTS_MODEL_SERVICES_H

#include "comanda/service.h"

enum service_name { SERVICE_ORDERS, SERVICE_PRODUCTS, SERVICE_USERS, SERVICES };

struct model_service {
	const char *name;                        /* "svc-orders": the consumer in derived ids */
	const char *queue;                       /* the queue of its events */
	const struct handler *events, *commands; /* NULL: not explored */
	const struct aggregate *const *kinds;    /* the aggregates of its decisions in lock order; ends with NULL */
	bool transactional;                      /* writes in transactions, with inbox and outbox; false: stateless */
};

const struct model_service *service_of(enum service_name name);
/* The row for a message of this type; NULL: it is not for this service. */
const struct handler *service_handler(const struct model_service *service, int type);
/* The services whose queues are bound to an event of this type: bit 1 << enum service_name. */
unsigned services_bound_to(int type);

#endif
