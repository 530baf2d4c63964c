/* The wire to PostgreSQL; the only file that knows libpq. (PostgreSQL's manual, chapter 34, sections 4 and 5.) */
#include <libpq-fe.h>

#include "postgres/link.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "telemetry/log.h"

#define CONNECT_WAIT_US (2 * SECOND_US)

struct db_link {
	PGconn *conn;
};

static const char *field(const PGresult *result, int code)
{
	const char *text = PQresultErrorField(result, code);

	return text == NULL ? "" : text;
}

static void log_notice(void *nobody, const PGresult *result)
{
	(void)nobody;
	log_debug("db.notice", kv_text("sqlstate", field(result, PG_DIAG_SQLSTATE)),
		  kv_text("detail", field(result, PG_DIAG_MESSAGE_PRIMARY)));
}

/* ---- waiting ---- */

/* Waits for `events` on the socket. Negative: an error; 0: the time is over. */
static int wait_socket(PGconn *conn, short events, int64_t until_us)
{
	struct pollfd socket = {.fd = PQsocket(conn), .events = events};
	int ready;

	do {
		int64_t left_us = until_us - monotonic_now();
		if (left_us <= 0)
			return 0;
		ready = poll(&socket, 1, (int)((left_us + MS_US - 1) / MS_US));
	} while (ready < 0 && errno == EINTR);
	return ready <= 0 ? ready : (socket.revents & POLLOUT) | ((socket.revents & ~POLLOUT) != 0 ? POLLIN : 0);
}

/* Sends what libpq holds and reads what has come: always both, or each side could wait for the other to read. */
static enum db_wait exchange(struct db_link *link, int unsent, int64_t until_us)
{
	if (unsent < 0)
		return WAIT_LOST;
	int ready = wait_socket(link->conn, (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN), until_us);
	if (ready == 0)
		return WAIT_LATE;
	if (ready < 0 || ((ready & POLLIN) != 0 && PQconsumeInput(link->conn) == 0))
		return WAIT_LOST;
	return WAIT_DONE;
}

enum db_wait db_link_send(struct db_link *link, int64_t until_us)
{
	for (;;) {
		int unsent = PQflush(link->conn);
		if (unsent == 0)
			return WAIT_DONE;
		enum db_wait wait = exchange(link, unsent, until_us);
		if (wait != WAIT_DONE)
			return wait;
	}
}

static struct answer read_error(PGresult *result)
{
	return (struct answer){.kind = ANSWER_ERROR,
			       .result = result,
			       .sqlstate = field(result, PG_DIAG_SQLSTATE),
			       .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
			       .constraint = field(result, PG_DIAG_CONSTRAINT_NAME),
			       .position = strtol(field(result, PG_DIAG_STATEMENT_POSITION), NULL, 10),
			       .fatal = strcmp(field(result, PG_DIAG_SEVERITY_NONLOCALIZED), "FATAL") == 0 ||
					strcmp(field(result, PG_DIAG_SEVERITY_NONLOCALIZED), "PANIC") == 0};
}

static struct answer read_answer(PGresult *result)
{
	if (result == NULL)
		return (struct answer){.kind = ANSWER_END};
	switch (PQresultStatus(result)) {
	case PGRES_PIPELINE_SYNC:
		return (struct answer){.kind = ANSWER_SYNC, .result = result};
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		return (struct answer){.kind = ANSWER_GOOD, .result = result, .tag = PQcmdStatus(result)};
	default:
		return read_error(result);
	}
}

enum db_wait db_link_read(struct db_link *link, int64_t until_us, struct answer *ret_answer)
{
	while (PQisBusy(link->conn)) {
		enum db_wait wait = exchange(link, PQflush(link->conn), until_us);
		if (wait != WAIT_DONE)
			return wait;
	}
	*ret_answer = read_answer(PQgetResult(link->conn));
	return WAIT_DONE;
}

void db_answer_clear(void *result)
{
	PQclear(result);
}

/* ---- connecting ---- */

/* How a session behaves. The limits are below the wait of the client, so that the server gives up first and gives its
 * reason.
 *
 * Statements go by key and come in batches: nested loops over indexes, planned once. A plan that was made while a table
 * was empty scans the whole table, also when the table has grown. Without these planner settings, 50 rows out of
 * 100,000 took 46 ms instead of 0.7. JIT costs more than such statements take.
 *
 * A statement sees what was committed before it began (READ COMMITTED). The inbox, the stores and the promotion of
 * deadlines rely on it. */
static void session_options(int64_t wait_us, char *ret_text, size_t size)
{
	long long wait_ms = wait_us / MS_US;

	snprintf(ret_text, size,
		 "-c statement_timeout=%lld -c lock_timeout=%lld -c idle_in_transaction_session_timeout=%lld"
		 " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off"
		 " -c enable_mergejoin=off -c jit=off -c default_transaction_isolation=read\\ committed",
		 wait_ms * 3 / 4, wait_ms / 2, wait_ms * 2);
}

