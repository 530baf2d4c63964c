/* Reading events.log, a stream, over AMQP 0-9-1. Looking changes nothing: a stream keeps what is read.
 *
 * The end is fixed when the log is opened: what comes in afterwards is not read, unless `follow`. */
#ifndef CTL_LIB_EVENT_LOG_H
#define CTL_LIB_EVENT_LOG_H

#include "ctl/lib/log_position.h"
#include "json/json.h"

#define LOG_QUEUE "events.log"

struct log_range {
	struct log_position from;  /* none: the first event there is */
	struct log_position until; /* this one included; none: the last one as the log stood when it was opened */
	bool follow;               /* goes on with what comes in, until interrupted */
	bool quiet;                /* no progress on the terminal */
};

/* One event of the log. What it points at lives until the next eventlog_next. */
struct logged {
	int64_t offset; /* events that travelled together share one */
	int index;      /* which of them */
	struct uuid id, subject, cause;
	char type[64];            /* "order.placed" */
	const char *service_name; /* who said it: "orders"; "operator" */
	int64_t time_us;          /* of the decision */
	int64_t sequence;
	const struct json *json; /* the whole event */
	const struct json *data; /* NULL: none */
};

struct eventlog;

/* Opens it; false after saying on standard error what is wrong: no broker, no log, no such log_position, or a
 * log_position that retention has dropped (it says from where on the log is whole). */
bool eventlog_open(const struct log_range *range, struct eventlog **ret_log);
void eventlog_free(struct eventlog *log);

enum log_step {
	LOG_EVENT,
	LOG_END,
	LOG_FAILED /* after saying why on standard error */
};
enum log_step eventlog_next(struct eventlog *log, struct logged *ret_event);

/* The first offset that was there when reading began, and the last as it stood at the opening; -1: the log is empty.
 * `first` is known after the first eventlog_next. */
int64_t eventlog_first(const struct eventlog *log);
int64_t eventlog_last(const struct eventlog *log);

/* Reads a text as one event, as eventlog_next gives it; false where it is none. */
bool logged_read(const struct json *json, struct logged *ret_event);

/* Where to begin to look for what has to do with an id: some minutes before the moment that a UUIDv7 carries, which for
 * one that was derived is that of its cause; the log's beginning for other ids. */
struct log_position place_before(const struct uuid *id);

/* A member of an object as text, "" where there is none; as an id, nil where there is none. */
const char *json_text_of(const struct json *object, const char *name);
struct uuid json_id_of(const struct json *object, const char *name);

#endif
