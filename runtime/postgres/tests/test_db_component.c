/* The database adapter against a real PostgreSQL, named by COMANDA_TEST_DATABASE_URL (a database of its own). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "postgres/db.h"

enum { SKIPPED = 77 };
#define WAIT_US (2 * SECOND_US)

static const char *url;

static struct db *connect_to(const char *where, int64_t wait_us)
{
	return db_new(&(struct db_config){
		.url = where, .program = "db-component", .wait_us = wait_us, .connection_name = "test"});
}

static int open_db(void **state)
{
	struct db *db = connect_to(url, WAIT_US);

	*state = db;
	return db_ensure(db) == OK ? 0 : -1;
}

static int close_db(void **state)
{
	db_free(*state);
	return 0;
}

static void must_run(struct db *db, const char *name, const char *text)
{
	struct rows rows;

	if (db_run(db, &(struct sql){name, text}, &rows) != OK)
		fail_msg("%s: %s", text, db_detail(db));
}

static int64_t ask_int(struct db *db, const struct sql *sql)
{
	struct rows rows;

	if (db_run(db, sql, &rows) != OK)
		fail_msg("%s: %s", sql->text, db_detail(db));
	assert_int_equal(rows.count, 1);
	return row_int(&rows, 0, 0);
}

/* ---- values ---- */

static void brings_every_type_there_and_back(void **state)
{
	static const struct sql echo = {
		"echo",
		"SELECT $1::uuid, $2::bigint, $3::boolean, $4::text, $5::bytea, $6::timestamptz, $2::int4, $2::int2,"
		" $4::jsonb, $4::json"};
	struct db *db = *state;
	struct uuid id = uuid_new(timestamp_now());
	int64_t at_us = 1769862896123456;
	struct rows rows;
	struct arena arena;

	arg_uuid(db_args(db), &id);
	arg_int(db_args(db), -12345);
	arg_bool(db_args(db), true);
	arg_text(db_args(db), "{\"a\": \"\xc3\xa9\"}");
	arg_bytes(db_args(db), "\0\1\2", 3);
	arg_timestamp(db_args(db), at_us);
	assert_int_equal(db_run(db, &echo, &rows), OK);

	struct uuid back = row_uuid(&rows, 0, 0);
	assert_true(uuid_equal(&back, &id));
	assert_int_equal(row_int(&rows, 0, 1), -12345);
	assert_true(row_bool(&rows, 0, 2));
	arena_init(&arena);
	assert_string_equal(row_text(&rows, 0, 3, &arena), "{\"a\": \"\xc3\xa9\"}");
	assert_int_equal(row_bytes(&rows, 0, 4).size, 3);
	assert_memory_equal(row_bytes(&rows, 0, 4).bytes, "\0\1\2", 3);
	assert_int_equal(row_timestamp(&rows, 0, 5), at_us);
	assert_int_equal(row_int(&rows, 0, 6), -12345);
	assert_int_equal(row_int(&rows, 0, 7), -12345);
	assert_string_equal(row_text(&rows, 0, 8, &arena), "{\"a\": \"\xc3\xa9\"}");
	assert_string_equal(row_text(&rows, 0, 9, &arena), "{\"a\": \"\xc3\xa9\"}");
	arena_done(&arena);
}

static void brings_nulls_there_and_back(void **state)
{
	static const struct sql echo = {"echo_null",
					"SELECT $1::uuid, $2::bigint, $3::text, $4::bytea, $5::timestamptz"};
	struct db *db = *state;
	struct rows rows;
	struct arena arena;

	arg_uuid(db_args(db), NULL);
	arg_int(db_args(db), INT64_MIN);
	arg_text(db_args(db), NULL);
	arg_bytes(db_args(db), NULL, 0);
	arg_timestamp(db_args(db), INT64_MIN);
	assert_int_equal(db_run(db, &echo, &rows), OK);
	for (int column = 0; column < 5; column++)
		assert_true(row_null(&rows, 0, column));
	struct uuid id = row_uuid(&rows, 0, 0);
	assert_true(uuid_is_nil(&id));
	assert_true(row_int(&rows, 0, 1) == INT64_MIN);
	arena_init(&arena);
	assert_null(row_text(&rows, 0, 2, &arena));
	assert_null(row_bytes(&rows, 0, 3).bytes);
	assert_true(row_timestamp(&rows, 0, 4) == INT64_MIN);
	arena_done(&arena);
}

