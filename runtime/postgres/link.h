/* The wire to PostgreSQL: one libpq connection in pipeline mode whose socket never blocks; private to the database
 * adapter. All waiting has an end, given as monotonic_now() time. */
#ifndef POSTGRES_LINK_H
#define POSTGRES_LINK_H

#include "postgres/args.h"

struct db_link;

struct db_link_plan {
	const char *url, *application;
	int64_t wait_us;
	bool relaxed; /* commits do not wait for the disk */
};

/* The role that a URL names, in the arena; "" where it names none. */
const char *db_link_role(const char *url, struct arena *arena);

/* NULL: `ret_why` says why. */
struct db_link *db_link_open(const struct db_link_plan *plan, char *ret_why, size_t why_size);
void db_link_close(struct db_link *link);

/* Queueing; false: db_link_error says why, and the link is of no more use. */
must_check bool db_link_prepare(struct db_link *link, const struct sql *sql, const struct args *args);
must_check bool db_link_execute(struct db_link *link, const struct sql *sql, const struct args *args);
must_check bool db_link_text(struct db_link *link, const char *statement);
must_check bool db_link_ask_flush(struct db_link *link);
must_check bool db_link_ask_sync(struct db_link *link);
/* Leaves pipeline mode, in which a text holds one statement only, and comes back to it. */
must_check bool db_link_script(struct db_link *link, const char *text);
must_check bool db_link_resume(struct db_link *link);

enum db_wait { WAIT_DONE, WAIT_LATE, WAIT_LOST };

must_check enum db_wait db_link_send(struct db_link *link, int64_t until_us);

struct answer {
	enum { ANSWER_GOOD, ANSWER_ERROR, ANSWER_SYNC, ANSWER_END } kind; /* END: a statement has no more answers */
	void *result;                                                     /* the caller's; db_answer_clear */
	const char *tag;                                                  /* "INSERT 0 1" */
	/* ERROR; they live as long as the result. */
	const char *sqlstate, *message, *constraint; /* no sqlstate: libpq's own failure */
	long position;                               /* in the statement's text, in characters from 1; 0: none */
	bool fatal;                                  /* the server closes the connection */
};

must_check enum db_wait db_link_read(struct db_link *link, int64_t until_us, struct answer *ret_answer);
void db_answer_clear(void *result);
struct rows db_answer_rows(void *result);

/* One field of a result; `bytes` NULL: null. */
struct cell {
	const char *bytes, *column;
	size_t size;
	unsigned type;
};
struct cell db_cell(const struct rows *rows, int row, int column);

/* Whether the server has closed the connection; looks without waiting. */
bool db_link_hung_up(struct db_link *link);
/* By the last Sync's answer. */
bool db_link_in_transaction(const struct db_link *link);
const char *db_link_error(const struct db_link *link);

#endif
