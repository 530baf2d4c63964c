/* A position in the event log: an offset, a time or an event. */
#ifndef CTL_LIB_LOG_POSITION_H
#define CTL_LIB_LOG_POSITION_H

#include "core/timestamp.h"
#include "core/uuid.h"

enum log_position_kind {
	POSITION_NONE, /* not given: the first or the last event of the log */
	POSITION_OFFSET,
	POSITION_TIME,
	POSITION_EVENT,
	POSITION_NEXT /* the first event after the log is opened */
};

struct log_position {
	enum log_position_kind kind;
	int64_t offset; /* POSITION_OFFSET */
	int64_t at_us;  /* POSITION_TIME */
	struct uuid id; /* POSITION_EVENT */
};

/* An option_reader (ctl/cli/option.h) for a struct log_position: "1234", "2026-11-25T20:00:00Z", "20:00" (of today,
 * UTC), "15m" (ago), or an event's id. */
const char *option_log_position(const char *text, void *ret_position);
/* The same for a position that must be a time. */
const char *option_log_time(const char *text, void *ret_position);

/* Where to begin to search for events about an id: ten minutes before the time in a UUIDv7. A derived id carries the
 * time of its cause. For other ids: the beginning of the log. */
struct log_position log_position_before(const struct uuid *id);

#endif
