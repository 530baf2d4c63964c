/* Which events a command is about: by log_position, type, order, user, product. */
#ifndef CTL_LIB_EVENT_FILTER_H
#define CTL_LIB_EVENT_FILTER_H

#include "ctl/cli/command.h"
#include "ctl/lib/event_log.h"

struct event_filter {
	struct log_position from, until;
	const char *type;                 /* "order.placed", or "order." for all that begin so; NULL: any */
	struct uuid order, user, product; /* nil: any */
	struct uuid event;                /* by its id; nil: any */
	struct uuid cause;                /* what that one led to; nil: any */
	int64_t limit;                    /* 0: all */
};

/* The rows of a command's table that fill it, for a struct of options with a member `filter`. */
#define FILTER_OPTIONS(options)                                                                                        \
	{"--from", OPTION_LOG_POSITION, offsetof(options, filter.from), "PLACE",                                       \
	 "from that offset, time or event on"},                                                                        \
		{"--until", OPTION_LOG_POSITION, offsetof(options, filter.until), "PLACE", "up to that one"},          \
		WHICH_OPTIONS(options)
#define WHICH_OPTIONS(options)                                                                                         \
	{"--type", OPTION_TEXT, offsetof(options, filter.type), "TYPE", "order.placed; order. for all of orders"},     \
		{"--order", OPTION_ID, offsetof(options, filter.order), "ID", "about that order"},                     \
		{"--user", OPTION_ID, offsetof(options, filter.user), "ID", "that name that user"},                    \
		{"--product", OPTION_ID, offsetof(options, filter.product), "ID", "that name that product"},           \
		{"--event", OPTION_ID, offsetof(options, filter.event), "ID", "that one alone"},                       \
	{                                                                                                              \
		"--cause", OPTION_ID, offsetof(options, filter.cause), "ID", "caused by that message"                  \
	}

/* How a PLACE is written, for a command's notes. */
#define PLACE_NOTES                                                                                                    \
	"PLACE is an offset (1234), a time (2026-11-25T20:00:00Z, or 20:00 of today,\n"                                \
	"UTC), how long ago (15m, 2h), or the id of an event.\n"

bool filter_passes(const struct event_filter *filter, const struct logged *event);

#endif
