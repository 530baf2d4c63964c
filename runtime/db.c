/* The pipeline: what was sent, in which order it is answered, and what a failure means.
 *
 * What was sent and not yet answered stands in a queue, in the order in which the server answers. A statement's first
 * use on a connection puts its Prepare into the pipeline before it; the Prepare's answer is taken unseen. */
#include "db_private.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "db_link.h"

#define PAUSE_LEAST_US (50 * MS_US)
#define PAUSE_MOST_US  (2 * SECOND_US)

/* Something that the server will answer. */
struct pending {
	enum { PREPARE, STATEMENT, TEXT, COMMIT, PAUSE, SYNC } kind;
	struct statement *statement; /* PREPARE, STATEMENT */
	const char *text;            /* for db_detail */
};

struct db {
	struct db_link *link; /* NULL: not connected */
	void *result;
	struct pending *queue;
	size_t head, tail, room;
	bool batch_open;     /* something was sent since the last Sync */
	bool begun;          /* an explicit transaction is open */
	enum status failed;  /* until db_recover */
	bool distrusted;     /* db_recover drops the connection */
	int64_t pause_us;    /* before the next try to connect; 0: the connection has worked */
	int64_t next_try_us; /* steady */
	uint32_t jitter;
	struct db_link_plan plan;
	char *url, *application;
	char detail[512], sqlstate[8], constraint[64];
	struct statements statements;
	struct args args;
};

struct db *db_new(const struct db_config *config)
{
	struct db *db = mem_new(1, sizeof *db);
	struct buffer application;

	buffer_init(&application);
	buffer_format(&application, "%s/%s", config->program, config->lane);
	db->application = mem_text(application.bytes);
	buffer_done(&application);
	db->url = mem_text(config->url);
	db->plan = (struct db_link_plan){db->url, db->application, config->wait_us, config->relaxed};
	db->jitter = (uint32_t)moment_steady() ^ (uint32_t)(uintptr_t)db;
	db_explain(db, "not connected");
	return db;
}

static void drop(struct db *db)
{
	if (db->link == NULL)
		return;
	db_link_close(db->link);
	db->link = NULL;
	db->head = db->tail = 0;
	db->batch_open = db->begun = db->distrusted = false;
	statements_forget(&db->statements);
	/* A connection that has worked may be made again at once. */
	db->next_try_us = moment_steady() + db->pause_us;
}

static void clear_result(struct db *db)
{
	db_answer_clear(db->result);
	db->result = NULL;
}

