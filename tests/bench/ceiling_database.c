/* Writes the rows of an order up to its confirmation into the product's own tables. The database has the migrations of
 * orders and products. Each transaction writes a batch of orders and commits synchronously. Several connections work in
 * parallel. There are no decisions and no messages. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "postgres/db.h"
#include "tests/bench/ceiling.h"

enum { CONNECTIONS_MAX = 16, ID_KINDS = 8 };

/* The ids of one order: the order, its request, its events, and the position of its product in the catalogue.
 */
enum id_kind { ORDER, REQUEST, PLACED, VERIFIED, RESERVED, CONFIRMED, SOLD, CATALOGUE };

struct writer {
	const struct ceiling_plan *plan;
	struct db *db, *relaxed; /* asynchronous commit: deletes sent rows like the relay */
	struct uuid *ids;        /* [batch][ID_KINDS] */
	atomic_bool *stop;
	atomic_uint_fast64_t done;
	enum status status;
};

/* One statement; each order of the batch fills its columns. */
struct step {
	struct sql sql;
	int columns;
	void (*put)(struct args *args, const struct uuid *ids, int64_t now_us);
};

static const char lines[] =
	"[{\"product_id\":\"01930a3e-7c00-7b1a-8f00-000000000031\",\"name\":\"Espresso beans, 1 kg\","
	"\"quantity\":1,\"unit_price_cents\":1890}]";
static const char filler[700] = "";

/* ---- what is written for one order ---- */

static void put_answer(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_uuid(args, &ids[REQUEST]);
	put_timestamp(args, now_us);
	put_uuid(args, &ids[ORDER]);
	put_text(args, lines);
}

static void put_order(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_uuid(args, &ids[ORDER]);
	put_timestamp(args, now_us);
	put_text(args, lines);
}

static void put_event_row(struct args *args, const struct uuid *id, int64_t now_us)
{
	put_uuid(args, id);
	put_bytes(args, filler, sizeof(filler));
	put_timestamp(args, now_us);
}

static void put_placed(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_event_row(args, &ids[PLACED], now_us);
}

static void put_reserved(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_event_row(args, &ids[RESERVED], now_us);
}

static void put_confirmed(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_event_row(args, &ids[CONFIRMED], now_us);
}

static void put_sold(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_event_row(args, &ids[SOLD], now_us);
}

static void put_subject(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_uuid(args, &ids[ORDER]);
	put_timestamp(args, now_us);
}

static void put_place(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_uuid(args, &ids[CATALOGUE]);
	put_timestamp(args, now_us);
}

static void put_processed_placed(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_uuid(args, &ids[PLACED]);
	put_timestamp(args, now_us);
}

static void put_processed_confirmed(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_uuid(args, &ids[CONFIRMED]);
	put_timestamp(args, now_us);
}

static void put_processed_answers(struct args *args, const struct uuid *ids, int64_t now_us)
{
	put_uuid(args, &ids[VERIFIED]);
	put_timestamp(args, now_us);
	put_uuid(args, &ids[RESERVED]);
	put_timestamp(args, now_us);
}

/* ---- the statements ---- */

/* One row per batch. */
#define PROCESSED                                                                                                      \
	"INSERT INTO processed_events (received_at, ids)"                                                              \
	" SELECT max(at), array_agg(id) FROM unnest($1::uuid[], $2::timestamptz[]) AS given (id, at)"
#define PUBLISHED                                                                                                      \
	"INSERT INTO outbox (id, exchange, routing_key, type, subject, body, created_at, due_at)"                      \
	" SELECT id, 'events', 'order.placed', 'order.placed', id, body, at, at"                                       \
	" FROM unnest($1::uuid[], $2::bytea[], $3::timestamptz[]) AS given (id, body, at)"
#define DEADLINES(type)                                                                                                \
	"INSERT INTO deadline_batches (type, due_at, subjects, dues)"                                                  \
	" VALUES ('" type "', ($2::timestamptz[])[1] + interval '10 min', $1::uuid[], $2::timestamptz[])"
#define CLEARED(type)                                                                                                  \
	"DELETE FROM deadlines USING unnest($1::uuid[], $2::timestamptz[]) AS given (id, at)"                          \
	" WHERE subject = given.id AND type = '" type "'"
