/* The services that commands work on. */
#ifndef CTL_LIB_SERVICES_H
#define CTL_LIB_SERVICES_H

#include <stdbool.h>

#include "comanda/service.h"

/* The one list, in the order in which commands show services; NULL at its end. A service is shown and named by its
 * queue_prefix: "orders" for svc-orders. */
extern const struct service *const services[];
/* The same names for a --help text. */
#define SERVICE_NAMES "users, products or orders"

/* An option_reader (ctl/cli/option.h): "orders" or "svc-orders" as a const struct service *. */
const char *option_service(const char *text, void *ret_service);

/* The service whose program has this name, as a message's producer has it: "svc-orders". NULL: none, as for "operator".
 */
const struct service *service_of_program(const char *name);
/* The service whose event queue this is: "orders.events". NULL: none. */
const struct service *service_of_queue(const char *queue);
/* The name of a service's event queue, in the arena. */
const char *event_queue_of(const struct service *service, struct arena *arena);

/* Whether the service records the events that it has processed. A service whose event consumers are all stateless
 * (users) changes nothing by an event, and records none. */
bool service_has_inbox(const struct service *service);

#endif
