/* Spans of round trips to the database. Statements are sent in pipelines, and their answers come together. The round
 * trip takes the time, so it has the span. The span is named after the statements in it. */
#include "postgres/db_private.h"

#include <stdio.h>
#include <string.h>

#include "telemetry/span.h"

/* `next` gathers names until it is sent; then it is the one under way. */
void round_trip_add(struct db *db, const char *statement)
{
	struct db_round_trip *next = &db->next_round;

	if (tracing_current() == NULL)
		return;
	const size_t size = strlen(next->names);
	snprintf(next->names + size, sizeof(next->names) - size, "%s%s", size == 0 ? "" : " ", statement);
	next->count++;
}

void round_trip_end(struct db *db, const char *error)
{
	struct db_round_trip *round = &db->round;
	struct trace_span span;

	if (round->count > 0 && tracing_current() != NULL) {
		span_begin(&span, SPAN_CLIENT, round->names, tracing_current());
		span.start_us = round->sent_us;
		span.end_us = round->answered_us > round->sent_us ? round->answered_us : span.end_us;
		span.error = error;
		span_attribute(&span, "db.system.name", "postgresql");
		span_count(&span, "db.operation.batch.size", round->count);
		if (span.end_us == 0)
			span_end(&span);
		else
			span_queue(&span);
	}
	round->count = 0;
}

void round_trip_sent(struct db *db)
{
	if (db->round.count > 0)
		round_trip_end(db, NULL);
	if (db->next_round.count == 0)
		return;
	db->round = db->next_round;
	db->round.sent_us = timestamp_now();
	db->round.answered_us = 0;
	db->next_round.count = 0;
	db->next_round.names[0] = '\0';
}

void round_trip_answered(struct db *db)
{
	if (db->round.count > 0)
		db->round.answered_us = timestamp_now();
}
