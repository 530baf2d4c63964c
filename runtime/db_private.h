/* What the files of the database adapter share; nobody else includes it. */
#ifndef RT_DB_PRIVATE_H
#define RT_DB_PRIVATE_H

#include "db_args.h"

/* ---- db.c ---- */

/* Runs a text of several statements outside the pipeline, each wait bounded by `wait_us` (db_detail names the line
 * that failed). Nothing may be queued. A transaction that the text opened stays open. */
must_check enum status db_script(struct db *db, const char *text, int64_t wait_us);
/* Sets db_detail, for failures that are not the server's. */
void db_explain(struct db *db, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- db_link.c ---- */

/* One field of a result; `bytes` NULL: null. */
struct cell {
	const char *bytes, *column;
	size_t size;
	unsigned type;
};
struct cell db_cell(const struct rows *rows, int row, int column);

/* ---- db_statements.c: which statements the server has prepared ---- */

enum statement_state {
	UNPREPARED,
	PREPARING, /* sent, not answered */
	PREPARED,
	PROVEN /* has run */
};

struct statement {
	const char *name, *text;
	enum statement_state state;
};

enum { STATEMENTS_MAX = 256 }; /* a power of two */

struct statements {
	struct statement slots[STATEMENTS_MAX];
	int count;
};

/* The statement's slot; it is made on first sight. A name with two texts is a programmer's mistake. */
struct statement *statements_find(struct statements *statements, const struct sql *sql);
/* A new connection knows none of them. */
void statements_forget(struct statements *statements);

/* The status of a failure by its SQLSTATE (PostgreSQL's manual, appendix A). */
enum status sqlstate_status(const char *sqlstate);

#endif
