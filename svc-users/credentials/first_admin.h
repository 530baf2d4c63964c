/* The first admin, from the settings. */
#ifndef USERS_CREDENTIALS_FIRST_ADMIN_H
#define USERS_CREDENTIALS_FIRST_ADMIN_H

#include "comanda/service.h"

struct first_admin {
	const char *email, *password; /* email "": none */
};

/* Registers the admin, unless an account has the address. Safe when several replicas start at once. E_INVALID: a
 * setting is wrong; the log says which. */
must_check enum status first_admin_install(const struct first_admin *admin, struct txn *txn);

#endif