/* A batch touches one product per order: neighbours from a random position on. */
#define STOCK(change)                                                                                                  \
	"UPDATE products SET " change ", sequence = sequence + 1, updated_at = now() WHERE id IN"                      \
	" (SELECT id FROM products WHERE id >= ($1::uuid[])[1] ORDER BY id LIMIT cardinality($1::uuid[])"              \
	"  FOR NO KEY UPDATE) AND ($2::timestamptz[]) IS NOT NULL"

static const struct step place[] = {
	{{"ceiling_order",
	  "INSERT INTO orders (id, user_id, state, version, created_at, updated_at, expires_at, items, history)"
	  " SELECT id, id, 1, 1, at, at, at, lines::json, lines::json"
	  " FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS given (id, at, lines)"},
	 3,
	 put_order},
	{{"ceiling_answer", "INSERT INTO inbox_commands (id, received_at, request_hash, answer)"
			    " SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[])"},
	 4,
	 put_answer},
	{{"ceiling_deadline", DEADLINES("order.deadline")}, 2, put_subject},
	{{"ceiling_placed", PUBLISHED}, 3, put_placed},
	{{NULL, NULL}, 0, NULL},
};

static const struct step reserve[] = {
	{{"ceiling_processed_placed", PROCESSED}, 2, put_processed_placed},
	{{"ceiling_reservation",
	  "INSERT INTO reservations (order_id, state, lines, currency, total_cents, updated_at, version)"
	  " SELECT id, 'held', lines, 'EUR', 1890, at, 1"
	  " FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS given (id, at, lines)"},
	 3,
	 put_order},
	{{"ceiling_hold", STOCK("reserved = reserved + 1")}, 2, put_place},
	{{"ceiling_overdue", DEADLINES("reservation.deadline")}, 2, put_subject},
	{{"ceiling_reserved", PUBLISHED}, 3, put_reserved},
	{{NULL, NULL}, 0, NULL},
};

static const struct step confirm[] = {
	{{"ceiling_processed_answers", PROCESSED}, 2, put_processed_answers},
	{{"ceiling_confirm", "UPDATE orders SET state = 3, version = 2, items = lines::json, history = lines::json"
			     " FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS given (id, at, lines) WHERE "
			     "orders.id = given.id"},
	 3,
	 put_order},
	{{"ceiling_met", CLEARED("order.deadline")}, 2, put_subject},
	{{"ceiling_confirmed", PUBLISHED}, 3, put_confirmed},
	{{NULL, NULL}, 0, NULL},
};

static const struct step sell[] = {
	{{"ceiling_processed_confirmed", PROCESSED}, 2, put_processed_confirmed},
	{{"ceiling_settle", "UPDATE reservations SET state = 'sold', version = 2 WHERE order_id = ANY($1::uuid[])"
			    " AND ($2::timestamptz[]) IS NOT NULL"},
	 2,
	 put_subject},
	{{"ceiling_sell", STOCK("reserved = reserved - 1, on_hand = on_hand - 1")}, 2, put_place},
	{{"ceiling_settled", CLEARED("reservation.deadline")}, 2, put_subject},
	{{"ceiling_sold", PUBLISHED}, 3, put_sold},
	{{NULL, NULL}, 0, NULL},
};

/* Like deadline promotion in both services: reads the deadlines of a batch, finds none open, and deletes the rows. */
static const struct sql promoted = {
	"ceiling_matured",
	"WITH taken AS (DELETE FROM deadline_batches WHERE id IN"
	"  (SELECT id FROM deadline_batches ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED) RETURNING type, subjects),"
	" recent AS (SELECT type, unnest(subjects) AS subject FROM taken)"
	" SELECT (SELECT count(*) FROM recent JOIN orders ON id = subject"
	"   WHERE type = 'order.deadline' AND orders.state < 3)"
	"  + (SELECT count(*) FROM recent JOIN reservations ON order_id = subject"
	"   WHERE type = 'reservation.deadline' AND reservations.state = 'held')",
};

static const struct sql sent = {"ceiling_sent", "DELETE FROM outbox WHERE id = ANY($1::uuid[])"};

/* ---- running them ---- */

static enum status run_steps(struct writer *writer, const struct step *steps)
{
	db_send_text(writer->db, "BEGIN");
	for (const struct step *step = steps; step->put != NULL; step++) {
		struct args *args = db_args(writer->db);

		args_columns(args, step->columns);
		for (int i = 0; i < writer->plan->batch; i++)
			step->put(args, &writer->ids[i * ID_KINDS], timestamp_now());
		db_send(writer->db, &step->sql, NULL, NULL);
	}
	db_send_text(writer->db, "COMMIT");
	return db_sync(writer->db);
}

