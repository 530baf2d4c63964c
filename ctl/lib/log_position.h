/* A log_position in events.log, as an operator names it: an offset, a time, how long ago, or an event's id. */
#ifndef CTL_LIB_LOG_POSITION_H
#define CTL_LIB_LOG_POSITION_H

#include <stdio.h>

#include "core/timestamp.h"
#include "core/uuid.h"

enum log_position_kind {
	PLACE_NONE, /* not given: the log's first or last event */
	PLACE_OFFSET,
	PLACE_TIME,
	PLACE_EVENT,
	PLACE_NEXT /* what is yet to come */
};

struct log_position {
	enum log_position_kind kind;
	int64_t offset; /* PLACE_OFFSET */
	int64_t at_us;  /* PLACE_TIME */
	struct uuid id; /* PLACE_EVENT */
};

/* "1234", "2026-11-25T20:00:00Z", "20:00" (of today, UTC), "15m" (ago), or an id. NULL where it is fine, otherwise what
 * is wrong with it. */
const char *place_read(const char *text, struct log_position *ret_log_position);

#endif
