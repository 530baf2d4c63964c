/* What svc-users does with each message: one table per consumer. Each table ends with an empty row. */
#ifndef USERS_HANDLERS_H
#define USERS_HANDLERS_H

#include "comanda/service.h"

extern const struct handler users_queries[];
extern const struct handler users_commands[];
extern const struct handler users_passwords[];
extern const struct handler users_events[];

#endif