static void keeps_empty_text_apart_from_null(void **state)
{
	static const struct sql echo = {"echo_empty", "SELECT $1::text, $2::bytea, $3::text"};
	struct db *db = *state;
	struct rows rows;

	arg_text(db_args(db), "");
	arg_bytes(db_args(db), "", 0);
	arg_text(db_args(db), NULL);
	assert_int_equal(db_run(db, &echo, &rows), OK);
	assert_false(row_null(&rows, 0, 0));
	assert_false(row_null(&rows, 0, 1));
	assert_true(row_null(&rows, 0, 2));
}

static void unnests_columns_row_by_row_with_nulls(void **state)
{
	static const struct sql unnest = {
		"unnest_all",
		"SELECT a, b, c, d, e, f, $1 FROM unnest($2::uuid[], $3::bigint[], $4::boolean[], $5::text[],"
		" $6::bytea[], $7::timestamptz[]) WITH ORDINALITY AS t (a, b, c, d, e, f, n) ORDER BY n"};
	struct db *db = *state;
	struct args *args = db_args(db);
	struct uuid id = uuid_new(timestamp_now());
	struct rows rows;

	arg_int(args, 7);
	args_columns(args, 6);
	put_uuid(args, NULL), put_int(args, INT64_MIN), put_bool(args, false);
	put_text(args, NULL), put_bytes(args, NULL, 0), put_timestamp(args, INT64_MIN);
	put_uuid(args, &id), put_int(args, 42), put_bool(args, true);
	put_text(args, "text"), put_bytes(args, "b", 1), put_timestamp(args, 1);
	assert_int_equal(db_run(db, &unnest, &rows), OK);
	assert_int_equal(rows.count, 2);
	for (int column = 0; column < 6; column++) {
		assert_int_equal(row_null(&rows, 0, column), column != 2);
		assert_false(row_null(&rows, 1, column));
	}
	assert_int_equal(row_int(&rows, 1, 1), 42);
	assert_true(row_bool(&rows, 1, 2));
	assert_int_equal(row_bytes(&rows, 1, 3).size, 4);
	assert_int_equal(row_timestamp(&rows, 1, 5), 1);
	assert_int_equal(row_int(&rows, 1, 6), 7);
}

static void takes_a_group_without_rows_and_empty_arrays(void **state)
{
	static const struct sql count = {"count_empty",
					 "SELECT (SELECT count(*) FROM unnest($1::uuid[], $2::bigint[])) +"
					 " cardinality($3::uuid[]) + cardinality($4::text[])"};
	struct db *db = *state;
	struct uuid id = uuid_new(timestamp_now());
	const char *texts[] = {"one", NULL};

	args_columns(db_args(db), 2);
	arg_uuids(db_args(db), NULL, 0);
	arg_texts(db_args(db), NULL, 0);
	assert_int_equal(ask_int(db, &count), 0);

	/* The same prepared statement, now with rows. */
	args_columns(db_args(db), 2);
	put_uuid(db_args(db), &id), put_int(db_args(db), 1);
	arg_uuids(db_args(db), &id, 1);
	arg_texts(db_args(db), texts, 2);
	assert_int_equal(ask_int(db, &count), 4);
}

/* ---- pipelines ---- */

static const struct sql one = {"one", "SELECT 1::bigint"};
static const struct sql two = {"two", "SELECT 2::bigint"};
static const struct sql divide = {"divide", "SELECT 1 / $1::bigint"};
static const struct sql broken = {"broken", "SELECT nothing FROM nowhere"};

