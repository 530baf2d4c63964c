/* The pipeline: what was sent, in which order it is answered, and the way back after an error.
 *
 * What was sent and not yet answered stands in a queue, in the order in which the server answers. A statement's first
 * use on a connection puts its Prepare into the pipeline before it. The answer to the Prepare is taken without notice.
 */
#include "postgres/db_private.h"
#include "telemetry/metrics.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static struct metric statements_sent = {
	.name = "comanda_database_statements_total", .help = "Statements sent to the database", .type = COUNTER};

/* ---- sending ---- */

static int64_t wait_end(const struct db *db)
{
	return monotonic_now() + db->plan.wait_us;
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

void db_send(struct db *db, const struct sql *sql, rows_function *on_rows, void *context)
{
	args_finish(&db->args);
	metric_add(&statements_sent, NULL, 1);
	round_trip_add(db, sql->name);
	if (may_send(db)) {
		struct statement *statement = statements_find(&db->statements, sql);
		if (send_prepare(db, statement, sql) && db_link_execute(db->link, sql, &db->args)) {
			enqueue(db, (struct pending){.kind = STATEMENT,
						     .statement = statement,
						     .text = statement->name,
						     .on_rows = on_rows,
						     .context = context});
			db->unanswered++;
		} else {
			db_fail_lost(db, sql->name);
		}
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
		db_fail_lost(db, statement);
		return;
	}
	enqueue(db, (struct pending){.kind = commit ? COMMIT : TEXT, .text = statement});
	db->unanswered++;
	round_trip_add(db, statement);
	if (starts_with(statement, "BEGIN"))
		db->begun = true;
	else if (commit || starts_with(statement, "ROLLBACK"))
		db->begun = false;
}

static enum status send_sync(struct db *db, struct pending pending)
{
	if (!db_link_ask_sync(db->link))
		return db_fail_lost(db, pending.text);
	enqueue(db, pending);
	round_trip_sent(db);
	return db_fail_wait(db, db_link_send(db->link, wait_end(db)), pending.text);
}

/* ---- results ---- */

/* COMMIT of a transaction that has failed says ROLLBACK, without an error. */
static bool is_good(const struct answer *answer, const struct pending *pending)
{
	return answer->kind == ANSWER_GOOD && (pending->kind != COMMIT || strcmp(answer->tag, "COMMIT") == 0);
}

/* Records what the answer means for the prepared statement. */
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

	enum status status = db_fail_wait(db, db_link_read(db->link, until_us, &answer), pending.text);
	if (status != OK)
		return status;
	round_trip_answered(db);
	bool good = is_good(&answer, &pending);
	if (good)
		db->result = answer.result;
	else
		status = db_fail_answer(db, &answer, &pending);
	learn(&pending, good);
	if (!good)
		db_answer_clear(answer.result);
	if (db->link == NULL)
		return status;

	enum status ended = db_fail_wait(db, db_link_read(db->link, until_us, &end), pending.text);
	if (ended == OK && end.kind != ANSWER_END) {
		db_answer_clear(end.result);
		ended = db_fail_lost(db, pending.text);
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
		enum status status = db_fail_wait(db, db_link_read(db->link, until_us, &answer), pending.text);
		if (status != OK)
			return status;
		if (answer.kind == ANSWER_ERROR)
			db_fail_answer(db, &answer, &pending);
		db_answer_clear(answer.result);
		if (db->link == NULL)
			return db->failed;
	}
	return db->failed;
}

/* Takes the answers that have no rows function: of Prepares, and of the Syncs that db_flush has sent. */
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

/* Takes the result of the next statement and hands its rows over. */
static enum status take_result(struct db *db)
{
	db_clear_result(db);
	enum status status = take_unseen(db);
	db_clear_result(db);
	if (status != OK)
		return status;
	assert(db->head < db->tail && db->queue[db->head].kind != SYNC);
	const struct pending next = db->queue[db->head];
	db->unanswered--;
	status = take_answer(db);
	if (status != OK || next.on_rows == NULL)
		return status;
	const struct rows rows = db_answer_rows(db->result);
	db->failed = next.on_rows(next.context, &rows);
	return db->failed;
}

static enum status take_results(struct db *db)
{
	enum status status = db->failed;

	while (status == OK && db->unanswered > 0)
		status = take_result(db);
	return status;
}

/* Within BEGIN and COMMIT a Sync ends nothing. Unlike a flush, it lets the server count the session as idle in a
 * transaction. The time-out against stopped programs that hold locks runs only then. */
static enum status send_flush(struct db *db)
{
	if (db->begun)
		return send_sync(db, (struct pending){.kind = PAUSE, .text = "flush"});
	if (!db_link_ask_flush(db->link))
		return db_fail_lost(db, "flush");
	round_trip_sent(db);
	return db_fail_wait(db, db_link_send(db->link, wait_end(db)), "flush");
}

enum status db_flush(struct db *db)
{
	if (!may_send(db))
		return db->failed;
	const enum status status = send_flush(db);
	return status == OK ? take_results(db) : status;
}

/* Takes the answer of the Sync that ended the batch. */
static enum status take_last_sync(struct db *db)
{
	enum status status = take_unseen(db);

	if (status != OK)
		return status;
	assert(db->head < db->tail && db->queue[db->head].kind == SYNC);
	status = take_sync(db);
	if (status == OK)
		db->worked = true;
	round_trip_end(db, NULL);
	return status;
}

enum status db_sync(struct db *db)
{
	if (!may_send(db))
		return db->failed;
	enum status status = send_sync(db, (struct pending){.kind = SYNC, .text = "sync"});
	if (status == OK)
		status = take_results(db);
	return status == OK ? take_last_sync(db) : status;
}

/* ---- after an error ---- */

static bool read_to_end(struct db *db)
{
	while (db->link != NULL && db->head < db->tail) {
		if (db->queue[db->head].kind == SYNC || db->queue[db->head].kind == PAUSE)
			take_sync(db);
		else
			take_answer(db);
		db_clear_result(db);
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
		db->failed = E_RETRY;
	round_trip_end(db, status_rule(db->failed)->code);
	db_clear_result(db);
	if (db->link != NULL && !db->must_reconnect) {
		bool ended = db->batch_open ? sync_to_end(db) : read_to_end(db);
		if (!ended || !roll_back(db))
			db_drop(db);
	}
	if (db->must_reconnect)
		db_drop(db);
	args_reset(&db->args);
	db->begun = false;
	db->unanswered = 0;
	db->failed = OK;
}

/* ---- one statement, one script ---- */

enum status db_run(struct db *db, const struct sql *sql, struct rows *ret_rows)
{
	assert(db->head == db->tail);
	enum status status = db_ensure(db);
	if (status != OK) {
		args_reset(&db->args);
		return status;
	}
	db_send(db, sql, NULL, NULL);
	status = db_sync(db);
	if (status == OK)
		*ret_rows = db_answer_rows(db->result);
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

		enum status reading = db_fail_wait(db, db_link_read(db->link, until_us, &answer), "script");
		if (reading != OK || answer.kind == ANSWER_END)
			return reading != OK ? reading : status;
		if (answer.kind == ANSWER_ERROR) {
			snprintf(where, sizeof where, "line %d", error_line(text, answer.position));
			status = db_fail_answer(db, &answer, &(struct pending){.kind = TEXT, .text = where});
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
	db_clear_result(db);
	if (!db_link_script(db->link, text))
		return db_fail_lost(db, "script");
	enum status status = take_script(db, text, monotonic_now() + wait_us);
	if (db->link != NULL && !db_link_resume(db->link))
		return db_fail_lost(db, "script");
	return status;
}
