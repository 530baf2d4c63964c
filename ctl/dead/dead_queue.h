/* The dead letters of one service, read from its queue <service>.dead.
 *
 * They stay unacknowledged while the queue is open. Closing gives back those that were not dropped. */
#ifndef CTL_DEAD_DEAD_QUEUE_H
#define CTL_DEAD_DEAD_QUEUE_H

#include "amqp/broker.h"
#include "ctl/cli/option.h"
#include "ctl/lib/log_position.h"
#include "ctl/lib/services.h"
#include "json/json.h"

struct dead_filter {
	const struct service *service;   /* NULL: all */
	const char *code, *type;         /* NULL: any */
	struct uuid order, event;        /* nil: any */
	struct log_position from, until; /* bounds of the time of the last attempt */
	int64_t limit;                   /* per service; 0: all */
	bool all;                        /* --all was given */
};

#define DEAD_OPTIONS(type_)                                                                                            \
	OPTION("[EVENT]", option_id, type_, filter.event, NULL, "the dead letter of that event"),                      \
		OPTION("--service", option_service, type_, filter.service, "NAME", SERVICE_NAMES),                     \
		OPTION("--code", option_text, type_, filter.code, "CODE", "with that error code"),                     \
		OPTION("--type", option_text, type_, filter.type, "TYPE", "events of that type"),                      \
		OPTION("--order", option_id, type_, filter.order, "ID", "about that order"),                           \
		OPTION("--from", option_log_time, type_, filter.from, "TIME", "last attempt at that time or later"),   \
		OPTION("--until", option_log_time, type_, filter.until, "TIME",                                        \
		       "last attempt at that time or before"),                                                         \
		OPTION("--limit", option_limit, type_, filter.limit, "N", "at most so many per service")

struct dead_letter {
	const struct service *service;
	uint64_t tag;
	struct uuid *ids; /* under which the service's inbox records its events: one, or those of a batch */
	size_t id_count;
	struct uuid order; /* nil: it is about none */
	const char *type, *code, *reason;
	const char *origin; /* the queue that it came from */
	int64_t attempts;
	int64_t first_us, last_us; /* attempts; INT_ABSENT: the broker dead-lettered it, without a time */
	struct span body;
	const struct json *json; /* NULL: the body is not JSON */
};

struct dead_queue {
	const struct service *service;
	struct broker *broker;
	struct arena arena;
	struct dead_letter *letters; /* those that the filter selects, oldest first */
	size_t count, room;
	bool incomplete; /* the queue holds dead letters that could not be read */
	int64_t delivered, dropped;
};

/* Reads what is in <service>.dead. False after an error message: no broker, no queue, or a lost connection. Letters
 * that another consumer holds, and all beyond the first 20,000, cannot be read: `incomplete`, after an error message.
 */
bool dead_queue_open(const struct service *service, const struct dead_filter *filter, struct dead_queue *ret_queue);
/* Reads the next dead letter that has arrived since, without the filter. False where none comes within `wait_us`. It
 * lives as long as the queue. */
bool dead_queue_next(struct dead_queue *queue, int64_t wait_us, struct dead_letter *ret_letter);
/* Deletes a dead letter. */
must_check enum status dead_queue_drop(struct dead_queue *queue, const struct dead_letter *letter);
/* Waits until the broker has deleted what was dropped, and closes the connection. RabbitMQ does not confirm an
 * acknowledgement, and forgets those that it has not yet passed to the queue when the channel ends. False after an
 * error message: some of the dropped letters are in the queue again. */
bool dead_queue_settle(struct dead_queue *queue);
void dead_queue_close(struct dead_queue *queue);

/* Whether the operator chose dead letters: by an id, a filter or --all. False after an error message: a command that
 * changes something must not take all of them by default. */
bool dead_filter_given(const struct dead_filter *filter, const char *command);

#endif
