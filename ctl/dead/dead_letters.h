/* The dead letters of a service, taken for as long as they are looked at: closing gives back what was not dropped. */
#ifndef CTL_DEAD_DEAD_LETTERS_H
#define CTL_DEAD_DEAD_LETTERS_H

#include "amqp/broker.h"
#include "ctl/cli/command.h"
#include "json/json.h"

struct dead_filter {
	const char *service_name; /* NULL: all */
	const char *code, *type;
	struct uuid order, event;
	struct log_position from, until; /* times of death */
	int64_t limit;
	bool all; /* said on purpose */
};

#define DEAD_OPTIONS(options)                                                                                          \
	{"[EVENT]", OPTION_ID, offsetof(options, filter.event), NULL, "the dead letter of that event"},                \
		{"--service", OPTION_SERVICE, offsetof(options, filter.service_name), "NAME",                          \
		 "users, products or orders"},                                                                         \
		{"--code", OPTION_TEXT, offsetof(options, filter.code), "CODE", "put aside for that cause"},           \
		{"--type", OPTION_TEXT, offsetof(options, filter.type), "TYPE", "events of that type"},                \
		{"--order", OPTION_ID, offsetof(options, filter.order), "ID", "about that order"},                     \
		{"--from", OPTION_LOG_POSITION, offsetof(options, filter.from), "TIME",                                \
		 "put aside at that time or later"},                                                                   \
		{"--until", OPTION_LOG_POSITION, offsetof(options, filter.until), "TIME", "at that time or before"},   \
	{                                                                                                              \
		"--limit", OPTION_COUNT, offsetof(options, filter.limit), "N", "no more than so many a service"        \
	}

struct letter {
	const char *service_name;
	uint64_t tag;
	struct uuid
		*ids; /* as the inbox of its consumer knows them: one, or those of a batch that the broker put aside */
	size_t id_count;
	struct uuid order; /* nil: not about one */
	const char *type, *code, *reason, *origin;
	int64_t attempts, first_us, last_us; /* last_us INT_ABSENT: the broker put it aside, and does not say */
	struct span body;
	const struct json *json; /* NULL: it cannot be read */
};

struct dead_queue {
	const char *service_name;
	struct broker *broker;
	struct arena arena;
	struct letter *letters; /* those that the filter lets through, oldest first */
	size_t count, room;
	size_t others; /* that it does not */
};

/* Takes what waits in <service_name>.dead. False after saying what is wrong. */
bool dead_open(const char *service_name, const struct dead_filter *filter, struct dead_queue *ret_queue);
/* Takes what has come in since, unfiltered, waiting at most so long for it; false where nothing came. `ret_letter`
 * lives as long as the queue. */
bool dead_next(struct dead_queue *queue, int64_t wait_us, struct letter *ret_letter);
/* Gone for good. */
must_check enum status dead_forget(struct dead_queue *queue, const struct letter *letter);
void dead_close(struct dead_queue *queue);

/* Whether a command that changes something was told which letters: by an id, a filter or --all. */
bool dead_chosen(const struct dead_filter *filter, const char *command);

#endif
