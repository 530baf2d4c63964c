/* Creates and drops databases. */
#include "ctl/sandbox/scratch.h"

#include <stdio.h>
#include <string.h>

#include "ctl/cli/terminal.h"

#define URL_SETTING          "COMANDA_SANDBOX_DATABASE_URL"
#define URL_EXAMPLE          "postgresql://comanda_sandbox:password@127.0.0.1:5432/postgres"
#define REVOKE               "REVOKE CONNECT, TEMPORARY ON DATABASE %s FROM PUBLIC"
#define STATEMENT_TIMEOUT_US (60 * SECOND_US)

enum { NAME_LONGEST = 32 };

static bool name_fits(const char *name)
{
	const size_t size = strlen(name);

	return size > 0 && size <= NAME_LONGEST && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

static void random_name(char ret_name[static UUID_TEXT + 1])
{
	const struct uuid id = uuid_new(timestamp_now());

	uuid_text(&id, ret_name);
	memmove(ret_name, ret_name + UUID_TEXT - 8, 9); /* its last eight digits are random */
}

static struct db *connect_to(const char *url, const char *purpose)
{
	struct db *db = db_new(&(struct db_config){.url = url,
						   .program = "comanda",
						   .connection_name = purpose,
						   .wait_us = STATEMENT_TIMEOUT_US,
						   .relaxed = true});

	if (db_ensure(db) == OK)
		return db;
	print_error("the sandbox's database cannot be reached: %s", db_detail(db));
	db_free(db);
	return NULL;
}

bool scratch_open(const char *name, struct scratch *ret_scratch)
{
	char random[UUID_TEXT + 1];

	*ret_scratch = (struct scratch){.server = NULL};
	if (name != NULL && !name_fits(name)) {
		print_error("a sandbox's name has 1 to %d lower-case letters, digits and underscores, not \"%s\"",
			    NAME_LONGEST, name);
		return false;
	}
	random_name(random);
	snprintf(ret_scratch->name, sizeof(ret_scratch->name), "%s", name != NULL ? name : random);
	ret_scratch->url = setting_value(URL_SETTING, URL_EXAMPLE);
	if (ret_scratch->url != NULL)
		ret_scratch->server = connect_to(ret_scratch->url, "sandbox");
	return ret_scratch->server != NULL;
}

void scratch_done(struct scratch *scratch)
{
	db_free(scratch->server);
}

const char *scratch_database(const struct scratch *scratch, const struct service *service, struct arena *arena)
{
	return arena_format(arena, "comanda_sandbox_%s_%s", scratch->name, service->queue_prefix);
}

/* The URL with another database: the part between the third slash and the question mark is replaced. */
static const char *url_of(const char *url, const char *database, struct arena *arena)
{
	const char *host = strstr(url, "://"), *path = host == NULL ? NULL : strchr(host + 3, '/');
	const char *rest = strchr(url, '?');
	const size_t head = path != NULL ? (size_t)(path - url) : rest != NULL ? (size_t)(rest - url) : strlen(url);

	return arena_format(arena, "%.*s/%s%s", (int)head, url, database, rest == NULL ? "" : rest);
}

static bool print_refusal(struct scratch *scratch, const char *database)
{
	if (strcmp(db_sqlstate(scratch->server), "42P04") == 0)
		print_error("the database %s exists already: use another --name, or comanda sandbox --drop %s",
			    database, scratch->name);
	else if (strcmp(db_sqlstate(scratch->server), "42501") == 0)
		print_error("the account of " URL_SETTING " has no right to create databases: ALTER ROLE ... CREATEDB");
	else
		print_error("the database %s: %s", database, db_detail(scratch->server));
	db_recover(scratch->server);
	return false;
}

/* Runs a statement about the database; its name is safe in SQL: letters, digits and underscores (name_fits). The
 * statements take no parameters. False after an error message. */
static bool run(struct scratch *scratch, const char *database, const char *text)
{
	db_send_text(scratch->server, text);
	return db_sync(scratch->server) == OK || print_refusal(scratch, database);
}

bool scratch_drop(struct scratch *scratch, const struct service *service)
{
	struct arena arena;

	arena_init(&arena);
	const char *database = scratch_database(scratch, service, &arena);
	const bool fine =
		run(scratch, database, arena_format(&arena, "DROP DATABASE IF EXISTS %s WITH (FORCE)", database));
	arena_done(&arena);
	return fine;
}

/* A database that was created and cannot be used is dropped again. */
struct db *scratch_create(struct scratch *scratch, const struct service *service)
{
	struct db *db = NULL;
	struct arena arena;

	arena_init(&arena);
	const char *database = scratch_database(scratch, service, &arena);
	/* template0, because it accepts no connections: a connection to the template would make the statement fail. */
	const char *create = arena_format(&arena, "CREATE DATABASE %s TEMPLATE template0", database);
	const char *revoke = arena_format(&arena, "REVOKE CONNECT, TEMPORARY ON DATABASE %s FROM PUBLIC", database);
	const bool created = run(scratch, database, create);
	if (created && run(scratch, database, revoke))
		db = connect_to(url_of(scratch->url, database, &arena), service->queue_prefix);
	if (created && db == NULL)
		(void)scratch_drop(scratch, service);
	arena_done(&arena);
	return db;
}
