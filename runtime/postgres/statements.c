/* Which statements a connection has prepared, and what a SQLSTATE means to a consumer. */
#include "postgres/db_private.h"

#include <assert.h>
#include <string.h>

#include "core/hash.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || strcmp(a, b) == 0;
}

struct statement *statements_find(struct statements *statements, const struct sql *sql)
{
	for (uint64_t i = fnv_text(FNV_START, sql->name);; i++) {
		struct statement *slot = &statements->slots[i % STATEMENTS_MAX];

		if (slot->name == NULL) {
			statements->count++;
			assert(statements->count < STATEMENTS_MAX);
			*slot = (struct statement){.name = sql->name, .text = sql->text};
			return slot;
		}
		if (same_text(slot->name, sql->name)) {
			assert(same_text(slot->text, sql->text));
			return slot;
		}
	}
}

void statements_reset(struct statements *statements)
{
	for (int i = 0; i < STATEMENTS_MAX; i++)
		statements->slots[i].state = UNPREPARED;
}

static const struct {
	const char *prefix;
	enum status status;
} sqlstates[] = {
	{"08", E_RETRY},    /* connection */
	{"22", E_INVALID},  /* data */
	{"23505", E_RETRY}, /* unique violation: another transaction was faster */
	{"23", E_INVALID},  /* constraint */
	{"25006", E_RETRY}, /* read-only: the server has become a standby */
	{"26000", E_RETRY}, /* the prepared statement is gone (DISCARD ALL): it is prepared again */
	{"40", E_RETRY},    /* deadlock, serialisation */
	{"53", E_RETRY},    /* out of connections, disk, memory */
	{"55", E_RETRY},    /* lock not available */
	{"57", E_RETRY},    /* cancelled, shutting down */
};

enum status sqlstate_status(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof sqlstates / sizeof *sqlstates; i++)
		if (strncmp(sqlstate, sqlstates[i].prefix, strlen(sqlstates[i].prefix)) == 0)
			return sqlstates[i].status;
	return E_INTERNAL;
}
