/* A database connection: made, lost, made again; and what a failure means. */
#include "postgres/db_private.h"
#include "telemetry/connection_metrics.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "postgres/link.h"

#define PAUSE_LEAST_US (50 * MS_US)
#define PAUSE_MOST_US  (2 * SECOND_US)

struct db *db_new(const struct db_config *config)
{
	struct db *db = mem_new(1, sizeof *db);
	struct buffer application;

	buffer_init(&application);
	buffer_format(&application, "%s/%s", config->program, config->connection_name);
	db->application = mem_text(application.bytes);
	buffer_done(&application);
	db->url = mem_text(config->url);
	db->plan = (struct db_link_plan){db->url, db->application, config->wait_us, config->relaxed};
	db->backoff = (struct backoff){.first_us = PAUSE_LEAST_US, .longest_us = PAUSE_MOST_US};
	db_explain(db, "not connected");
	return db;
}

void db_drop(struct db *db)
{
	if (db->link == NULL)
		return;
	db_link_close(db->link);
	db->link = NULL;
	db->head = db->tail = db->unanswered = 0;
	db->batch_open = db->begun = db->must_reconnect = false;
	statements_reset(&db->statements);
	/* A connection that has worked may be made again at once. */
	if (db->worked)
		backoff_connected(&db->backoff, monotonic_now());
	else
		backoff_failed(&db->backoff, monotonic_now());
}

void db_clear_result(struct db *db)
{
	db_answer_clear(db->result);
	db->result = NULL;
}

void db_free(struct db *db)
{
	if (db == NULL)
		return;
	db_drop(db);
	db_clear_result(db);
	args_done(&db->args);
	free(db->queue);
	free(db->url);
	free(db->application);
	free(db);
}

bool db_connected(const struct db *db)
{
	return db->link != NULL;
}

const char *db_detail(const struct db *db)
{
	return db->detail;
}

const char *db_sqlstate(const struct db *db)
{
	return db->sqlstate;
}

const char *db_constraint(const struct db *db)
{
	return db->constraint;
}

struct args *db_args(struct db *db)
{
	return &db->args;
}

/* ---- failures ---- */

/* libpq's messages end with a line break and may hold several lines. */
static void one_line(char *text)
{
	size_t size = strlen(text);

	while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == ' '))
		text[--size] = '\0';
	for (; *text != '\0'; text++)
		if (*text == '\n' || *text == '\t')
			*text = ' ';
}

void db_explain(struct db *db, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(db->detail, sizeof db->detail, format, list);
	va_end(list);
	one_line(db->detail);
	db->sqlstate[0] = db->constraint[0] = '\0';
}

/* After the first failure of a batch the others are only its consequences, and db_detail keeps the cause. */
enum status db_fail_lost(struct db *db, const char *what)
{
	if (db->failed == OK) {
		db_explain(db, "%s: %s", what, db_link_error(db->link));
		db->failed = E_RETRY;
	}
	db_drop(db);
	return db->failed;
}

enum status db_fail_wait(struct db *db, enum db_wait wait, const char *what)
{
	if (wait == WAIT_DONE)
		return OK;
	if (wait == WAIT_LOST)
		return db_fail_lost(db, what);
	if (db->failed == OK) {
		db_explain(db, "%s: no answer in time", what);
		db->failed = E_RETRY;
	}
	db_drop(db);
	return db->failed;
}

/* Failures that a new connection mends. The server ends this one, has become a standby, or has lost the statements. Or
 * a migration has changed a column of a plan that worked before. */
static bool needs_new_connection(const struct answer *answer, const struct pending *pending)
{
	bool worked = pending->statement != NULL && pending->statement->state == PROVEN;

	return answer->fatal || strcmp(answer->sqlstate, "25006") == 0 || strcmp(answer->sqlstate, "26000") == 0 ||
	       (worked && strcmp(answer->sqlstate, "0A000") == 0);
}

enum status db_fail_answer(struct db *db, const struct answer *answer, const struct pending *pending)
{
	if (db->failed != OK)
		return db->failed;
	if (answer->kind != ANSWER_ERROR || answer->sqlstate[0] == '\0')
		return db_fail_lost(db, pending->text);
	db_explain(db, "%s %s: %s", answer->sqlstate, pending->text, answer->message);
	snprintf(db->sqlstate, sizeof db->sqlstate, "%s", answer->sqlstate);
	snprintf(db->constraint, sizeof db->constraint, "%s", answer->constraint);
	db->must_reconnect = needs_new_connection(answer, pending);
	db->failed = db->must_reconnect ? E_RETRY : sqlstate_status(answer->sqlstate);
	return db->failed;
}

/* ---- connecting ---- */

static enum status try_connect(struct db *db)
{
	char why[256];

	db->worked = false;
	db->link = db_link_open(&db->plan, why, sizeof why);
	connection_attempts_count("database", db->link != NULL);
	if (db->link != NULL)
		return OK;
	db_explain(db, "connecting: %s", why);
	backoff_failed(&db->backoff, monotonic_now());
	return E_UNAVAILABLE;
}

enum status db_ensure(struct db *db)
{
	if (db->failed != OK)
		db_recover(db);
	/* Between batches the server sends nothing, except that it closes the connection. */
	if (db->link != NULL && db->head == db->tail && db_link_hung_up(db->link))
		db_drop(db);
	if (db->link != NULL)
		return OK;
	return backoff_is_due(&db->backoff, monotonic_now()) ? try_connect(db) : E_UNAVAILABLE;
}
