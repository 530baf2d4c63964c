/* The sandbox's own databases: made empty, dropped at the end. */
#ifndef CTL_SANDBOX_SCRATCH_H
#define CTL_SANDBOX_SCRATCH_H

#include "core/memory.h"
#include "ctl/lib/connect.h"

struct scratch {
	char name[64];   /* "3f9a1c07": databases are comanda_sandbox_<name>_<service_name> */
	const char *url; /* of the server, with an account that may make databases */
	struct db *server;
};

/* A name of at most 32 lower-case letters, digits, underscores; NULL: a random one. False after saying what is wrong.
 */
bool scratch_open(const char *name, struct scratch *ret_scratch);
void scratch_done(struct scratch *scratch);

/* Makes the database of a service_name, and connects to it. NULL after saying why not, as when the name is in use. */
struct db *scratch_create(struct scratch *scratch, const char *service_name);
/* Drops it, whoever is connected; one that is not there is none to drop. False after saying why not. */
bool scratch_drop(struct scratch *scratch, const char *service_name);
/* "comanda_sandbox_<name>_<service_name>", in the arena. */
const char *scratch_database(const struct scratch *scratch, const char *service_name, struct arena *arena);

#endif
