/* Reads settings, connects and runs statements. */
#include "ctl/lib/connect.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/settings.h"
#include "ctl/cli/terminal.h"

/* Longer than the timeout of a service: a command may read a whole table. */
#define STATEMENT_TIMEOUT_US (60 * SECOND_US)

enum status setting_find(const char *name, const char **ret_value)
{
	static const struct setting end = {.name = NULL};
	const char *value = NULL;
	const struct setting table[] = {{.name = name, .type = SET_SECRET, .fallback = "", .meaning = ""}, end};

	const enum status status = settings_read(table, &value, stderr);
	if (status == OK)
		*ret_value = value == NULL || *value == '\0' ? NULL : value;
	return status;
}

const char *setting_value(const char *name, const char *example)
{
	const char *value = NULL;

	if (setting_find(name, &value) != OK)
		return NULL;
	if (value == NULL) {
		print_error("%s must be set, as in %s", name, example);
		return NULL;
	}
	return value;
}

struct broker *connect_broker(const char *purpose, bool confirms)
{
	const char *url = setting_value("COMANDA_BROKER_URL", "amqp://operator:password@127.0.0.1:5672/comanda");

	if (url == NULL)
		return NULL;
	struct broker *broker = broker_new(&(struct broker_config){.url = url,
								   .program = "comanda",
								   .connection_name = purpose,
								   .heartbeat_us = 10 * SECOND_US,
								   .confirms = confirms});
	if (broker_ensure(broker) == OK)
		return broker;
	print_error("the broker cannot be reached: %s", broker_detail(broker));
	broker_free(broker);
	return NULL;
}

struct db *connect_database(const struct service *service)
{
	char name[64], example[120];

	snprintf(name, sizeof(name), "COMANDA_DATABASE_URL_%s", service->queue_prefix);
	for (char *c = name; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	snprintf(example, sizeof(example), "postgresql://comanda_operator:password@127.0.0.1:5432/%s",
		 service->queue_prefix);
	const char *url = setting_value(name, example);
	if (url == NULL)
		return NULL;
	struct db *db = db_new(&(struct db_config){.url = url,
						   .program = "comanda",
						   .connection_name = service->queue_prefix,
						   .wait_us = STATEMENT_TIMEOUT_US});
	if (db_ensure(db) == OK)
		return db;
	print_error("the database of %s cannot be reached: %s", service->queue_prefix, db_detail(db));
	db_free(db);
	return NULL;
}

bool query_database(struct db *db, const struct sql *sql, struct rows *ret_rows)
{
	const enum status status = db_run(db, sql, ret_rows);

	if (status == OK)
		return true;
	if (strcmp(db_sqlstate(db), "42501") == 0)
		print_error("this account may not do that in the database: %s", db_detail(db));
	else
		print_error("the database refused: %s", db_detail(db));
	db_recover(db);
	return false;
}
