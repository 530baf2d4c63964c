/* Each gauge is one statement. */
#include "store/db_gauges.h"

#include "telemetry/log.h"

#define PAUSE_US (10 * SECOND_US)

static void look(struct db *db, const struct db_gauge *gauge)
{
	struct rows rows;
	struct arena arena;

	if (db_run(db, &gauge->query, &rows) != OK) {
		log_warn("db_gauge.failed", kv_text("metric", gauge->metric->name), kv_text("detail", db_detail(db)));
		return;
	}
	arena_init(&arena);
	for (int i = 0; i < rows.count; i++)
		metric_set(gauge->metric, row_text(&rows, i, 0, &arena), row_int(&rows, i, 1));
	arena_done(&arena);
}

int64_t db_gauges_query(struct db *db, const struct db_gauge *gauges)
{
	for (; gauges != NULL && gauges->metric != NULL; gauges++)
		look(db, gauges);
	return PAUSE_US;
}
