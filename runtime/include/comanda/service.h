/* A service: its tables, and the runtime that runs them.
 *
 * A service consists of consumers. A consumer is one thread with one AMQP connection, one PostgreSQL connection and one
 * queue. Its table of handlers says what it does with a message. `main.c` passes the tables to the runtime:
 *
 *   int main(int argc, char **argv) { return service_run(&orders_service, argc, argv); }
 */
#ifndef COMANDA_SERVICE_H
#define COMANDA_SERVICE_H

#include "comanda/store.h"
#include "config/settings.h"
#include "jwt/token.h"
#include "postgres/db.h"
#include "redis/cache.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "json/json.h"

struct txn;

/* ---- reading: query consumers ---- */

/* One request of a batch of one type. The reader answers it with query_reply or query_refuse. */
struct query {
	struct message message;
	enum status status;
	struct span reply; /* JSON, in the arena of the txn */
	struct refusal refusal;
};

/* Answers with a struct of the type's reply schema, or with JSON that is there already (from a cache). */
void query_reply(struct txn *txn, struct query *query, const void *body);
void query_reply_json(struct query *query, struct span json);
void query_refuse(struct txn *txn, struct query *query, enum status status, const char *code, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Answers all queries of the batch. If it returns another status than OK, the runtime refuses the queries without an
 * answer with that status. */
typedef enum status read_function(struct txn *txn, struct query **queries, size_t count);

/* ---- handlers ---- */

/* Work before a decision, outside any transaction, that may block: hashing a password, signing a token. Its result goes
 * into message->prepared. A refusal ends the request there (query_refuse on `query`). */
typedef enum status prepare_function(struct txn *txn, struct query *query);

struct handler {
	int type; /* index into the contract */
	/* Events: the aggregates themselves recognise a duplicate. If the same message is decided again, at any later
	 * time, it changes nothing and publishes only the same events with the same ids. So it needs no inbox row (see
	 * store/inbox.h). The runtime cannot check this promise. */
	bool idempotent;
	/* Events: a partner event about the same aggregate comes from another service (see `join_timeout_us`). */
	bool join;
	keys_function *keys;       /* names the aggregates for `decide`; NULL: none */
	decide_function *decide;   /* Command, events and stateless consumers call it. */
	read_function *read;       /* Query consumers call it. */
	prepare_function *prepare; /* NULL: nothing */
};
/* A table of handlers ends with a row that has neither `decide` nor `read`. */

enum consumer_kind {
	CONSUMER_QUERY,    /* requests that read */
	CONSUMER_COMMAND,  /* requests that write: load, decide, save, answer */
	CONSUMER_EVENTS,   /* events that write */
	CONSUMER_STATELESS /* events that are answered and change nothing here: load, decide, send */
};

struct consumer_config {
	const char *name; /* "command" */
	enum consumer_kind kind;
	int nice;          /* of its threads (setpriority(2)); above 0 for long work, such as hashing passwords */
	const char *queue; /* "orders.command" */
	const struct handler *handlers;
	/* The number of threads: the int64_t at this offset of struct service_settings. 0: `count` instead. */
	size_t count_setting;
	int count;
	int batch_max; /* items per batch; 0: the default (200) */
	/* Events with `join` in their handler: how long an event waits, under load, for its partner event
	 * (consumer/event_join.h). 0: it does not wait. */
	int64_t join_timeout_us;
	/* Commands: true: each transaction queries the inbox first for recorded answers. False: the inserts at its end
	 * collide with recorded answers, and the transaction is run again. False is cheaper if repeats are rare and
	 * `prepare` is cheap. */
	bool check_duplicates_first;
};

/* A metric that is read from the service's tables, every ten seconds. */
struct db_gauge {
	struct metric *metric;
	struct sql query; /* no parameter; rows (label text, value bigint); the label is null if the metric has none */
};

/* A table whose old rows are deleted, and their age. */
struct retention {
	const char *name; /* for logs and metrics */
	struct sql prune; /* $1 timestamptz: deletes a bounded number (1000) of rows older than it */
	int64_t keep_us;
	size_t keep_setting; /* offset of an int64_t in the program's settings that replaces keep_us; 0: none */
};

/* A deadline type, the aggregate that is its subject, and the SQL condition for a pending subject. With this, a batch
 * writes the deadlines of all aggregates that it creates as one row of deadline_batches. A second later, promotion
 * moves the deadlines of pending subjects to the table deadlines (store/deadline_promotion.h).
 *
 * A subject that is not pending must never become pending again. The decision that ends a subject must clear its
 * deadline. A deadline that is cleared while its subject is pending would come back. */
struct deadline_source {
	int type; /* of the timer */
	const struct aggregate *kind;
	/* $1 uuid[]. Rows: the ids of those that are pending, sorted. `lock_pending` locks them until the commit, and
	 * leaves out those that another transaction has locked. */
	struct sql pending, lock_pending;
};
#define DEADLINE_SOURCE_SELECT(table, key, condition)                                                                  \
	"SELECT " key " FROM " table " WHERE " key " = ANY($1::uuid[]) AND " condition " ORDER BY " key
/* DEADLINE_SOURCE(ORDER_DEADLINE, order_kind, "orders", "id", "state < 3") */
#define DEADLINE_SOURCE(type_, kind_, table, key, condition)                                                           \
	{                                                                                                              \
		.type = (type_), .kind = &(kind_),                                                                     \
		.pending = {table "_pending", DEADLINE_SOURCE_SELECT(table, key, condition)},                          \
		.lock_pending = {table "_lock_pending",                                                                \
				 DEADLINE_SOURCE_SELECT(table, key, condition) " FOR NO KEY UPDATE SKIP LOCKED"},      \
	}

struct service {
	const char *name;         /* "svc-orders": program, broker user and consumer name in derived ids */
	const char *about;        /* one line for --help */
	const char *queue_prefix; /* "orders": prefix of its queues */
	const struct contract *contract;
	const struct setting *settings; /* the whole table of the program, SERVICE_SETTINGS included */
	size_t settings_offset;         /* of the struct service_settings in the program's settings */
	size_t settings_size;
	const struct migration *migrations; /* the service's own; the runtime's (inbox, outbox, deadlines) go first */
	const struct store *const *stores;  /* in locking order; ends with NULL */
	const struct consumer_config *consumers; /* ends with a NULL name */
	const struct retention *retention;       /* beyond the runtime's own; NULL: none */
	const struct db_gauge *gauges;           /* ends with a NULL metric; NULL: none */
	const struct deadline_source
		*deadline_sources; /* ends with a NULL kind; NULL: all deadlines go to the table deadlines at once */
	/* Requests of this type begin a saga. They are refused (E_BUSY) while as many deadlines are pending as a
	 * setting says. It is an int64_t at this offset of the program's settings; 0: no limit. */
	struct {
		int type;
		size_t max_setting;
	} admission;
	/* The offset, in the program's settings, of the text of a secret (SET_SECRET). Passwords and tokens in requests
	 * are hashed under a key of it. 0: no request of this service has a SECRET field. */
	size_t request_key_setting;
	/* Called once before the consumers start, with a connected database: first data, keys. NULL: nothing.
	 * Called again after E_RETRY and E_UNAVAILABLE. */
	enum status (*start)(void *settings, struct txn *txn);
	/* Called once after the consumers have ended: frees what `start` made. NULL: nothing. */
	void (*stop)(void *settings);
};

/* Settings that every service has. A service with a Redis cache adds a row for `redis_url`; in others it is NULL. */
struct service_settings {
	const char *admin_address, *broker_url, *database_url, *migrations_url, *redis_url, *log_level, *otlp_url;
	bool allow_debugger;
	int64_t admin_port;
	int64_t statement_timeout_us, broker_heartbeat_us, shutdown_timeout_us;
	int64_t consumers_query, consumers_command, consumers_events;
	int64_t max_pending, outbox_age_max_us;
	int64_t idempotency_ttl_us, dedup_ttl_us;
};
/* The rows of a settings table for a `struct service_settings` member named `service` in `struct_`. */
/* clang-format off */
#define SERVICE_SETTINGS(struct_) \
	SETTING("COMANDA_ADMIN_ADDRESS",     SET_TEXT,     struct_, service.admin_address,        "127.0.0.1", 0,             0,               "address of healthz, readyz and metrics; 0.0.0.0: all addresses, only in a separate network"), \
	SETTING("COMANDA_ADMIN_PORT",        SET_PORT,     struct_, service.admin_port,           "0",         0,             0,               "port of healthz, readyz and metrics; 0: any free port"), \
	SETTING("COMANDA_ALLOW_DEBUGGER",    SET_BOOL,     struct_, service.allow_debugger,       "off",       0,             0,               "on: other processes of the same account may read the memory of this one, keys included"), \
	SETTING("COMANDA_BROKER_HEARTBEAT",  SET_DURATION, struct_, service.broker_heartbeat_us,  "10s",       2 * SECOND_US, 600 * SECOND_US, "AMQP heartbeat; a dead connection is detected after twice this time"), \
	SETTING("COMANDA_BROKER_URL",        SET_SECRET,   struct_, service.broker_url,           NULL,        0,             0,               "amqp://user:password@host:port[,host:port]/vhost; amqps://…?cacertfile=/path for TLS"), \
	SETTING("COMANDA_CONSUMERS_COMMAND", SET_INT,      struct_, service.consumers_command,    "1",         1,             16,              "number of consumers of commands"), \
	SETTING("COMANDA_CONSUMERS_EVENTS",  SET_INT,      struct_, service.consumers_events,     "1",         1,             16,              "number of consumers of events"), \
	SETTING("COMANDA_CONSUMERS_QUERY",   SET_INT,      struct_, service.consumers_query,      "1",         1,             16,              "number of consumers of queries"), \
	SETTING("COMANDA_DATABASE_URL",      SET_SECRET,   struct_, service.database_url,         NULL,        0,             0,               "postgresql://user:password@host:port/database"), \
	SETTING("COMANDA_DEDUP_TTL",         SET_DURATION, struct_, service.dedup_ttl_us,         "7d",        SECOND_US,     90 * DAY_US,     "how long the inbox keeps the id of a processed event"), \
	SETTING("COMANDA_IDEMPOTENCY_TTL",   SET_DURATION, struct_, service.idempotency_ttl_us,   "24h",       SECOND_US,     30 * DAY_US,     "how long an idempotency key and its answer are kept"), \
	SETTING("COMANDA_LOG_LEVEL",         SET_TEXT,     struct_, service.log_level,            "info",      0,             0,               "debug, info, warn or error"), \
	SETTING("COMANDA_MAX_PENDING",       SET_INT,      struct_, service.max_pending,          "1000",      1,             1000000,         "while this replica has more sagas pending than this, commands are fetched more slowly"), \
	SETTING("COMANDA_MIGRATIONS_URL",    SET_SECRET,   struct_, service.migrations_url,       "",          0,             0,               "URL of the role that owns the tables, used by --migrate; empty: the role of COMANDA_DATABASE_URL"), \
	SETTING("COMANDA_OTLP_URL",          SET_TEXT,     struct_, service.otlp_url,             "",          0,             0,               "http://host:4318 of the OpenTelemetry collector for spans; empty: no spans are recorded"), \
	SETTING("COMANDA_OUTBOX_AGE_MAX",    SET_DURATION, struct_, service.outbox_age_max_us,    "30s",       SECOND_US,     DAY_US,          "writes are refused with 503 while the oldest unsent event is older than this"), \
	SETTING("COMANDA_SHUTDOWN_TIMEOUT",  SET_DURATION, struct_, service.shutdown_timeout_us,  "8s",        100 * MS_US,   120 * SECOND_US, "longest orderly shutdown after SIGTERM"), \
	SETTING("COMANDA_STATEMENT_TIMEOUT", SET_DURATION, struct_, service.statement_timeout_us, "4s",        100 * MS_US,   60 * SECOND_US,  "longest wait for a database statement")
/* clang-format on */

/* Runs the service until SIGTERM or SIGINT. Handles --help, --version and --check (asks its own readyz). Returns the
 * exit code: 0 after an orderly stop, 2 for bad settings or arguments, 1 otherwise. */
int service_run(const struct service *service, int argc, char **argv);

/* For read and prepare functions, and for `start`. */
struct db *txn_db(struct txn *txn); /* not connected: E_UNAVAILABLE on use */
struct cache *txn_cache(struct txn *txn);
struct arena *txn_arena(struct txn *txn);        /* reset after the batch */
const void *txn_settings(const struct txn *txn); /* the program's settings */

/* ---- a unit of work outside any consumer: for the start of a service, and for the replay ---- */

struct work_step {
	/* in */
	decide_function *decide;
	keys_function *keys; /* NULL: nothing is loaded */
	struct message message;
	int64_t now_us;
	/* out */
	struct decision_result decision;
	size_t output_count; /* of its outputs: they follow those of the step before */
};

enum work_outputs {
	OUTPUTS_DISCARDED,
	OUTPUTS_TO_OUTBOX /* a sweep of the relay sends them */
};

/* Loads what the steps touch, decides them in their order, saves what they changed, and commits. The outputs live until
 * the arena of `txn` is reset; `ret_outputs` may be NULL. E_RETRY: another transaction was faster; nothing has
 * happened. After any failure it has recovered the connection. A refusal by a decision is no failure: see `decision`.
 */
must_check enum status unit_of_work(struct txn *txn, struct work_step *steps, size_t count, enum work_outputs outputs,
				    const struct output **ret_outputs);

#endif
