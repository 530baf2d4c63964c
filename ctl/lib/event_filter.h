/* Which events a command works on: by position, type, order, user, product, event, cause. */
#ifndef CTL_LIB_EVENT_FILTER_H
#define CTL_LIB_EVENT_FILTER_H

#include "ctl/cli/option.h"
#include "ctl/lib/event_log.h"

struct event_filter {
	struct log_position from, until;
	const char *type;                 /* "order.placed", or "order." for all types with that prefix; NULL: any */
	struct uuid order, user, product; /* nil: any */
	struct uuid event;                /* its id; nil: any */
	struct uuid cause;                /* the id of the message that caused it; nil: any */
	int64_t limit;                    /* 0: all */
};

/* The rows of a command's table that fill it, for a struct of options with a member `filter`. */
#define FILTER_OPTIONS(type_)                                                                                          \
	OPTION("--from", option_log_position, type_, filter.from, "POSITION", "from that offset, time or event on"),   \
		OPTION("--until", option_log_position, type_, filter.until, "POSITION", "up to that one"),             \
		WHICH_OPTIONS(type_)
#define WHICH_OPTIONS(type_)                                                                                           \
	OPTION("--type", option_event_type, type_, filter.type, "TYPE",                                                \
	       "order.placed, or order. for all with that prefix"),                                                    \
		OPTION("--order", option_id, type_, filter.order, "ID", "about that order"),                           \
		OPTION("--user", option_id, type_, filter.user, "ID", "that mention that user"),                       \
		OPTION("--product", option_id, type_, filter.product, "ID", "that mention that product"),              \
		OPTION("--event", option_id, type_, filter.event, "ID", "only that event"),                            \
		OPTION("--cause", option_id, type_, filter.cause, "ID", "caused by that message")

/* An option_reader (ctl/cli/option.h) for a const char *: an event type of the contract, or a prefix of one that ends
 * with a dot. */
const char *option_event_type(const char *text, void *ret_type);

/* How a POSITION is written, for a command's notes. */
#define POSITION_NOTES                                                                                                 \
	"POSITION is an offset (1234), a time (2026-11-25T20:00:00Z, or 20:00 of today,\n"                             \
	"UTC), how long ago (15m, 2h), or the id of an event.\n"

/* Whether the filter selects the event, apart from the range `from` to `until`, which event_log_open applies. */
bool filter_passes(const struct event_filter *filter, const struct log_event *event);

#endif
