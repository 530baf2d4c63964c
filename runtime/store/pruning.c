/* Pruning, a thousand rows at a time. */
#include "store/pruning.h"

#include "telemetry/log.h"
#include "telemetry/metrics.h"

#define PRUNE_AGAIN_US (50 * MS_US)
#define PRUNE_PAUSE_US (30 * SECOND_US)

enum { PRUNE_ROWS = 1000 /* that one statement deletes at most */ };

static struct metric pruned = {.name = "comanda_pruned_rows_total",
			       .help = "Rows deleted because they were too old, by table",
			       .type = COUNTER,
			       .label = "table"};

static const struct sql prune_commands = {
	"prune_inbox_commands",
	"DELETE FROM inbox_commands WHERE ctid = ANY(ARRAY"
	"(SELECT ctid FROM inbox_commands WHERE received_at < $1 LIMIT 1000))",
};
static const struct sql prune_events = {
	"prune_inbox_events",
	"DELETE FROM inbox_events WHERE ctid = ANY(ARRAY"
	"(SELECT ctid FROM inbox_events WHERE received_at < $1 LIMIT 1000))",
};
static const struct sql prune_processed = {
	"prune_processed_events",
	"DELETE FROM processed_events WHERE ctid = ANY(ARRAY"
	"(SELECT ctid FROM processed_events WHERE received_at < $1 LIMIT 1000))",
};
static const struct sql prune_attempts = {"prune_attempts", "DELETE FROM attempts WHERE first_at < $1"};

/* Returns how many rows were deleted. */
static int64_t prune_by_rule(struct db *db, const struct retention *rule, int64_t keep_us)
{
	struct rows rows;

	arg_timestamp(db_args(db), timestamp_now() - keep_us);
	if (db_run(db, &rule->prune, &rows) != OK) {
		log_warn("pruning.failed", kv_text("table", rule->name), kv_text("detail", db_detail(db)));
		return 0;
	}
	metric_add(&pruned, rule->name, rows.touched);
	return rows.touched;
}

/* Prunes by every rule of a table that ends with a NULL name; returns the most that one of them found. */
static int64_t prune_all(struct db *db, const struct retention *rules, const void *program_settings)
{
	int64_t most = 0;

	for (const struct retention *rule = rules; rule != NULL && rule->name != NULL; rule++) {
		const char *setting = (const char *)program_settings + rule->keep_setting;
		const int64_t keep = rule->keep_setting == 0 ? rule->keep_us : *(const int64_t *)(const void *)setting;
		const int64_t deleted = prune_by_rule(db, rule, keep);

		most = deleted > most ? deleted : most;
	}
	return most;
}

int64_t prune(struct db *db, const struct service *service, const struct service_settings *settings,
	      const void *program_settings)
{
	const struct retention own[] = {
		{.name = "inbox_commands", .prune = prune_commands, .keep_us = settings->idempotency_ttl_us},
		{.name = "inbox_events", .prune = prune_events, .keep_us = settings->dedup_ttl_us},
		{.name = "processed_events", .prune = prune_processed, .keep_us = settings->dedup_ttl_us},
		{.name = "attempts", .prune = prune_attempts, .keep_us = DAY_US},
		{0},
	};
	const int64_t own_most = prune_all(db, own, program_settings);
	const int64_t service_most = prune_all(db, service->retention, program_settings);

	return own_most >= PRUNE_ROWS || service_most >= PRUNE_ROWS ? PRUNE_AGAIN_US : PRUNE_PAUSE_US;
}
