/* Reads the stream message by message. A message holds one event or a batch of them. */
#include "ctl/lib/event_log.h"

#include <string.h>
#include <unistd.h>

#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"

/* A stream delivers in chunks. A pause of this length is the end of a chunk. */
#define CHUNK_US (200 * MS_US)
/* A log whose first message does not come within this time counts as empty. */
#define FIRST_US (2 * SECOND_US)
/* A message that is known to be there must come within this time. */
#define READ_US (30 * SECOND_US)
/* An event reaches the log after its decision, and clocks differ. A search by time begins earlier by this much. */
#define SLACK_US MINUTE_US

enum { PREFETCH = 500 };

struct event_log {
	struct log_range range;
	struct broker *broker;
	struct arena arena; /* of the current message */
	int64_t start;      /* the first offset that is wanted; 0: the first of the log */
	int64_t first, last;
	int64_t offset; /* of the current message */
	const struct json *events;
	int next, count;
	bool started;       /* the start of the range was reached */
	int64_t unreadable; /* messages that are not JSON */
	bool over;          /* the end of the range was reached */
	bool any;           /* an event lay in the range */
	bool bounded;       /* the range has a beginning and an end, of which one names an event */
	bool end_seen;      /* the event at which the range ends came before that at which it begins */
};

static bool consume_error(struct broker *broker, enum status status)
{
	if (status == E_NOT_FOUND)
		print_error("there is no %s on this broker; comanda topology apply makes it", LOG_QUEUE);
	else if (strstr(broker_detail(broker), "x-stream-offset") != NULL)
		print_error("%s is no stream on this broker; RabbitMQ 3.9 and later have them", LOG_QUEUE);
	else if (strstr(broker_detail(broker), "refused") != NULL && strstr(broker_detail(broker), "access") != NULL)
		print_error("this account may not read %s: %s", LOG_QUEUE, broker_detail(broker));
	else
		print_error("%s cannot be read: %s", LOG_QUEUE, broker_detail(broker));
	return false;
}

static bool consume(struct broker *broker, struct broker_consume from)
{
	from.queue = LOG_QUEUE;
	from.prefetch = PREFETCH;
	from.stream = true;
	const enum status status = broker_consume(broker, &from);
	return status == OK || consume_error(broker, status);
}

/* Offset "last" starts with the last chunk, and the last message of that chunk is the end of the log. Under load
 * messages arrive without a pause: the last one that came within a second counts. */
static bool find_end(struct event_log *log)
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
			print_error("%s is no stream on this broker; RabbitMQ 3.9 and later have them", LOG_QUEUE);
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
		print_error("the connection to the broker was lost: %s", broker_detail(broker));
	broker_close(broker);
	broker_free(broker);
	return status == E_TIMEOUT;
}

static struct broker_consume start_of(struct event_log *log)
{
	const struct log_position from =
		log->range.from.kind == POSITION_EVENT ? log_position_before(&log->range.from.id) : log->range.from;

	switch (from.kind) {
	case POSITION_OFFSET:
		log->start = from.offset;
		return (struct broker_consume){.stream_offset = from.offset};
	case POSITION_TIME:
		return (struct broker_consume){.stream_since_us = from.at_us > SLACK_US ? from.at_us - SLACK_US : 1};
	case POSITION_NEXT:
		return (struct broker_consume){.stream_offset = -2};
	case POSITION_EVENT:
	case POSITION_NONE:
		break;
	}
	return (struct broker_consume){.stream_offset = -1};
}

static bool print_reversed(void)
{
	print_error("the range holds no event: its end lies before its beginning");
	return false;
}

static bool reversed_times(const struct log_range *range)
{
	return range->from.kind == POSITION_TIME && range->until.kind == POSITION_TIME &&
	       range->from.at_us > range->until.at_us;
}

static bool reversed_offsets(const struct log_range *range)
{
	return range->from.kind == POSITION_OFFSET && range->until.kind == POSITION_OFFSET &&
	       range->from.offset > range->until.offset;
}

/* Whether the position names an event, which lies in every range that it begins or ends. */
static bool names_event(const struct log_position *position)
{
	return position->kind == POSITION_OFFSET || position->kind == POSITION_EVENT;
}

/* A range of two offsets is compared when it is opened, and its messages may hold no event. */
static bool is_bounded(const struct log_range *range)
{
	const bool offsets = range->from.kind == POSITION_OFFSET && range->until.kind == POSITION_OFFSET;

	return !offsets && range->from.kind != POSITION_NONE && range->until.kind != POSITION_NONE &&
	       (names_event(&range->from) || names_event(&range->until));
}

/* An offset beyond the end is an error of the operator. Without this check the result would be empty. */
static bool check_range(const struct event_log *log)
{
	const struct log_position *ends[] = {&log->range.from, &log->range.until};

	for (int i = 0; i < 2; i++)
		if (ends[i]->kind == POSITION_OFFSET && ends[i]->offset > log->last) {
			print_error("there is no offset %lld yet: %s ends at %lld", (long long)ends[i]->offset,
				    LOG_QUEUE, (long long)log->last);
			return false;
		}
	if (reversed_times(&log->range) || reversed_offsets(&log->range))
		return print_reversed();
	return true;
}

bool event_log_open(const struct log_range *range, struct event_log **ret_log)
{
	struct event_log *log = mem_new(1, sizeof(*log));

	log->range = *range;
	log->first = -1;
	arena_init(&log->arena);
	bool fine = find_end(log) && check_range(log);
	if (fine)
		log->broker = connect_broker("log", false);
	fine = fine && log->broker != NULL && consume(log->broker, start_of(log));
	log->over = !range->follow && log->last < 0;
	log->started = range->from.kind != POSITION_EVENT;
	log->bounded = is_bounded(range);
	if (fine)
		*ret_log = log;
	else
		event_log_free(log);
	return fine;
}