static enum status delete_sent(struct writer *writer)
{
	static const enum id_kind said[] = {PLACED, RESERVED, CONFIRMED, SOLD};
	const size_t kinds = sizeof(said) / sizeof(said[0]), batch = (size_t)writer->plan->batch;
	struct uuid *ids = mem_new(batch * kinds, sizeof(*ids));
	struct rows rows;

	for (size_t i = 0; i < batch * kinds; i++)
		ids[i] = writer->ids[i / kinds * ID_KINDS + said[i % kinds]];
	arg_uuids(db_args(writer->relaxed), ids, batch * kinds);
	const enum status status = db_run(writer->relaxed, &sent, &rows);
	free(ids);
	return status;
}

static enum status write_batch(struct writer *writer)
{
	static const struct step *const transactions[] = {place, reserve, confirm, sell};
	enum status status = OK;

	for (int i = 0; i < writer->plan->batch * ID_KINDS; i++)
		writer->ids[i] = uuid_new(timestamp_now());
	for (int i = 0; i < writer->plan->batch; i++) {
		struct uuid *ids = &writer->ids[i * ID_KINDS];

		ids[CATALOGUE] = uuid_of_text("catalogue", (const char *)&ids[ORDER], sizeof(ids[ORDER]));
	}
	for (int i = 0; i < 4 && status == OK; i++)
		do
			status = run_steps(writer, transactions[i]);
		while (status == E_RETRY && (db_recover(writer->db), db_connected(writer->db)));
	struct rows rows;
	if (status == OK)
		status = db_run(writer->relaxed, &promoted, &rows);
	return status == OK ? delete_sent(writer) : status;
}

static void *writer_run(void *context)
{
	struct writer *writer = context;

	writer->status = db_ensure(writer->db);
	if (writer->status == OK)
		writer->status = db_ensure(writer->relaxed);
	while (writer->status == OK && !atomic_load(writer->stop)) {
		writer->status = write_batch(writer);
		atomic_fetch_add(&writer->done, (uint_fast64_t)writer->plan->batch);
	}
	return NULL;
}

static void sleep_us(int64_t us)
{
	const struct timespec time = {.tv_sec = us / SECOND_US, .tv_nsec = us % SECOND_US * 1000};

	(void)nanosleep(&time, NULL);
}

static uint64_t done(struct writer *writers, int count)
{
	uint64_t sum = 0;

	for (int i = 0; i < count; i++)
		sum += atomic_load(&writers[i].done);
	return sum;
}

static void writer_open(struct writer *writer, const struct ceiling_plan *plan)
{
	struct db_config config = {
		.url = plan->url, .program = "comanda-ceiling", .connection_name = "writer", .wait_us = 10 * SECOND_US};

	writer->plan = plan;
	writer->db = db_new(&config);
	config.relaxed = true;
	writer->relaxed = db_new(&config);
	writer->ids = mem_new((size_t)plan->batch * ID_KINDS, sizeof(struct uuid));
}

static bool writer_close(struct writer *writer)
{
	if (writer->status != OK)
		fprintf(stderr, "comanda-ceiling: %s %s\n", db_detail(writer->db), db_detail(writer->relaxed));
	db_free(writer->db);
	db_free(writer->relaxed);
	free(writer->ids);
	return writer->status == OK;
}

double ceiling_database(const struct ceiling_plan *plan)
{
	struct writer writers[CONNECTIONS_MAX] = {{0}};
	pthread_t threads[CONNECTIONS_MAX];
	atomic_bool stop = false;
	int running = 0;

	for (int i = 0; i < plan->in_flight; i++) {
		writer_open(&writers[i], plan);
		writers[i].stop = &stop;
	}
	while (running < plan->in_flight && pthread_create(&threads[running], NULL, writer_run, &writers[running]) == 0)
		running++;
	sleep_us(plan->warm_us);
	const int64_t start = monotonic_now();
	const uint64_t before = done(writers, plan->in_flight);
	sleep_us(plan->count_us);
	double per_s = (double)(done(writers, plan->in_flight) - before) * 1e6 / (double)(monotonic_now() - start);
	atomic_store(&stop, true);
	while (running > 0)
		pthread_join(threads[--running], NULL);
	for (int i = 0; i < plan->in_flight; i++)
		if (!writer_close(&writers[i]))
			per_s = -1;
	return per_s;
}
