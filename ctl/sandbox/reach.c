/* Compares the oldest aggregate with the first event. */
#include "ctl/sandbox/reach.h"

#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/event_log.h"

/* An aggregate is at most so much older than its event: clocks differ, and a decision takes a while. */
#define SLACK_US MINUTE_US

/* The time in a UUIDv7 (RFC 9562, 5.7); INT_ABSENT where the id is another one. */
static int64_t made_us(const struct uuid *id)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id->bytes[i];
	return id->bytes[6] >> 4 != 7 ? INT_ABSENT : ms * MS_US;
}

bool reach_check(const struct history *history, const struct replay_spec *spec, struct db *live)
{
	char first[TIMESTAMP_TEXT + 1], oldest[TIMESTAMP_TEXT + 1];
	const struct uuid nil = {{0}};
	struct rows rows;

	arg_uuid(db_args(live), &nil);
	if (!query_database(live, &spec->tables[0].rows, &rows))
		return false;
	if (rows.count == 0) /* ordered by id, and so by time */
		return true;
	if (history->count == 0) {
		print_error("%s is empty, and the database of %s is not: the log does not reach back that far. Without "
			    "its events nothing can be decided again",
			    LOG_QUEUE, spec->service->queue_prefix);
		return false;
	}
	const struct uuid id = row_uuid(&rows, 0, 0);
	const int64_t at_us = made_us(&id);
	if (at_us == INT_ABSENT || at_us >= history->first_us - SLACK_US)
		return true;
	timestamp_text(history->first_us, first);
	timestamp_text(at_us, oldest);
	print_error("%s begins at %s, and the oldest %s is of %s: the log does not reach back that far", LOG_QUEUE,
		    first, spec->tables[0].name, oldest);
	return false;
}