void event_log_free(struct event_log *log)
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

int64_t event_log_first(const struct event_log *log)
{
	return log->first;
}

int64_t event_log_last(const struct event_log *log)
{
	return log->last;
}

/* False where retention has dropped the offset at which the range starts. */
static bool is_whole(const struct event_log *log, const struct delivery *delivery)
{
	struct faults faults = {0};
	const struct json *json;
	struct arena arena;
	struct log_event event = {0};

	if (log->range.from.kind != POSITION_OFFSET || delivery->stream_offset <= log->start)
		return true;
	arena_init(&arena);
	char time[TIMESTAMP_TEXT + 1] = "an unknown time";
	if (json_parse(&arena, delivery->body, &faults, &json) == OK &&
	    log_event_read(json_count(json) > 0 ? json_item(json, 0) : json, &event))
		timestamp_text(event.time_us, time);
	print_error("offset %lld is gone, retention has dropped it: the log is whole from --from %lld (%s) on",
		    (long long)log->start, (long long)delivery->stream_offset, time);
	arena_done(&arena);
	return false;
}

static enum log_step fail(struct event_log *log)
{
	log->over = true;
	return LOG_FAILED;
}

static int64_t message_timeout(const struct event_log *log)
{
	if (log->range.follow)
		return CHUNK_US;
	return log->first < 0 && log->range.from.kind != POSITION_OFFSET ? FIRST_US : READ_US;
}

/* Makes the next message the current one. */
static enum log_step take_message(struct event_log *log)
{
	struct faults faults = {0};
	struct delivery delivery;

	arena_reset(&log->arena);
	const enum status status = broker_next(log->broker, message_timeout(log), &log->arena, &delivery);
	log->next = log->count = 0;
	if (status == E_TIMEOUT && log->range.follow)
		return LOG_EVENT; /* an empty message: the caller asks again */
	if (status == E_TIMEOUT && log->first < 0 && log->range.from.kind != POSITION_OFFSET) {
		log->over = true; /* the log ends before the start of the range */
		return LOG_EVENT;
	}
	if (status != OK || broker_ack(log->broker, delivery.tag, false) != OK) {
		print_error("the connection to the broker was lost while %s was read: %s", LOG_QUEUE,
			    broker_detail(log->broker));
		return fail(log);
	}
	if (log->first < 0 && !is_whole(log, &delivery))
		return fail(log);
	if (log->first < 0)
		log->first = delivery.stream_offset;
	log->offset = delivery.stream_offset;
	if (!log->range.follow)
		log->over = log->offset >= log->last;
	if (log->offset < log->start) /* a stream starts with the chunk that holds the offset */
		return LOG_EVENT;
	if (json_parse(&log->arena, delivery.body, &faults, &log->events) != OK) {
		log->unreadable++;
		return LOG_EVENT;
	}
	const int count = json_count(log->events);
	log->count = count < 0 ? 1 : count;
	return LOG_EVENT;
}

/* Whether the event lies in the range. Sets `over` at the end of the range. */
static bool in_range(struct event_log *log, const struct log_event *event)
{
	const struct log_position *from = &log->range.from, *until = &log->range.until;

	if (!log->started && uuid_equal(&event->id, &from->id))
		log->started = true;
	if (!log->started && until->kind == POSITION_EVENT && uuid_equal(&event->id, &until->id))
		log->end_seen = true;
	if (!log->started || (from->kind == POSITION_TIME && event->time_us < from->at_us))
		return false;
	if (until->kind == POSITION_OFFSET && event->offset > until->offset) {
		log->over = true;
		log->next = log->count;
		return false;
	}
	if (until->kind == POSITION_EVENT && uuid_equal(&event->id, &until->id)) {
		log->range.until.kind = POSITION_NONE; /* found */
		log->over = true;
		log->next = log->count;
		return true;
	}
	return until->kind != POSITION_TIME || event->time_us <= until->at_us;
}

static enum log_step end_of(struct event_log *log)
{
	const struct log_position *missing = !log->started                             ? &log->range.from
					     : log->range.until.kind == POSITION_EVENT ? &log->range.until
										       : NULL;
	char id[UUID_TEXT + 1];

	progress_end();
	if (log->started && (log->end_seen || (log->bounded && !log->any && missing == NULL)) && !interrupted()) {
		(void)print_reversed();
		return LOG_FAILED;
	}
	if (missing == NULL && log->unreadable > 0 && isatty(STDERR_FILENO))
		print_error("note: %lld messages in %s are not JSON, and were skipped", (long long)log->unreadable,
			    LOG_QUEUE);
	if (missing == NULL)
		return LOG_END;
	uuid_text(&missing->id, id);
	if (missing == &log->range.until && log->range.from.kind != POSITION_NONE)
		print_error("there is no event %s in %s, or it lies before the beginning of the range", id, LOG_QUEUE);
	else
		print_error("there is no event %s in %s", id, LOG_QUEUE);
	return LOG_FAILED;
}

enum log_step event_log_next(struct event_log *log, struct log_event *ret_event)
{
	for (;;) {
		while (log->next < log->count) {
			const int index = log->next++;
			const struct json *json =
				json_count(log->events) < 0 ? log->events : json_item(log->events, index);

			if (!log_event_read(json, ret_event))
				continue;
			ret_event->offset = log->offset;
			ret_event->index = index;
			if (in_range(log, ret_event)) {
				log->any = true;
				return LOG_EVENT;
			}
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