/* Rows functions. */
static enum status take_int(void *context, const struct rows *rows)
{
	int64_t *number = context;

	assert_int_equal(rows->count, 1);
	*number = row_int(rows, 0, 0);
	return OK;
}

static enum status take_touched(void *context, const struct rows *rows)
{
	int64_t *touched = context;

	*touched = rows->touched;
	return OK;
}

static void answers_in_the_middle_of_a_transaction(void **state)
{
	static const struct sql insert = {"insert_item", "INSERT INTO db_item (id) VALUES ($1)"};
	static const struct sql count = {"count_items", "SELECT count(*) FROM db_item"};
	struct db *db = *state;
	int64_t touched = 0, number = 0;

	must_run(db, "make_item", "CREATE TEMP TABLE db_item (id bigint PRIMARY KEY)");
	db_send_text(db, "BEGIN");
	arg_int(db_args(db), 1);
	db_send(db, &insert, take_touched, &touched);
	assert_int_equal(db_flush(db), OK);
	assert_int_equal(touched, 1);

	db_send(db, &count, take_int, &number);
	db_send_text(db, "COMMIT");
	assert_int_equal(db_sync(db), OK);
	assert_int_equal(number, 1);
}

static void hands_rows_over_in_the_order_of_the_statements(void **state)
{
	struct db *db = *state;
	int64_t number = 0, same = 0;

	db_send(db, &one, take_int, &number);
	db_send(db, &two, take_int, &same);
	db_send(db, &two, take_int, &number);
	db_send(db, &one, NULL, NULL);
	assert_int_equal(number, 0);
	assert_int_equal(db_sync(db), OK);
	assert_int_equal(same, 2);
	assert_int_equal(number, 2);
}

static enum status refuse_rows(void *context, const struct rows *rows)
{
	(void)context, (void)rows;
	return E_RETRY;
}

static void a_rows_function_can_end_the_batch(void **state)
{
	static const struct sql insert = {"insert_refused", "INSERT INTO db_refused VALUES (1)"};
	static const struct sql count = {"count_refused", "SELECT count(*) FROM db_refused"};
	struct db *db = *state;
	int64_t number = 0;

	must_run(db, "make_refused", "CREATE TEMP TABLE db_refused (id bigint)");
	db_send_text(db, "BEGIN");
	db_send(db, &insert, refuse_rows, NULL);
	db_send(db, &two, take_int, &number);
	assert_int_equal(db_flush(db), E_RETRY);
	assert_int_equal(number, 0);
	db_send_text(db, "COMMIT");
	assert_int_equal(db_sync(db), E_RETRY);
	db_recover(db);
	assert_true(db_connected(db));
	assert_int_equal(ask_int(db, &count), 0);
}

static void fails_the_rest_of_the_batch_until_recovered(void **state)
{
	struct db *db = *state;
	int64_t number = 0;

	arg_int(db_args(db), 0);
	db_send(db, &divide, take_int, &number);
	db_send(db, &two, take_int, &number); /* its Prepare is skipped by the server, and must be sent again later */
	assert_int_equal(db_sync(db), E_INVALID);
	assert_string_equal(db_sqlstate(db), "22012");
	assert_int_equal(number, 0);
	assert_int_equal(db_flush(db), E_INVALID);
	assert_int_equal(db_sync(db), E_INVALID);
	db_recover(db);
	assert_true(db_connected(db));
	assert_non_null(strstr(db_detail(db), "22012 divide: division by zero"));
	assert_int_equal(ask_int(db, &two), 2);
	assert_int_equal(ask_int(db, &one), 1);
}

