/* The sandbox's own databases: created empty, dropped at the end. */
#ifndef CTL_SANDBOX_SCRATCH_H
#define CTL_SANDBOX_SCRATCH_H

#include "core/memory.h"
#include "ctl/lib/connect.h"

struct scratch {
	char name[64];   /* "3f9a1c07": databases are comanda_sandbox_<name>_<service> */
	const char *url; /* of the server, with an account that may create databases */
	struct db *server;
};

/* `name`: at most 32 lower-case letters, digits, underscores; NULL: a random name. False after an error message. */
bool scratch_open(const char *name, struct scratch *ret_scratch);
void scratch_done(struct scratch *scratch);

/* Creates the database of a service and connects to it. NULL after an error message, such as that the name is in use.
 */
struct db *scratch_create(struct scratch *scratch, const struct service *service);
/* Drops the database, and closes all connections to it. It need not exist. False after an error message. */
bool scratch_drop(struct scratch *scratch, const struct service *service);
/* "comanda_sandbox_<name>_<service>", in the arena. */
const char *scratch_database(const struct scratch *scratch, const struct service *service, struct arena *arena);

#endif
