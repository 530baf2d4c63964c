/* What the files of the database adapter share. Private to postgres/. */
#ifndef POSTGRES_DB_PRIVATE_H
#define POSTGRES_DB_PRIVATE_H

#include "core/backoff.h"
#include "postgres/link.h"

/* ---- postgres/statements.c: which statements the server has prepared ---- */

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
void statements_reset(struct statements *statements);

/* The status of a failure by its SQLSTATE (PostgreSQL's manual, appendix A). */
enum status sqlstate_status(const char *sqlstate);

/* ---- db.c ---- */

/* Something that the server will answer. */
struct pending {
	enum { PREPARE, STATEMENT, TEXT, COMMIT, PAUSE, SYNC } kind;
	struct statement *statement; /* PREPARE, STATEMENT */
	const char *text;            /* for db_detail */
	rows_function *on_rows;      /* STATEMENT; NULL: only its status counts */
	void *context;
};

/* A round trip, as traces show it. */
struct db_round_trip {
	char names[96];
	int count; /* statements; 0: there is none */
	int64_t sent_us, answered_us;
};

struct db {
	struct db_link *link; /* NULL: not connected */
	void *result;
	struct pending *queue;
	size_t head, tail, room;
	size_t unanswered;   /* statements in the queue whose results are not taken */
	bool batch_open;     /* something was sent since the last Sync */
	bool begun;          /* an explicit transaction is open */
	enum status failed;  /* until db_recover */
	bool must_reconnect; /* db_recover drops the connection */
	bool worked;         /* a round trip was completed on this connection */
	struct backoff backoff;
	struct db_link_plan plan;
	char *url, *application;
	char detail[512], sqlstate[8], constraint[64];
	struct statements statements;
	struct args args;
	struct db_round_trip next_round, round; /* what is fetched, and what is under way */
};

/* Sets db_detail, for failures that are not the server's. */
void db_explain(struct db *db, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Closes the connection, and forgets what it knew. */
void db_drop(struct db *db);
void db_clear_result(struct db *db);
/* These record the first failure of a batch, for db_detail and until db_recover, and return it. */
enum status db_fail_lost(struct db *db, const char *what);
enum status db_fail_wait(struct db *db, enum db_wait wait, const char *what); /* OK where the wait was not in vain */
enum status db_fail_answer(struct db *db, const struct answer *answer, const struct pending *pending);

/* ---- postgres/round_trips.c: spans, where they are recorded ---- */

void round_trip_add(struct db *db, const char *statement);
void round_trip_sent(struct db *db);
void round_trip_answered(struct db *db);
void round_trip_end(struct db *db, const char *error); /* NULL: it went well */

/* ---- postgres/pipeline.c ---- */

/* Runs a text of several statements outside the pipeline, each wait bounded by `wait_us` (db_detail names the line
 * that failed). Nothing may be queued. A transaction that the text opened stays open. */
must_check enum status db_script(struct db *db, const char *text, int64_t wait_us);

#endif
