/* Connections to the broker and to the services' databases, as the settings name them. */
#ifndef CTL_LIB_CONNECT_H
#define CTL_LIB_CONNECT_H

#include "amqp/broker.h"
#include "comanda/service.h"
#include "postgres/db.h"

/* Connects to COMANDA_BROKER_URL. The management UI shows the connection as "comanda/" and `purpose`. With `confirms`
 * the broker confirms what is published. NULL after an error message. Freed with broker_free. */
struct broker *connect_broker(const char *purpose, bool confirms);

/* Connects to the database of a service at COMANDA_DATABASE_URL_<SERVICE>, as in COMANDA_DATABASE_URL_ORDERS. NULL
 * after an error message. Freed with db_free. */
struct db *connect_database(const struct service *service);
/* Runs one statement with the parameters in db_args(db). False after an error message. */
bool query_database(struct db *db, const struct sql *sql, struct rows *ret_rows);

/* The value of a setting: from the variable NAME, or from the file that NAME_FILE names. NULL where neither is set.
 * E_INVALID after an error message: the file cannot be used. */
must_check enum status setting_find(const char *name, const char **ret_value);
/* The same for a required setting. NULL after an error message, which shows `example`. */
const char *setting_value(const char *name, const char *example);

#endif
