/* What svc-users reads: one reader per message, named by the table in handlers.c. */
#ifndef USERS_QUERIES_QUERIES_H
#define USERS_QUERIES_QUERIES_H

#include "comanda/service.h"

read_function get_users;  /* users.get: the owner and admins */
read_function list_users; /* users.list: admins */

/* Refuses a caller who may not see what the query asks for. */
void query_refuse_reader(struct txn *txn, struct query *query);

#endif