static void rolls_back_an_abandoned_transaction(void **state)
{
	static const struct sql count = {"count_left", "SELECT count(*) FROM db_left"};
	struct db *db = *state;

	must_run(db, "make_left", "CREATE TEMP TABLE db_left (id bigint)");
	db_send_text(db, "BEGIN");
	db_send(db, &(struct sql){"insert_left", "INSERT INTO db_left VALUES (1)"}, NULL, NULL);
	assert_int_equal(db_flush(db), OK);
	db_recover(db);
	assert_true(db_connected(db));
	assert_int_equal(ask_int(db, &count), 0);

	/* With an error, and with a Sync that was sent before the error is known. */
	for (int synced = 0; synced < 2; synced++) {
		int64_t touched = 0;

		db_send_text(db, "BEGIN");
		db_send(db, &(struct sql){"insert_left", "INSERT INTO db_left VALUES (1)"}, take_touched, &touched);
		db_send(db, &broken, NULL, NULL);
		assert_int_equal(synced ? db_sync(db) : db_flush(db), E_INTERNAL);
		assert_int_equal(touched, 1);
		db_recover(db);
		assert_true(db_connected(db));
		assert_int_equal(ask_int(db, &count), 0);
	}
}

static void says_what_a_failure_means(void **state)
{
	struct db *db = *state;
	struct rows rows;

	must_run(db, "make_unique",
		 "CREATE TEMP TABLE db_unique (id bigint CONSTRAINT db_unique_id UNIQUE, n int CHECK (n > 0))");
	static const struct sql insert = {"insert_unique", "INSERT INTO db_unique VALUES (1, $1)"};
	arg_int(db_args(db), 1);
	assert_int_equal(db_run(db, &insert, &rows), OK);
	arg_int(db_args(db), 1);
	assert_int_equal(db_run(db, &insert, &rows), E_RETRY);
	assert_string_equal(db_sqlstate(db), "23505");
	assert_string_equal(db_constraint(db), "db_unique_id");
	arg_int(db_args(db), 0);
	assert_int_equal(db_run(db, &insert, &rows), E_INVALID);
	arg_int(db_args(db), 1LL << 40);
	assert_int_equal(db_run(db, &insert, &rows), E_INVALID);
	assert_string_equal(db_sqlstate(db), "22003");
	assert_int_equal(db_run(db, &broken, &rows), E_INTERNAL);
	assert_string_equal(db_sqlstate(db), "42P01");
}

static void reports_a_constraint_that_fails_at_commit(void **state)
{
	struct db *db = *state;
	struct rows rows;

	must_run(db, "make_parent", "CREATE TEMP TABLE db_parent (id bigint PRIMARY KEY)");
	must_run(db, "make_child",
		 "CREATE TEMP TABLE db_child (id bigint REFERENCES db_parent DEFERRABLE INITIALLY DEFERRED)");
	static const struct sql orphan = {"insert_orphan", "INSERT INTO db_child VALUES (1)"};
	assert_int_equal(db_run(db, &orphan, &rows), E_INVALID);
	assert_string_equal(db_sqlstate(db), "23503");

	db_send_text(db, "BEGIN");
	int64_t touched = 0;
	db_send(db, &orphan, take_touched, &touched);
	db_send_text(db, "COMMIT");
	assert_int_equal(db_sync(db), E_INVALID);
	assert_int_equal(touched, 1);
	db_recover(db);
	assert_int_equal(ask_int(db, &one), 1);
}

static void prepares_anew_when_a_column_changes_beneath_a_plan(void **state)
{
	static const struct sql read = {"read_schema", "SELECT n FROM db_schema"};
	struct db *db = *state;
	struct rows rows;

	must_run(db, "drop_schema", "DROP TABLE IF EXISTS db_schema");
	must_run(db, "make_schema", "CREATE TABLE db_schema AS SELECT 5::int AS n");
	assert_int_equal(ask_int(db, &read), 5);
	must_run(db, "alter_schema", "ALTER TABLE db_schema ALTER n TYPE bigint");
	assert_int_equal(db_run(db, &read, &rows), E_RETRY);
	assert_int_equal(ask_int(db, &read), 5);
	must_run(db, "drop_schema", "DROP TABLE IF EXISTS db_schema");
}

