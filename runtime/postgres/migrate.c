/* Migrations: forward only, each in its own transaction, under a lock that all programs of a database share. */
#include <sodium.h>

#include "postgres/db_private.h"

#include <stdio.h>
#include <string.h>

#include "telemetry/log.h"

/* As long as a large table may take to change. Statements that wait for its locks time out by themselves. A migration
 * that waits for their locks times out as well (lock_timeout stays). */
#define SCRIPT_WAIT_US (15 * MINUTE_US)
/* How long another program's migrations are waited for. */
#define LOCK_WAIT_US (60 * SECOND_US)

enum { CHECKSUM_TEXT = 2 * crypto_generichash_BYTES + 1 };

/* BLAKE2b, 256 bits (RFC 7693), in hexadecimal. */
static void checksum_text(const char *text, char ret_text[static CHECKSUM_TEXT])
{
	unsigned char hash[crypto_generichash_BYTES];

	crypto_generichash(hash, sizeof hash, (const unsigned char *)text, strlen(text), NULL, 0);
	sodium_bin2hex(ret_text, CHECKSUM_TEXT, hash, sizeof hash);
}

static const struct sql look = {"migrations_look", "SELECT to_regclass('schema_migrations') IS NOT NULL"};
static const char create_table[] = "CREATE TABLE IF NOT EXISTS schema_migrations ("
				   " name text PRIMARY KEY,"
				   " checksum text NOT NULL,"
				   " applied_at timestamptz NOT NULL DEFAULT now())";

/* The key is "comanda" in ASCII. A session's lock: it goes with the connection, whatever happens. */
static const struct sql lock = {"migrations_lock", "SELECT pg_advisory_lock(x'636f6d616e6461'::bigint)::text"};
static const struct sql unlock = {"migrations_unlock", "SELECT pg_advisory_unlock(x'636f6d616e6461'::bigint)"};

/* Each try ends with lock_timeout (55P03). */
static enum status take_lock(struct db *db)
{
	int64_t until_us = monotonic_now() + LOCK_WAIT_US;
	struct rows rows;
	enum status status;

	do
		status = db_run(db, &lock, &rows);
	while (status == E_RETRY && strcmp(db_sqlstate(db), "55P03") == 0 && monotonic_now() < until_us);
	if (status != OK && strcmp(db_sqlstate(db), "55P03") == 0) {
		db_explain(db, "another program is applying migrations to this database, for more than %lld s",
			   LOCK_WAIT_US / SECOND_US);
		return E_UNAVAILABLE;
	}
	return status;
}

static const struct sql find = {"migrations_find",
				"SELECT checksum, applied_at::text FROM schema_migrations WHERE name = $1"};

/* Whether the migration is there already; E_CONFLICT: it is, with another text. */
static enum status find_applied(struct db *db, const struct migration *migration, bool *ret_applied)
{
	char checksum[CHECKSUM_TEXT];
	struct rows rows;

	arg_text(db_args(db), migration->name);
	enum status status = db_run(db, &find, &rows);
	if (status != OK)
		return status;
	*ret_applied = rows.count > 0;
	if (rows.count == 0)
		return OK;

	struct span known = row_bytes(&rows, 0, 0);
	checksum_text(migration->text, checksum);
	if (known.size == strlen(checksum) && memcmp(known.bytes, checksum, known.size) == 0)
		return OK;
	db_explain(db,
		   "migration %s was changed after it had been applied to this database at %s: restore its text, and "
		   "put the change into a new migration with the next number",
		   migration->name, row_bytes(&rows, 0, 1).bytes);
	return E_CONFLICT;
}

static const struct sql record = {"migrations_record",
				  "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)"};

static enum status commit_applied(struct db *db, const struct migration *migration)
{
	char checksum[CHECKSUM_TEXT];

	checksum_text(migration->text, checksum);
	arg_text(db_args(db), migration->name);
	arg_text(db_args(db), checksum);
	db_send(db, &record, NULL, NULL);
	db_send_text(db, "COMMIT");
	return db_sync(db);
}

/* A migration may work on whole tables: without the session's time-out, and with all that the planner knows. */
static const char begin[] = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL enable_seqscan = on;"
			    " SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";

static enum status apply(struct db *db, const struct migration *migration)
{
	enum status status = db_script(db, begin, SCRIPT_WAIT_US);
	if (status == OK)
		status = db_script(db, migration->text, SCRIPT_WAIT_US);
	if (status == OK)
		status = commit_applied(db, migration);
	if (status == OK)
		return OK;

	char why[400];
	snprintf(why, sizeof why, "%s", db_detail(db));
	db_recover(db);
	db_explain(db, "migration %s: %s; nothing of it was applied", migration->name, why);
	return status;
}

/* Looks before it makes it: a role that may not make tables must be able to start on those that are there. */
static enum status ensure_table(struct db *db)
{
	struct rows rows;
	enum status status = db_run(db, &look, &rows);

	if (status == OK && !row_bool(&rows, 0, 0))
		status = db_script(db, create_table, SCRIPT_WAIT_US);
	return status;
}

static enum status apply_missing(struct db *db, const struct migration *migrations)
{
	enum status status = ensure_table(db);

	for (const struct migration *migration = migrations; status == OK && migration->name != NULL; migration++) {
		bool applied = false;
		status = find_applied(db, migration, &applied);
		if (status == OK && !applied)
			status = apply(db, migration);
	}
	return status;
}

/* Gives the lock up and keeps the reason. A role that may not migrate waits for the one that may. */
static enum status give_up(struct db *db, enum status status)
{
	char why[512];
	struct rows rows;

	snprintf(why, sizeof why, "%s", db_detail(db));
	if (status == E_INTERNAL && strstr(why, "42501") != NULL) {
		db_recover(db);
		snprintf(why, sizeof why,
			 "the database is not in the schema that this build needs, and its role may not change that: "
			 "run the program with --migrate and COMANDA_MIGRATIONS_URL");
		status = E_UNAVAILABLE;
	}
	if (db_run(db, &unlock, &rows) != OK)
		log_debug("db.migrate", kv_text("detail", "the lock went with the connection"));
	db_explain(db, "%s", why);
	return status;
}

enum status db_migrate(struct db *db, const struct migration *migrations)
{
	struct rows rows;

	enum status status = db_ensure(db);
	if (status == OK)
		status = take_lock(db);
	if (status != OK)
		return status;
	status = apply_missing(db, migrations);
	return status == OK ? db_run(db, &unlock, &rows) : give_up(db, status);
}

/* ---- rights ---- */

/* docs/security.md shows these. %1$I: the role; %2$I: the schema. */
static const char rights[] = "GRANT USAGE ON SCHEMA %2$I TO %1$I; "
			     "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %2$I TO %1$I; "
			     "REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM %1$I";
static const struct sql write_grants = {
	"migrations_write_grants", "SELECT format($1, $2, current_schema()) WHERE $2 NOT IN ('', current_user::text)"};

enum status db_grant(struct db *db, const char *url)
{
	enum status status = OK;
	struct arena arena;
	struct rows rows;

	arena_init(&arena);
	arg_text(db_args(db), rights);
	arg_text(db_args(db), db_link_role(url, &arena));
	status = db_run(db, &write_grants, &rows);
	if (status == OK && rows.count > 0)
		status = db_script(db, row_text(&rows, 0, 0, &arena), SCRIPT_WAIT_US);
	arena_done(&arena);
	return status;
}
