/* The broker and the services' databases, as the settings name them. */
#ifndef CTL_LIB_CONNECT_H
#define CTL_LIB_CONNECT_H

#include "amqp/broker.h"
#include "postgres/db.h"

/* Connects as COMANDA_BROKER_URL says. `consumer` is what the management UI shows behind "comanda/". Publishes are
 * confirmed where `confirms`. NULL after saying what is wrong. Freed with broker_free. */
struct broker *connect_broker(const char *consumer, bool confirms);

/* Connects to the database of a service_name ("users", "products", "orders") as COMANDA_DATABASE_URL_<HOUSE> says. NULL
 * after saying what is wrong. Freed with db_free. */
struct db *connect_database(const char *service_name);
/* Runs one statement with the parameters in db_args(db); false after saying what the database said. */
bool ask_database(struct db *db, const struct sql *sql, struct rows *ret_rows);

/* The value of a setting: from NAME, or from the file that NAME_FILE names; NULL where neither is set. E_INVALID after
 * saying why the file cannot be used. */
must_check enum status setting_find(const char *name, const char **ret_value);
/* The same for a setting that must be there. NULL after saying that it is missing, and
 * that it should look like `example`. */
const char *setting_value(const char *name, const char *example);

#endif
