/* The stream, message by message, each of which may hold many events. */
#include "ctl/lib/event_log.h"

#include <string.h>
#include <unistd.h>

#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"

/* A chunk arrives in one go: silence for this long is its end. */
#define CHUNK_US (200 * MS_US)
/* How long the broker may take to answer at all before the log counts as empty. */
#define FIRST_US (2 * SECOND_US)
/* While reading, the broker has what is asked for. */
#define READ_US (30 * SECOND_US)
/* An event may reach the log later than it was decided, and clocks differ: so much earlier a search by time begins. */
#define SLACK_US MINUTE_US

enum { PREFETCH = 500 };

struct eventlog {
	struct log_range range;
	struct broker *broker;
	struct arena arena; /* of the message that is being read */
	int64_t start;      /* offset to begin with; 0 where the first is meant */
	int64_t first, last;
	int64_t offset; /* of the current message */
	const struct json *events;
	int next, count;
	bool started;       /* the log_position to start at was met */
	int64_t unreadable; /* messages that are no JSON */
	bool over;
};

static bool refuse(struct broker *broker, enum status status)
{
	if (status == E_NOT_FOUND)
		complain("there is no %s on this broker; comanda topology apply makes it", LOG_QUEUE);
	else if (strstr(broker_detail(broker), "x-stream-offset") != NULL)
		complain("%s is no stream on this broker; RabbitMQ 3.9 and later have them", LOG_QUEUE);
	else if (strstr(broker_detail(broker), "refused") != NULL && strstr(broker_detail(broker), "access") != NULL)
		complain("this account may not read %s: %s", LOG_QUEUE, broker_detail(broker));
	else
		complain("%s cannot be read: %s", LOG_QUEUE, broker_detail(broker));
	return false;
}

static bool consume(struct broker *broker, struct broker_consume from)
{
	from.queue = LOG_QUEUE;
	from.prefetch = PREFETCH;
	from.stream = true;
	const enum status status = broker_consume(broker, &from);
	return status == OK || refuse(broker, status);
}

/* "Last" starts with the last chunk, whose last message is the log's end. Where more comes in all the time, what came
 * within a second counts. */
static bool find_end(struct eventlog *log)
{
	struct broker *broker = connect_broker("log-end", false);
	const int64_t until = monotonic_now() + SECOND_US;
	struct delivery delivery;

	if (broker == NULL)
		return false;
	log->last = -1;
	enum status status = consume(broker, (struct broker_consume){.stream_offset = -3}) ? OK : E_INTERNAL;
	if (status == OK)
		status = broker_next(broker, FIRST_US, &log->arena, &delivery);
	while (status == OK) {
		log->last = delivery.stream_offset;
		if (log->last < 0) {
			complain("%s is no stream on this broker; RabbitMQ 3.9 and later have them", LOG_QUEUE);
			status = E_INTERNAL;
			break;
		}
		arena_reset(&log->arena);
		status = broker_ack(broker, delivery.tag, false);
		if (status == OK)
			status = monotonic_now() > until ? E_TIMEOUT
							 : broker_next(broker, CHUNK_US, &log->arena, &delivery);
	}
	if (status == E_UNAVAILABLE)
		complain("the broker went away: %s", broker_detail(broker));
	broker_close(broker);
	broker_free(broker);
	return status == E_TIMEOUT;
}

static struct broker_consume start_of(struct eventlog *log)
{
	const struct log_position from =
		log->range.from.kind == PLACE_EVENT ? place_before(&log->range.from.id) : log->range.from;

	switch (from.kind) {
	case PLACE_OFFSET:
		log->start = from.offset;
		return (struct broker_consume){.stream_offset = from.offset};
	case PLACE_TIME:
		return (struct broker_consume){.stream_since_us = from.at_us > SLACK_US ? from.at_us - SLACK_US : 1};
	case PLACE_NEXT:
		return (struct broker_consume){.stream_offset = -2};
	case PLACE_EVENT:
	case PLACE_NONE:
		break;
	}
	return (struct broker_consume){.stream_offset = -1};
}

/* Places beyond the end are a mistake that is better told than answered by silence. */
static bool check_range(const struct eventlog *log)
{
	const struct log_position *ends[] = {&log->range.from, &log->range.until};

	for (int i = 0; i < 2; i++)
		if (ends[i]->kind == PLACE_OFFSET && ends[i]->offset > log->last) {
			complain("there is no offset %lld yet: %s ends at %lld", (long long)ends[i]->offset, LOG_QUEUE,
				 (long long)log->last);
			return false;
		}
	return true;
}

bool eventlog_open(const struct log_range *range, struct eventlog **ret_log)
{
	struct eventlog *log = mem_new(1, sizeof(*log));

	log->range = *range;
	log->first = -1;
	arena_init(&log->arena);
	bool fine = find_end(log) && check_range(log);
	if (fine)
		log->broker = connect_broker("log", false);
	fine = fine && log->broker != NULL && consume(log->broker, start_of(log));
	log->over = !range->follow && log->last < 0;
	log->started = range->from.kind != PLACE_EVENT;
	if (fine)
		*ret_log = log;
	else
		eventlog_free(log);
	return fine;
}

void eventlog_free(struct eventlog *log)
{
	if (log == NULL)
		return;
	progress_end();
	if (log->broker != NULL)
		broker_close(log->broker);
	broker_free(log->broker);
	arena_done(&log->arena);
	free(log);
}