/* A table that was analysed while it was empty makes plans that scan all of it, and keeps them. */
static void plans_go_by_key_whatever_the_statistics_say(void **state)
{
	static const struct sql load = {"plan_load", "SELECT id FROM db_plan WHERE id = ANY ($1)"};
	static const struct sql update = {
		"plan_update", "UPDATE db_plan SET n = s.n FROM unnest($1::uuid[], $2::bigint[]) AS s (id, n)"
			       " WHERE db_plan.id = s.id"};
	static const struct sql explain[] = {
		{"explain_load", "EXPLAIN EXECUTE plan_load(ARRAY[gen_random_uuid()])"},
		{"explain_update", "EXPLAIN EXECUTE plan_update(ARRAY[gen_random_uuid()], ARRAY[1])"}};
	struct db *db = *state;
	struct uuid id = uuid_new(timestamp_now());
	struct arena arena;
	struct rows rows;

	arena_init(&arena);
	must_run(db, "make_plan", "CREATE TEMP TABLE db_plan (id uuid PRIMARY KEY, n bigint)");
	must_run(db, "analyze_plan", "ANALYZE db_plan");
	for (int i = 0; i < 8; i++) {
		arg_uuids(db_args(db), &id, 1);
		assert_int_equal(db_run(db, &load, &rows), OK);
		args_columns(db_args(db), 2);
		put_uuid(db_args(db), &id), put_int(db_args(db), i);
		assert_int_equal(db_run(db, &update, &rows), OK);
	}
	must_run(db, "fill_plan",
		 "INSERT INTO db_plan SELECT gen_random_uuid(), n FROM generate_series(1, 20000) AS n");
	for (int i = 0; i < 2; i++) {
		bool by_index = false;
		assert_int_equal(db_run(db, &explain[i], &rows), OK);
		for (int row = 0; row < rows.count; row++) {
			const char *line = row_text(&rows, row, 0, &arena);
			by_index = by_index || strstr(line, "using db_plan_pkey") != NULL;
			assert_null(strstr(line, "Seq Scan"));
		}
		assert_true(by_index);
	}
	arena_done(&arena);
}

enum { ECHO_STATEMENTS = 600, ECHO_BYTES = 40000 };

static enum status count_echo(void *context, const struct rows *rows)
{
	int *count = context;

	assert_int_equal(row_bytes(rows, 0, 0).size, ECHO_BYTES);
	++*count;
	return OK;
}

/* Neither side may wait for the other to read first. */
static void moves_many_megabytes_both_ways_in_one_batch(void **state)
{
	static const struct sql echo = {"echo_bytes", "SELECT $1::bytea"};
	struct db *db = *state;
	char *bytes = mem_new(1, ECHO_BYTES);
	int count = 0;

	for (int i = 0; i < ECHO_STATEMENTS; i++) {
		arg_bytes(db_args(db), bytes, ECHO_BYTES);
		db_send(db, &echo, count_echo, &count);
	}
	assert_int_equal(db_sync(db), OK);
	assert_int_equal(count, ECHO_STATEMENTS);
	free(bytes);
}

/* ---- lost and frozen servers ---- */

static int64_t backend_pid(struct db *db)
{
	return ask_int(db, &(struct sql){"backend_pid", "SELECT pg_backend_pid()"});
}

static void terminate(int64_t pid)
{
	static const struct sql kill_one = {"terminate", "SELECT pg_terminate_backend($1::int, 5000)"};
	struct db *other = connect_to(url, 10 * SECOND_US);
	struct rows rows;

	arg_int(db_args(other), pid);
	assert_int_equal(db_run(other, &kill_one, &rows), OK);
	assert_true(row_bool(&rows, 0, 0));
	db_free(other);
}

