/* Reads events.log, a stream, over AMQP 0-9-1. A stream keeps what is read: reading changes nothing.
 *
 * The end is fixed when the log is opened. Events that arrive later are not read, unless `follow` is set. */
#ifndef CTL_LIB_EVENT_LOG_H
#define CTL_LIB_EVENT_LOG_H

#include "ctl/lib/log_event.h"
#include "ctl/lib/log_position.h"

#define LOG_QUEUE "events.log"

struct log_range {
	struct log_position from;  /* none: the first event of the log */
	struct log_position until; /* the last event that is read; none: the end of the log at its opening */
	bool follow;               /* goes on with events that arrive, until interrupted */
	bool quiet;                /* no progress on the terminal */
};

struct event_log;

/* Opens the log. False after an error message: no broker, no log, no such position, or a position that retention has
 * dropped. In the last case the message names the first offset that is still there. */
bool event_log_open(const struct log_range *range, struct event_log **ret_log);
/* NULL is accepted. */
void event_log_free(struct event_log *log);

enum log_step {
	LOG_EVENT,
	LOG_END,
	LOG_FAILED /* after an error message */
};
/* The next event of the range. Its pointers live until the next call. */
enum log_step event_log_next(struct event_log *log, struct log_event *ret_event);

/* The offsets of the log's first message, known after the first event_log_next, and of its last one at the opening. -1:
 * the log is empty. */
int64_t event_log_first(const struct event_log *log);
int64_t event_log_last(const struct event_log *log);

#endif