void db_free(struct db *db)
{
	if (db == NULL)
		return;
	drop(db);
	clear_result(db);
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
static enum status fail_lost(struct db *db, const char *what)
{
	if (db->failed == OK) {
		db_explain(db, "%s: %s", what, db_link_error(db->link));
		db->failed = E_REDO;
	}
	drop(db);
	return db->failed;
}

static enum status fail_wait(struct db *db, enum db_wait wait, const char *what)
{
	if (wait == WAIT_DONE)
		return OK;
	if (wait == WAIT_LOST)
		return fail_lost(db, what);
	if (db->failed == OK) {
		db_explain(db, "%s: no answer in time", what);
		db->failed = E_REDO;
	}
	drop(db);
	return db->failed;
}

/* Failures that a new connection mends: the server ends this one, has become a standby, has lost the statements, or a
 * migration has changed a column beneath a plan that worked before. */
static bool is_mended_by_new_connection(const struct answer *answer, const struct pending *pending)
{
	bool worked = pending->statement != NULL && pending->statement->state == PROVEN;

	return answer->fatal || strcmp(answer->sqlstate, "25006") == 0 || strcmp(answer->sqlstate, "26000") == 0 ||
	       (worked && strcmp(answer->sqlstate, "0A000") == 0);
}

static enum status fail_answer(struct db *db, const struct answer *answer, const struct pending *pending)
{
	if (db->failed != OK)
		return db->failed;
	if (answer->kind != ANSWER_ERROR || answer->sqlstate[0] == '\0')
		return fail_lost(db, pending->text);
	db_explain(db, "%s %s: %s", answer->sqlstate, pending->text, answer->message);
	snprintf(db->sqlstate, sizeof db->sqlstate, "%s", answer->sqlstate);
	snprintf(db->constraint, sizeof db->constraint, "%s", answer->constraint);
	db->distrusted = is_mended_by_new_connection(answer, pending);
	db->failed = db->distrusted ? E_REDO : sqlstate_status(answer->sqlstate);
	return db->failed;
}

/* ---- connecting ---- */

static int64_t grow_pause(struct db *db)
{
	int64_t pause_us = db->pause_us == 0 ? PAUSE_LEAST_US : db->pause_us * 2;

	db->jitter = db->jitter * 1664525u + 1013904223u; /* Numerical Recipes' generator: only to spread the tries */
	pause_us = pause_us * (768 + (int64_t)(db->jitter >> 23)) / 1024;
	return pause_us < PAUSE_LEAST_US ? PAUSE_LEAST_US : pause_us > PAUSE_MOST_US ? PAUSE_MOST_US : pause_us;
}

static enum status try_connect(struct db *db)
{
	char why[256];

	db->pause_us = grow_pause(db);
	db->link = db_link_open(&db->plan, why, sizeof why);
	if (db->link != NULL)
		return OK;
	db_explain(db, "connecting: %s", why);
	db->next_try_us = moment_steady() + db->pause_us;
	return E_UNAVAILABLE;
}

enum status db_ensure(struct db *db)
{
	if (db->failed != OK)
		db_recover(db);
	/* Between turns the server has nothing to say, except that it goes. */
	if (db->link != NULL && db->head == db->tail && db_link_hung_up(db->link))
		drop(db);
	if (db->link != NULL)
		return OK;
	return moment_steady() < db->next_try_us ? E_UNAVAILABLE : try_connect(db);
}

/* ---- sending ---- */

static int64_t wait_end(const struct db *db)
{
	return moment_steady() + db->plan.wait_us;
}

static void enqueue(struct db *db, struct pending pending)
{
	if (db->head == db->tail)
		db->head = db->tail = 0;
	if (db->tail == db->room) {
		db->room = db->room == 0 ? 32 : db->room * 2;
		db->queue = mem_grow(db->queue, db->room * sizeof *db->queue);
	}
	db->queue[db->tail++] = pending;
	db->batch_open = pending.kind != SYNC && pending.kind != PAUSE;
}

/* What a send needs: a connection, and no failure before it. */
static bool may_send(struct db *db)
{
	if (db->failed == OK && db->link == NULL)
		db->failed = E_UNAVAILABLE;
	return db->failed == OK;
}

static bool send_prepare(struct db *db, struct statement *statement, const struct sql *sql)
{
	if (statement->state != UNPREPARED)
		return true;
	if (!db_link_prepare(db->link, sql, &db->args))
		return false;
	statement->state = PREPARING;
	enqueue(db, (struct pending){.kind = PREPARE, .statement = statement, .text = statement->name});
	return true;
}

void db_send(struct db *db, const struct sql *sql)
{
	args_finish(&db->args);
	if (may_send(db)) {
		struct statement *statement = statements_find(&db->statements, sql);
		if (send_prepare(db, statement, sql) && db_link_execute(db->link, sql, &db->args))
			enqueue(db, (struct pending){STATEMENT, statement, statement->name});
		else
			fail_lost(db, sql->name);
	}
	args_reset(&db->args);
}

static bool starts_with(const char *statement, const char *word)
{
	return strncasecmp(statement, word, strlen(word)) == 0;
}

void db_send_text(struct db *db, const char *statement)
{
	bool commit = starts_with(statement, "COMMIT");

	if (!may_send(db))
		return;
	if (!db_link_text(db->link, statement)) {
		fail_lost(db, statement);
		return;
	}
	enqueue(db, (struct pending){.kind = commit ? COMMIT : TEXT, .text = statement});
	if (starts_with(statement, "BEGIN"))
		db->begun = true;
	else if (commit || starts_with(statement, "ROLLBACK"))
		db->begun = false;
}

static enum status send_sync(struct db *db, struct pending pending)
{
	if (!db_link_ask_sync(db->link))
		return fail_lost(db, pending.text);
	enqueue(db, pending);
	return fail_wait(db, db_link_send(db->link, wait_end(db)), pending.text);
}

/* Within BEGIN and COMMIT a Sync ends nothing, and unlike a flush it lets the server count the session as idle in a
 * transaction: the time-out against stopped programs that hold locks runs only then. */
enum status db_flush(struct db *db)
{
	if (!may_send(db))
		return db->failed;
	if (db->begun)
		return send_sync(db, (struct pending){.kind = PAUSE, .text = "flush"});
	if (!db_link_ask_flush(db->link))
		return fail_lost(db, "flush");
	return fail_wait(db, db_link_send(db->link, wait_end(db)), "flush");
}

enum status db_sync(struct db *db)
{
	if (!may_send(db))
		return db->failed;
	return send_sync(db, (struct pending){.kind = SYNC, .text = "sync"});
}

/* ---- results ---- */

/* COMMIT of a transaction that has failed says ROLLBACK, without an error. */
static bool is_good(const struct answer *answer, const struct pending *pending)
{
	return answer->kind == ANSWER_GOOD && (pending->kind != COMMIT || strcmp(answer->tag, "COMMIT") == 0);
}

/* Remembers what the answer says about the prepared statement. */
static void learn(const struct pending *pending, bool good)
{
	if (pending->kind == PREPARE)
		pending->statement->state = good ? PREPARED : UNPREPARED;
	else if (pending->kind == STATEMENT && good)
		pending->statement->state = PROVEN;
}

/* Takes the answer to the first in the queue; a good one becomes the current result. */
static enum status take_answer(struct db *db)
{
	int64_t until_us = wait_end(db);
	struct pending pending = db->queue[db->head++];
	struct answer answer, end;

	enum status status = fail_wait(db, db_link_read(db->link, until_us, &answer), pending.text);
	if (status != OK)
		return status;
	bool good = is_good(&answer, &pending);
	if (good)
		db->result = answer.result;
	else
		status = fail_answer(db, &answer, &pending);
	learn(&pending, good);
	if (!good)
		db_answer_clear(answer.result);
	if (db->link == NULL)
		return status;

	enum status ended = fail_wait(db, db_link_read(db->link, until_us, &end), pending.text);
	if (ended == OK && end.kind != ANSWER_END) {
		db_answer_clear(end.result);
		ended = fail_lost(db, pending.text);
	}
	return status != OK ? status : ended;
}

/* A Sync's own answer; a commit that fails at the Sync (a deferred constraint) has its error before it. */
static enum status take_sync(struct db *db)
{
	int64_t until_us = wait_end(db);
	struct pending pending = db->queue[db->head++];
	struct answer answer = {.kind = ANSWER_END};

	while (answer.kind != ANSWER_SYNC) {
		enum status status = fail_wait(db, db_link_read(db->link, until_us, &answer), pending.text);
		if (status != OK)
			return status;
		if (answer.kind == ANSWER_ERROR)
			fail_answer(db, &answer, &pending);
		db_answer_clear(answer.result);
		if (db->link == NULL)
			return db->failed;
	}
	return db->failed;
}

/* Takes the answers that nobody asks for: of Prepares, and of the Syncs that db_flush has sent. */
static enum status take_unseen(struct db *db)
{
	enum status status = OK;

	while (status == OK && db->head < db->tail) {
		if (db->queue[db->head].kind == PAUSE)
			status = take_sync(db);
		else if (db->queue[db->head].kind == PREPARE)
			status = take_answer(db);
		else
			break;
	}
	return status;
}

enum status db_result(struct db *db, struct rows *ret_rows)
{
	clear_result(db);
	if (db->failed != OK)
		return db->failed;
	enum status status = take_unseen(db);
	clear_result(db);
	if (status != OK)
		return status;
	assert(db->head < db->tail && db->queue[db->head].kind != SYNC);
	status = take_answer(db);
	if (status == OK)
		*ret_rows = db_answer_rows(db->result);
	return status;
}

enum status db_synced(struct db *db)
{
	if (db->failed != OK)
		return db->failed;
	enum status status = take_unseen(db);
	if (status != OK)
		return status;
	assert(db->head < db->tail && db->queue[db->head].kind == SYNC);
	status = take_sync(db);
	if (status == OK)
		db->pause_us = 0;
	return status;
}

/* ---- after an error ---- */

static bool read_to_end(struct db *db)
{
	while (db->link != NULL && db->head < db->tail) {
		if (db->queue[db->head].kind == SYNC || db->queue[db->head].kind == PAUSE)
			take_sync(db);
		else
			take_answer(db);
		clear_result(db);
	}
	return db->link != NULL;
}

static bool sync_to_end(struct db *db)
{
	if (!db_link_ask_sync(db->link))
		return false;
	enqueue(db, (struct pending){.kind = SYNC, .text = "sync"});
	return read_to_end(db);
}

static bool roll_back(struct db *db)
{
	if (!db_link_in_transaction(db->link))
		return true;
	if (!db_link_text(db->link, "ROLLBACK"))
		return false;
	enqueue(db, (struct pending){.kind = TEXT, .text = "ROLLBACK"});
	return sync_to_end(db) && !db_link_in_transaction(db->link);
}

void db_recover(struct db *db)
{
	/* What follows is not news: db_detail keeps the cause. */
	if (db->failed == OK)
		db->failed = E_REDO;
	clear_result(db);
	if (db->link != NULL && !db->distrusted) {
		bool ended = db->batch_open ? sync_to_end(db) : read_to_end(db);
		if (!ended || !roll_back(db))
			drop(db);
	}
	if (db->distrusted)
		drop(db);
	args_reset(&db->args);
	db->begun = false;
	db->failed = OK;
}

/* ---- one statement, one script ---- */

static enum status run_alone(struct db *db, const struct sql *sql, struct rows *ret_rows)
{
	db_send(db, sql);
	enum status status = db_sync(db);
	if (status == OK)
		status = db_result(db, ret_rows);
	return status == OK ? db_synced(db) : status;
}

enum status db_run(struct db *db, const struct sql *sql, struct rows *ret_rows)
{
	struct rows rows = {0};

	assert(db->head == db->tail);
	enum status status = db_ensure(db);
	if (status != OK) {
		args_reset(&db->args);
		return status;
	}
	status = run_alone(db, sql, &rows);
	if (status == OK)
		*ret_rows = rows;
	else
		db_recover(db);
	return status;
}

/* The line of a script that an error points at. PostgreSQL counts characters, and UTF-8 continues with 10xxxxxx. */
static int error_line(const char *text, long position)
{
	int line = 1;

	for (; *text != '\0' && position > 1; text++) {
		position -= (text[1] & 0xc0) != 0x80;
		line += *text == '\n';
	}
	return line;
}

static enum status take_script(struct db *db, const char *text, int64_t until_us)
{
	enum status status = OK;

	for (;;) {
		struct answer answer;
		char where[32];

		enum status reading = fail_wait(db, db_link_read(db->link, until_us, &answer), "script");
		if (reading != OK || answer.kind == ANSWER_END)
			return reading != OK ? reading : status;
		if (answer.kind == ANSWER_ERROR) {
			snprintf(where, sizeof where, "line %d", error_line(text, answer.position));
			status = fail_answer(db, &answer, &(struct pending){.kind = TEXT, .text = where});
		}
		db_answer_clear(answer.result);
		if (db->link == NULL)
			return status;
	}
}

enum status db_script(struct db *db, const char *text, int64_t wait_us)
{
	assert(db->head == db->tail && !db->batch_open);
	if (!may_send(db))
		return db->failed;
	clear_result(db);
	if (!db_link_script(db->link, text))
		return fail_lost(db, "script");
	enum status status = take_script(db, text, moment_steady() + wait_us);
	if (db->link != NULL && !db_link_resume(db->link))
		return fail_lost(db, "script");
	return status;
}