static void redoes_when_the_connection_is_lost_in_a_transaction(void **state)
{
	struct db *db = *state;

	int64_t pid = backend_pid(db);
	db_send_text(db, "BEGIN");
	assert_int_equal(db_flush(db), OK);
	terminate(pid);
	db_send(db, &one, NULL, NULL);
	db_send_text(db, "COMMIT");
	assert_int_equal(db_sync(db), E_RETRY);
	assert_int_equal(db_sync(db), E_RETRY);
	db_recover(db);
	assert_false(db_connected(db));
	assert_int_equal(db_ensure(db), OK);
	assert_int_equal(ask_int(db, &one), 1);
}

static void connects_again_unseen_when_the_connection_is_lost_while_idle(void **state)
{
	struct db *db = *state;

	assert_int_equal(ask_int(db, &one), 1);
	terminate(backend_pid(db));
	assert_int_equal(ask_int(db, &one), 1);
}

static void sending_without_a_connection_is_unavailable(void **state)
{
	struct db *db = connect_to(url, WAIT_US);

	(void)state;
	db_send(db, &one, NULL, NULL);
	assert_int_equal(db_sync(db), E_UNAVAILABLE);
	assert_int_equal(db_flush(db), E_UNAVAILABLE);
	db_recover(db);
	assert_int_equal(ask_int(db, &one), 1);
	db_free(db);
}

static void a_lock_that_is_not_given_ends_the_wait(void **state)
{
	static const struct sql take = {"take_lock", "SELECT pg_advisory_xact_lock(991)::text"};
	struct db *holder = *state, *waiter = connect_to(url, 400 * MS_US);
	struct rows rows;

	db_send_text(holder, "BEGIN");
	db_send(holder, &take, NULL, NULL);
	assert_int_equal(db_flush(holder), OK);
	assert_int_equal(db_ensure(waiter), OK);
	int64_t start_us = monotonic_now();
	assert_int_equal(db_run(waiter, &take, &rows), E_RETRY);
	assert_string_equal(db_sqlstate(waiter), "55P03");
	assert_true(monotonic_now() - start_us < 400 * MS_US);
	assert_true(db_connected(waiter));
	db_recover(holder);
	assert_int_equal(db_run(waiter, &take, &rows), OK);
	db_free(waiter);
}

static void a_slow_statement_is_ended_by_the_server(void **state)
{
	static const struct sql sleep_long = {"sleep_long", "SELECT pg_sleep(30)::text"};
	struct db *db = connect_to(url, 400 * MS_US);
	struct rows rows;

	(void)state;
	assert_int_equal(db_run(db, &sleep_long, &rows), E_RETRY);
	assert_string_equal(db_sqlstate(db), "57014");
	assert_true(db_connected(db));
	db_free(db);
}

static void a_frozen_server_holds_nobody_for_long(void **state)
{
	struct db *db = connect_to(url, 500 * MS_US);
	struct rows rows;

	(void)state;
	pid_t pid = (pid_t)backend_pid(db);
	if (kill(pid, SIGSTOP) != 0) {
		db_free(db);
		skip(); /* the server is another user's, or on another machine */
	}
	int64_t start_us = monotonic_now();
	enum status status = db_run(db, &one, &rows);
	int64_t took_us = monotonic_now() - start_us;
	bool connected = db_connected(db);
	enum status again = db_run(db, &one, &rows);
	kill(pid, SIGCONT);
	assert_int_equal(status, E_RETRY);
	assert_in_range(took_us, 450 * MS_US, 1500 * MS_US);
	assert_false(connected);
	assert_int_equal(again, OK); /* the others of the server's processes go on */
	db_free(db);
}

static int listen_somewhere(struct sockaddr_in *ret_where)
{
	socklen_t size = sizeof *ret_where;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret_where = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)ret_where, size), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret_where, &size), 0);
	return fd;
}