static PGconn *start_connection(const struct db_link_plan *plan)
{
	char options[448], tcp_timeout[24];

	session_options(plan->wait_us, options, sizeof options);
	snprintf(tcp_timeout, sizeof tcp_timeout, "%lld", (long long)(plan->wait_us / MS_US));

	/* The URL comes first: what follows it wins. */
	const char *const names[] = {"dbname",           "application_name",    "client_encoding",
				     "options",          "tcp_user_timeout",    "keepalives_idle",
				     "keepalives_count", "keepalives_interval", NULL};
	const char *const values[] = {plan->url, plan->application, "UTF8", options, tcp_timeout, "10", "3", "5", NULL};
	return PQconnectStartParams(names, values, 1);
}

/* NULL: connected. */
static const char *finish_connection(PGconn *conn, int64_t until_us)
{
	PostgresPollingStatusType step = PGRES_POLLING_WRITING;

	if (PQstatus(conn) == CONNECTION_BAD)
		return PQerrorMessage(conn);
	PQsetNoticeReceiver(conn, log_notice, NULL);
	while (step != PGRES_POLLING_OK) {
		if (wait_socket(conn, step == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_us) <= 0)
			return "no answer in time";
		step = PQconnectPoll(conn);
		if (step == PGRES_POLLING_FAILED)
			return PQerrorMessage(conn);
	}
	if (PQsetnonblocking(conn, 1) != 0 || PQenterPipelineMode(conn) == 0)
		return PQerrorMessage(conn);
	return NULL;
}

const char *db_link_role(const char *url, struct arena *arena)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	const char *role = "";

	for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
		if (strcmp(option->keyword, "user") == 0 && option->val != NULL)
			role = arena_text(arena, option->val);
	PQconninfoFree(options);
	return role;
}

struct db_link *db_link_open(const struct db_link_plan *plan, char *ret_why, size_t why_size)
{
	int64_t wait_us = plan->wait_us < CONNECT_WAIT_US ? plan->wait_us : CONNECT_WAIT_US;
	int64_t until_us = monotonic_now() + wait_us;
	PGconn *conn = start_connection(plan);
	const char *why = finish_connection(conn, until_us);

	if (why != NULL) {
		snprintf(ret_why, why_size, "%s", why);
		PQfinish(conn);
		return NULL;
	}
	struct db_link *link = mem_new(1, sizeof *link);
	link->conn = conn;
	return link;
}

void db_link_close(struct db_link *link)
{
	if (link == NULL)
		return;
	PQfinish(link->conn);
	free(link);
}

bool db_link_hung_up(struct db_link *link)
{
	struct pollfd socket = {.fd = PQsocket(link->conn), .events = POLLIN};

	/* Its last words come before the end of the stream. */
	while (poll(&socket, 1, 0) > 0)
		if (PQconsumeInput(link->conn) == 0)
			return true;
	return PQstatus(link->conn) == CONNECTION_BAD;
}

bool db_link_in_transaction(const struct db_link *link)
{
	return PQtransactionStatus(link->conn) != PQTRANS_IDLE;
}

const char *db_link_error(const struct db_link *link)
{
	return PQerrorMessage(link->conn);
}

/* ---- queueing ---- */

bool db_link_prepare(struct db_link *link, const struct sql *sql, const struct args *args)
{
	return PQsendPrepare(link->conn, sql->name, sql->text, args->count, args->types) != 0;
}

bool db_link_execute(struct db_link *link, const struct sql *sql, const struct args *args)
{
	return PQsendQueryPrepared(link->conn, sql->name, args->count, args->values, args->lengths, args->formats, 1) !=
	       0;
}

bool db_link_text(struct db_link *link, const char *statement)
{
	return PQsendQueryParams(link->conn, statement, 0, NULL, NULL, NULL, NULL, 1) != 0;
}

bool db_link_ask_flush(struct db_link *link)
{
	return PQsendFlushRequest(link->conn) != 0;
}

bool db_link_ask_sync(struct db_link *link)
{
	return PQpipelineSync(link->conn) != 0;
}

bool db_link_script(struct db_link *link, const char *text)
{
	return PQexitPipelineMode(link->conn) != 0 && PQsendQuery(link->conn, text) != 0;
}

bool db_link_resume(struct db_link *link)
{
	return PQenterPipelineMode(link->conn) != 0;
}

/* ---- rows ---- */

struct rows db_answer_rows(void *result)
{
	return (struct rows){
		.result = result, .count = PQntuples(result), .touched = strtoll(PQcmdTuples(result), NULL, 10)};
}

struct cell db_cell(const struct rows *rows, int row, int column)
{
	const PGresult *result = rows->result;
	const char *name = PQfname(result, column);
	struct cell cell = {.type = PQftype(result, column), .column = name == NULL ? "(none)" : name};

	assert(row >= 0 && row < rows->count);
	if (PQgetisnull(result, row, column))
		return cell;
	cell.bytes = PQgetvalue(result, row, column);
	cell.size = (size_t)PQgetlength(result, row, column);
	return cell;
}