int64_t eventlog_first(const struct eventlog *log)
{
	return log->first;
}

int64_t eventlog_last(const struct eventlog *log)
{
	return log->last;
}

/* Retention drops the log's beginning: what was asked for from there on cannot be given whole. */
static bool is_whole(const struct eventlog *log, const struct delivery *delivery)
{
	struct faults faults = {0};
	const struct json *json;
	struct arena arena;
	struct logged event = {0};

	if (log->range.from.kind != PLACE_OFFSET || delivery->stream_offset <= log->start)
		return true;
	arena_init(&arena);
	char time[TIMESTAMP_TEXT + 1] = "an unknown time";
	if (json_parse(&arena, delivery->body, &faults, &json) == OK &&
	    logged_read(json_count(json) > 0 ? json_item(json, 0) : json, &event))
		timestamp_text(event.time_us, time);
	complain("offset %lld is gone, retention has dropped it: the log is whole from --from %lld (%s) on",
		 (long long)log->start, (long long)delivery->stream_offset, time);
	arena_done(&arena);
	return false;
}

static enum log_step fail(struct eventlog *log)
{
	log->over = true;
	return LOG_FAILED;
}

static int64_t patience(const struct eventlog *log)
{
	if (log->range.follow)
		return CHUNK_US;
	return log->first < 0 && log->range.from.kind != PLACE_OFFSET ? FIRST_US : READ_US;
}

/* Makes the next message the current one. */
static enum log_step take_message(struct eventlog *log)
{
	struct faults faults = {0};
	struct delivery delivery;

	arena_reset(&log->arena);
	const enum status status = broker_next(log->broker, patience(log), &log->arena, &delivery);
	log->next = log->count = 0;
	if (status == E_TIMEOUT && log->range.follow)
		return LOG_EVENT; /* of which there are none: the caller looks again */
	if (status == E_TIMEOUT && log->first < 0 && log->range.from.kind != PLACE_OFFSET) {
		log->over = true; /* nothing has come in since */
		return LOG_EVENT;
	}
	if (status != OK || broker_ack(log->broker, delivery.tag, false) != OK) {
		complain("the broker went away while %s was read: %s", LOG_QUEUE, broker_detail(log->broker));
		return fail(log);
	}
	if (log->first < 0 && !is_whole(log, &delivery))
		return fail(log);
	if (log->first < 0)
		log->first = delivery.stream_offset;
	log->offset = delivery.stream_offset;
	if (!log->range.follow)
		log->over = log->offset >= log->last;
	if (log->offset < log->start) /* a stream begins with the chunk that holds the offset */
		return LOG_EVENT;
	if (json_parse(&log->arena, delivery.body, &faults, &log->events) != OK) {
		log->unreadable++;
		return LOG_EVENT;
	}
	const int count = json_count(log->events);
	log->count = count < 0 ? 1 : count;
	return LOG_EVENT;
}

/* Whether the event lies in the range; may end the reading. */
static bool in_range(struct eventlog *log, const struct logged *event)
{
	const struct log_position *from = &log->range.from, *until = &log->range.until;

	if (!log->started && uuid_equal(&event->id, &from->id))
		log->started = true;
	if (!log->started || (from->kind == PLACE_TIME && event->time_us < from->at_us))
		return false;
	if (until->kind == PLACE_OFFSET && event->offset > until->offset) {
		log->over = true;
		log->next = log->count;
		return false;
	}
	if (until->kind == PLACE_EVENT && uuid_equal(&event->id, &until->id)) {
		log->range.until.kind = PLACE_NONE; /* it was met */
		log->over = true;
		log->next = log->count;
		return true;
	}
	return until->kind != PLACE_TIME || event->time_us <= until->at_us;
}

static enum log_step end_of(struct eventlog *log)
{
	const struct log_position *missing = !log->started                          ? &log->range.from
					     : log->range.until.kind == PLACE_EVENT ? &log->range.until
										    : NULL;
	char id[UUID_TEXT + 1];

	progress_end();
	if (missing == NULL && log->unreadable > 0 && isatty(STDERR_FILENO))
		complain("note: %lld messages in %s are not JSON, and were passed over", (long long)log->unreadable,
			 LOG_QUEUE);
	if (missing == NULL)
		return LOG_END;
	uuid_text(&missing->id, id);
	complain("there is no event %s in %s", id, LOG_QUEUE);
	return LOG_FAILED;
}

enum log_step eventlog_next(struct eventlog *log, struct logged *ret_event)
{
	for (;;) {
		while (log->next < log->count) {
			const int index = log->next++;
			const struct json *json =
				json_count(log->events) < 0 ? log->events : json_item(log->events, index);

			if (!logged_read(json, ret_event))
				continue;
			ret_event->offset = log->offset;
			ret_event->index = index;
			if (in_range(log, ret_event))
				return LOG_EVENT;
		}
		if (log->over || interrupted())
			return end_of(log);
		if (!log->range.follow && !log->range.quiet)
			progress("reading " LOG_QUEUE, log->first < 0 ? 0 : log->offset - log->first,
				 log->first < 0 ? 0 : log->last - log->first);
		if (take_message(log) == LOG_FAILED)
			return LOG_FAILED;
	}
}