static void connecting_to_what_never_answers_is_bounded_and_paced(void **state)
{
	struct sockaddr_in where;
	int fd = listen_somewhere(&where);
	char text[80];

	(void)state;
	snprintf(text, sizeof text, "postgresql://nobody@127.0.0.1:%d/nowhere", ntohs(where.sin_port));
	struct db *db = connect_to(text, 200 * MS_US);
	int64_t start_us = monotonic_now();
	assert_int_equal(db_ensure(db), E_UNAVAILABLE);
	assert_in_range(monotonic_now() - start_us, 150 * MS_US, 600 * MS_US);
	assert_non_null(strstr(db_detail(db), "no answer in time"));
	start_us = monotonic_now();
	assert_int_equal(db_ensure(db), E_UNAVAILABLE); /* not due yet */
	assert_true(monotonic_now() - start_us < 20 * MS_US);
	db_free(db);
	close(fd);
}

static void a_port_where_nobody_listens_is_unavailable_at_once(void **state)
{
	struct sockaddr_in where;
	char text[80];

	(void)state;
	close(listen_somewhere(&where));
	snprintf(text, sizeof text, "postgresql://nobody@127.0.0.1:%d/nowhere", ntohs(where.sin_port));
	struct db *db = connect_to(text, WAIT_US);
	struct rows rows;
	assert_int_equal(db_run(db, &one, &rows), E_UNAVAILABLE);
	assert_non_null(strstr(db_detail(db), "refused"));
	db_free(db);
}

/* ---- migrations ---- */

/* Names of this run only: other tests share the table. */
static const char *unique_name(const char *stem)
{
	static char names[8][64];
	static int next;
	char *name = names[next++ % 8];

	snprintf(name, sizeof names[0], "9%03d_%s_%lld", next, stem, (long long)timestamp_now());
	return name;
}

static void applies_each_migration_once_and_in_order(void **state)
{
	struct db *db = *state;
	const struct migration migrations[] = {
		{unique_name("make"), "DROP TABLE IF EXISTS db_moved; CREATE TABLE db_moved (n bigint); -- a remark"},
		{unique_name("fill"), "INSERT INTO db_moved VALUES (1);\nINSERT INTO db_moved VALUES (2)"},
		{NULL, NULL},
	};
	static const struct sql count = {"count_moved", "SELECT count(*) FROM db_moved"};

	for (int i = 0; i < 2; i++)
		if (db_migrate(db, migrations) != OK)
			fail_msg("%s", db_detail(db));
	assert_int_equal(ask_int(db, &count), 2);
	/* A build that knows only the first leaves the second alone. */
	const struct migration older[] = {migrations[0], {NULL, NULL}};
	assert_int_equal(db_migrate(db, older), OK);
	assert_int_equal(ask_int(db, &count), 2);
	must_run(db, "drop_moved", "DROP TABLE db_moved");
}

static void refuses_a_migration_that_was_changed(void **state)
{
	struct db *db = *state;
	const char *name = unique_name("change");
	const struct migration before[] = {{name, "SELECT 1"}, {NULL, NULL}};
	const struct migration after[] = {{name, "SELECT 2"}, {NULL, NULL}};

	assert_int_equal(db_migrate(db, before), OK);
	assert_int_equal(db_migrate(db, after), E_CONFLICT);
	assert_non_null(strstr(db_detail(db), name));
	assert_non_null(strstr(db_detail(db), "changed after"));
	assert_int_equal(db_migrate(db, before), OK);
}

static void keeps_nothing_of_a_migration_that_fails(void **state)
{
	struct db *db = *state;
	const char *name = unique_name("fail");
	const struct migration bad[] = {{name, "CREATE TABLE db_half (n bigint);\n\nSELEC 1;"}, {NULL, NULL}};
	const struct migration good[] = {{name, "SELECT 1"}, {NULL, NULL}};
	static const struct sql is_there = {"is_there", "SELECT (to_regclass('db_half') IS NOT NULL)::int"};

	assert_int_equal(db_migrate(db, bad), E_INTERNAL);
	assert_non_null(strstr(db_detail(db), name));
	assert_non_null(strstr(db_detail(db), "42601 line 3: syntax error"));
	assert_int_equal(ask_int(db, &is_there), 0);
	assert_int_equal(db_migrate(db, good), OK); /* neither its lock nor its name was kept */
}

