/* PostgreSQL: one connection, prepared statements, pipelines. libpq, binary format both ways.
 *
 * A connection belongs to one thread. Every wait is bounded. Statements are constants beside the function that runs
 * them, and are prepared once per connection:
 *
 *   static const struct sql find = { "user_find", "SELECT id, name FROM users WHERE id = $1" };
 *
 * db_send queues a statement in the pipeline, with what to do with its rows. db_flush and db_sync send what is queued
 * and run these functions in order. */
#ifndef POSTGRES_DB_H
#define POSTGRES_DB_H

#include "core/memory.h"
#include "core/timestamp.h"
#include "core/uuid.h"

struct db;

struct sql {
	const char *name; /* unique within the program: the prepared statement's name */
	const char *text;
};

struct db_config {
	const char *url;     /* postgresql://... */
	const char *program; /* application_name */
	int64_t wait_us; /* the longest wait for an answer; also statement_timeout and lock_timeout are set below it */
	const char *connection_name; /* application_name is "<program>/<connection_name>" */
	bool relaxed;                /* synchronous_commit = off: a crash may undo the last commits */
};

/* Makes the object; connects on first use. Never fails. */
struct db *db_new(const struct db_config *config);
void db_free(struct db *db);
/* Connects if it is not connected. E_UNAVAILABLE otherwise; db_detail says why. Tries at most once per call. */
must_check enum status db_ensure(struct db *db);
bool db_connected(const struct db *db);
/* The last failure's message, SQLSTATE in front; for logs only. */
const char *db_detail(const struct db *db);
/* The last failure's SQLSTATE, "" where none, and the constraint that was violated. */
const char *db_sqlstate(const struct db *db);
const char *db_constraint(const struct db *db);

/* ---- parameters ---- */

/* The parameters of one statement. Reset by db_send. Texts are copied. */
struct args;
struct args *db_args(struct db *db);
void arg_uuid(struct args *args, const struct uuid *id); /* NULL: null */
void arg_int(struct args *args, int64_t number);         /* bigint; INT_ABSENT (INT64_MIN): null */
void arg_bool(struct args *args, bool value);
void arg_text(struct args *args, const char *text); /* NULL: null */
void arg_bytes(struct args *args, const void *bytes, size_t size);
void arg_timestamp(struct args *args, int64_t at_us); /* INT64_MIN: null */
void arg_uuids(struct args *args, const struct uuid *ids, size_t count);
void arg_texts(struct args *args, const char *const *texts, size_t count);
/* Columns for unnest: begin with the number of columns, then put values row by row, left to right. Each column becomes
 * one array parameter whose type is that of its first value (put_uuid: uuid[], put_int: bigint[], ...). */
void args_columns(struct args *args, int columns);
void put_uuid(struct args *args, const struct uuid *id); /* NULL: null, as below */
void put_int(struct args *args, int64_t number);
void put_bool(struct args *args, bool value);
void put_text(struct args *args, const char *text);
void put_bytes(struct args *args, const void *bytes, size_t size);
void put_timestamp(struct args *args, int64_t at_us);

/* ---- running ---- */

/* The rows of one statement. */
struct rows {
	void *result;    /* PGresult, owned by db */
	int count;       /* rows returned */
	int64_t touched; /* rows inserted, updated or deleted */
};

/* What to do with the rows of a statement. The rows are valid within the call. It may put arguments and rows into
 * memory, but must not call the db. Another status than OK ends the pipeline section, as a failed statement does. */
typedef enum status rows_function(void *context, const struct rows *rows);

/* Queues a statement with the parameters collected in db_args. Its result is taken by the next db_flush or db_sync,
 * which calls on_rows; NULL: only the status counts. `context` must live until then. */
void db_send(struct db *db, const struct sql *sql, rows_function *on_rows, void *context);
/* The same for BEGIN, COMMIT, ROLLBACK and the like: no parameters, not prepared, no rows. */
void db_send_text(struct db *db, const char *statement);

/* Sends the queued statements in one round trip, and takes all results in the order of the statements. It does not end
 * the pipeline section. Within BEGIN and COMMIT it uses a Sync, which ends nothing there; otherwise PQsendFlushRequest.
 *
 * Returns the first failure: E_RETRY (SQLSTATE classes 08, 40, 53, 55, 57, unique violation 23505, 25006, 26000, a plan
 * that a migration has outdated, connection lost or time out), E_INVALID (class 22 and the rest of 23: a value is at
 * fault), E_INTERNAL (everything else, class 42 for example), or what on_rows returned. Later results are then not
 * taken, and all further calls fail with the same status until db_recover. */
must_check enum status db_flush(struct db *db);
/* The same, and ends the pipeline section with a Sync. */
must_check enum status db_sync(struct db *db);
/* After an error: reads the pipeline to its end and rolls back; if that does not work, drops the connection. */
void db_recover(struct db *db);

/* One statement in a transaction of its own: send and sync. Rows are valid until the next call on `db`. After an error
 * it has called db_recover. */
must_check enum status db_run(struct db *db, const struct sql *sql, struct rows *ret_rows);

bool row_null(const struct rows *rows, int row, int column);
struct uuid row_uuid(const struct rows *rows, int row, int column); /* null: nil */
int64_t row_int(const struct rows *rows, int row, int column);      /* int2, int4, int8; null: INT64_MIN */
bool row_bool(const struct rows *rows, int row, int column);
int64_t row_timestamp(const struct rows *rows, int row, int column); /* timestamptz; null: INT64_MIN */
struct span row_bytes(const struct rows *rows, int row, int column); /* text, bytea, json; valid as long as the rows */
const char *row_text(const struct rows *rows, int row, int column, struct arena *arena); /* null: NULL */

/* ---- migrations ---- */

struct migration {
	const char *name; /* "0001_create_orders" */
	const char *text; /* SQL; may hold several statements */
};

/* Applies what is missing, in order, each in its own transaction, under an advisory lock. What was applied is
 * remembered with a checksum; a changed one is refused (E_CONFLICT, db_detail says which). Migrations that this build
 * does not know are left alone: a newer build made them (expand, then contract). */
must_check enum status db_migrate(struct db *db, const struct migration *migrations);

/* Lets the role that `url` names read and change rows of all tables, and nothing else. A program needs this if another
 * role made its tables. Does nothing where it is the same role. */
must_check enum status db_grant(struct db *db, const char *url);

#endif