/* The server ends a session that holds locks and says nothing: its program may be stopped. */
static void a_stopped_program_loses_its_transaction_and_its_locks(void **state)
{
	static const struct sql hold = {"hold", "SELECT pg_advisory_lock(x'636f6d616e6461'::bigint)::text"};
	struct db *stopped = connect_to(url, 300 * MS_US), *db = connect_to(url, 200 * MS_US);
	const struct migration migrations[] = {{unique_name("wait"), "SELECT 1"}, {NULL, NULL}};

	(void)state;
	int64_t start_us = monotonic_now();
	assert_int_equal(db_ensure(stopped), OK);
	db_send_text(stopped, "BEGIN");
	db_send(stopped, &hold, NULL, NULL);
	assert_int_equal(db_flush(stopped), OK);
	/* Migrating waits for the lock. */
	if (db_migrate(db, migrations) != OK)
		fail_msg("%s", db_detail(db));
	assert_in_range(monotonic_now() - start_us, 500 * MS_US, 5 * SECOND_US);
	db_send(stopped, &one, NULL, NULL);
	assert_int_equal(db_sync(stopped), E_RETRY);
	db_free(db);
	db_free(stopped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brings_every_type_there_and_back),
		cmocka_unit_test(brings_nulls_there_and_back),
		cmocka_unit_test(keeps_empty_text_apart_from_null),
		cmocka_unit_test(unnests_columns_row_by_row_with_nulls),
		cmocka_unit_test(takes_a_group_without_rows_and_empty_arrays),
		cmocka_unit_test(answers_in_the_middle_of_a_transaction),
		cmocka_unit_test(hands_rows_over_in_the_order_of_the_statements),
		cmocka_unit_test(a_rows_function_can_end_the_batch),
		cmocka_unit_test(fails_the_rest_of_the_batch_until_recovered),
		cmocka_unit_test(rolls_back_an_abandoned_transaction),
		cmocka_unit_test(says_what_a_failure_means),
		cmocka_unit_test(reports_a_constraint_that_fails_at_commit),
		cmocka_unit_test(prepares_anew_when_a_column_changes_beneath_a_plan),
		cmocka_unit_test(plans_go_by_key_whatever_the_statistics_say),
		cmocka_unit_test(moves_many_megabytes_both_ways_in_one_batch),
		cmocka_unit_test(redoes_when_the_connection_is_lost_in_a_transaction),
		cmocka_unit_test(connects_again_unseen_when_the_connection_is_lost_while_idle),
		cmocka_unit_test(sending_without_a_connection_is_unavailable),
		cmocka_unit_test(a_lock_that_is_not_given_ends_the_wait),
		cmocka_unit_test(a_slow_statement_is_ended_by_the_server),
		cmocka_unit_test(a_frozen_server_holds_nobody_for_long),
		cmocka_unit_test(connecting_to_what_never_answers_is_bounded_and_paced),
		cmocka_unit_test(a_port_where_nobody_listens_is_unavailable_at_once),
		cmocka_unit_test(applies_each_migration_once_and_in_order),
		cmocka_unit_test(refuses_a_migration_that_was_changed),
		cmocka_unit_test(keeps_nothing_of_a_migration_that_fails),
		cmocka_unit_test(a_stopped_program_loses_its_transaction_and_its_locks),
	};

	url = getenv("COMANDA_TEST_DATABASE_URL");
	if (url == NULL || *url == '\0') {
		puts("skipped: COMANDA_TEST_DATABASE_URL is not set (postgresql://user@host:port/database)");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, open_db, close_db);
}
