/* Reads dead letters from the broker. */
#include "ctl/dead/dead_queue.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/event_log.h"
#include "json/value.h"

/* The broker counts dead letters that another operator holds at this moment. They do not come within this time. */
#define WAIT_US (2 * SECOND_US)
/* The broker removes the consumer of an earlier command within this time after that command has ended. */
#define GONE_US (2 * SECOND_US)
#define POLL_US (100 * MS_US)

/* Acknowledgements reach the queue within this time after they were sent. */
#define SETTLE_US (2 * SECOND_US)

enum {
	PREFETCH = 20000,
	UNSETTLED_MAX =
		32 /* a channel passes so many acknowledgements to a quorum queue at once, and keeps the others */
};

static const char *header(const struct delivery *delivery, const char *name, const char *otherwise)
{
	for (int i = 0; i < delivery->header_count; i++)
		if (strcmp(delivery->headers[i].name, name) == 0 && delivery->headers[i].text != NULL)
			return delivery->headers[i].text;
	return otherwise;
}

static int64_t header_time(const struct delivery *delivery, const char *name)
{
	const char *text = header(delivery, name, "");
	int64_t at_us = INT_ABSENT;

	return timestamp_parse(text, strlen(text), &at_us) == OK ? at_us : INT_ABSENT;
}

/* The id under which the consumer's inbox records an event: its own, or a hash of the text where the id is unreadable.
 */
static struct uuid inbox_id(const struct json *json, const struct dead_letter *letter)
{
	struct uuid id = json == NULL ? (struct uuid){0} : json_id_of(json, "id");
	struct buffer text;

	if (!uuid_is_nil(&id))
		return id;
	if (json == NULL)
		return uuid_of_text("unreadable", letter->body.bytes, letter->body.size);
	buffer_init(&text);
	json_print(&text, json);
	id = uuid_of_text("unreadable", text.bytes, text.size);
	buffer_done(&text);
	return id;
}

static void read_ids(struct arena *arena, struct dead_letter *letter)
{
	const int many = letter->json == NULL ? -1 : json_count(letter->json);

	letter->id_count = many <= 0 ? 1 : (size_t)many;
	letter->ids = arena_new(arena, letter->id_count + 1, sizeof(struct uuid));
	for (size_t i = 0; i < letter->id_count; i++)
		letter->ids[i] = inbox_id(many <= 0 ? letter->json : json_item(letter->json, (int)i), letter);
}

static void read_subject(struct dead_letter *letter, struct arena *arena)
{
	const struct json *first =
		letter->json != NULL && json_count(letter->json) > 0 ? json_item(letter->json, 0) : letter->json;
	struct log_event event = {0};

	if (first == NULL || json_type(first) != JSON_OBJECT)
		return;
	(void)log_event_read(first, &event);
	if (event.type[0] != '\0')
		letter->type = arena_text(arena, event.type);
	letter->order = json_id_of(event.data, "order_id");
	if (uuid_is_nil(&letter->order) && strncmp(letter->type, "order.", 6) == 0)
		letter->order = event.subject;
}

static struct dead_letter read_letter(struct dead_queue *queue, const struct delivery *delivery)
{
	struct faults faults = {0};
	struct dead_letter letter = {
		.service = queue->service,
		.tag = delivery->tag,
		.body = delivery->body,
		.type = delivery->type != NULL ? delivery->type : "unknown",
		.code = header(delivery, "x-dead-code", "not_settled"),
		.reason =
			header(delivery, "x-dead-reason", "the broker dead-lettered it: its consumer never settled it"),
		.origin = header(delivery, "x-dead-origin", event_queue_of(queue->service, &queue->arena)),
		.attempts = strtoll(header(delivery, "x-dead-attempts", "20"), NULL, 10),
		.first_us = header_time(delivery, "x-dead-first"),
		.last_us = header_time(delivery, "x-dead-last"),
	};

	if (json_parse(&queue->arena, delivery->body, &faults, &letter.json) != OK)
		letter.json = NULL;
	read_ids(&queue->arena, &letter);
	read_subject(&letter, &queue->arena);
	return letter;
}

static bool has_id(const struct dead_letter *letter, const struct uuid *id)
{
	for (size_t i = 0; i < letter->id_count; i++)
		if (uuid_equal(&letter->ids[i], id))
			return true;
	return false;
}

static bool passes(const struct dead_filter *filter, const struct dead_letter *letter)
{
	return (filter->code == NULL || strcmp(filter->code, letter->code) == 0) &&
	       (filter->type == NULL || strcmp(filter->type, letter->type) == 0) &&
	       (uuid_is_nil(&filter->order) || uuid_equal(&filter->order, &letter->order)) &&
	       (uuid_is_nil(&filter->event) || has_id(letter, &filter->event)) &&
	       (filter->from.kind != POSITION_TIME || letter->last_us >= filter->from.at_us) &&
	       (filter->until.kind != POSITION_TIME || letter->last_us <= filter->until.at_us);
}

static void keep(struct dead_queue *queue, const struct dead_letter *letter)
{
	if (queue->count == queue->room) {
		queue->room = queue->room == 0 ? 64 : queue->room * 2;
		queue->letters = mem_grow(queue->letters, queue->room * sizeof(*queue->letters));
	}
	queue->letters[queue->count++] = *letter;
}

static const char *queue_name(struct dead_queue *queue)
{
	return arena_format(&queue->arena, "%s.dead", queue->service->queue_prefix);
}

/* How many dead letters are ready, and how many consumers the queue has. Other consumers get GONE_US to disappear. */
static enum status read_depth(struct dead_queue *queue, const char *name, struct queue_depth *ret_depth)
{
	const int64_t until = monotonic_now() + GONE_US;
	enum status status = broker_depth(queue->broker, name, ret_depth);

	while (status == OK && ret_depth->consumers > 0 && monotonic_now() < until && !interrupted()) {
		usleep(POLL_US);
		status = broker_depth(queue->broker, name, ret_depth);
	}
	return status;
}

static bool start(struct dead_queue *queue, struct queue_depth *ret_depth)
{
	const char *name = queue_name(queue);

	queue->broker = connect_broker("dead", true);
	if (queue->broker == NULL)
		return false;
	enum status status = read_depth(queue, name, ret_depth);
	if (status == OK)
		status = broker_consume(queue->broker, &(struct broker_consume){.queue = name, .prefetch = PREFETCH});
	if (status == E_NOT_FOUND)
		print_error("there is no queue %s; comanda topology apply makes it", name);
	else if (status != OK)
		print_error("%s cannot be read: %s", name, broker_detail(queue->broker));
	return status == OK;
}

bool dead_queue_next(struct dead_queue *queue, int64_t wait_us, struct dead_letter *ret_letter)
{
	struct delivery delivery;

	if (broker_next(queue->broker, wait_us, &queue->arena, &delivery) != OK)
		return false;
	queue->delivered++;
	*ret_letter = read_letter(queue, &delivery);
	return true;
}

/* Says which dead letters are in the queue and could not be read. */
static void explain_missing(struct dead_queue *queue, const struct queue_depth *depth, int64_t read)
{
	const char *name = queue_name(queue);

	queue->incomplete = true;
	if (depth->consumers > 0)
		print_error(
			"%s has %lld other consumer%s: the dead letters that it holds are not in this list; end it, "
			"then try again",
			name, (long long)depth->consumers, depth->consumers == 1 ? "" : "s");
	else
		print_error("%lld of the %lld dead letters in %s were not read%s", (long long)(depth->waiting - read),
			    (long long)depth->waiting, name,
			    read == PREFETCH ? ": redrive or drop those that were" : "; try again");
}

/* Reads as many as the broker has counted. False after an error message: the connection is lost. */
static bool read_letters(struct dead_queue *queue, const struct dead_filter *filter, const struct queue_depth *depth)
{
	struct dead_letter letter;
	int64_t read = 0;

	while (read < depth->waiting && read < PREFETCH && dead_queue_next(queue, WAIT_US, &letter)) {
		read++;
		if (passes(filter, &letter) && (filter->limit == 0 || (int64_t)queue->count < filter->limit))
			keep(queue, &letter);
	}
	if (!broker_connected(queue->broker) || !broker_consuming(queue->broker)) {
		print_error("%s was not read to its end: %s", queue_name(queue), broker_detail(queue->broker));
		return false;
	}
	const bool enough = filter->limit > 0 && (int64_t)queue->count == filter->limit;
	if (!enough && (read < depth->waiting || depth->consumers > 0))
		explain_missing(queue, depth, read);
	return true;
}

bool dead_queue_open(const struct service *service, const struct dead_filter *filter, struct dead_queue *ret_queue)
{
	struct dead_queue queue = {.service = service};
	struct queue_depth depth;

	arena_init(&queue.arena);
	if (!start(&queue, &depth) || !read_letters(&queue, filter, &depth)) {
		dead_queue_close(&queue);
		return false;
	}
	*ret_queue = queue;
	return true;
}

enum status dead_queue_drop(struct dead_queue *queue, const struct dead_letter *letter)
{
	const enum status status = broker_ack(queue->broker, letter->tag, false);

	queue->dropped += status == OK;
	return status;
}

static void disconnect(struct dead_queue *queue)
{
	if (queue->broker != NULL)
		broker_close(queue->broker);
	broker_free(queue->broker);
	queue->broker = NULL;
}

/* How many dead letters are in the queue when ours are given back: at most `most`, or the number after SETTLE_US. */
static int64_t count_left(struct dead_queue *queue, int64_t most)
{
	const int64_t until = monotonic_now() + SETTLE_US;
	struct queue_depth depth = {0};

	queue->broker = connect_broker("dead", false);
	if (queue->broker == NULL)
		return most;
	while (broker_depth(queue->broker, queue_name(queue), &depth) == OK && depth.waiting > most &&
	       monotonic_now() < until)
		usleep(POLL_US);
	return depth.waiting;
}

bool dead_queue_settle(struct dead_queue *queue)
{
	const int64_t until = monotonic_now() + SETTLE_US;
	struct queue_depth depth;

	if (queue->dropped < UNSETTLED_MAX)
		return true;
	while (monotonic_now() < until && broker_tick(queue->broker, until - monotonic_now()) == OK)
		;
	if (broker_depth(queue->broker, queue_name(queue), &depth) != OK)
		depth.waiting = 0;
	disconnect(queue);
	const int64_t most = depth.waiting + queue->delivered - queue->dropped, left = count_left(queue, most);
	if (left > most)
		print_error("%s holds %lld dead letters more than it should: they came now, or the broker has not "
			    "deleted them; comanda dead list shows them",
			    queue_name(queue), (long long)(left - most));
	return left <= most;
}

void dead_queue_close(struct dead_queue *queue)
{
	disconnect(queue);
	free(queue->letters);
	arena_done(&queue->arena);
}

bool dead_filter_given(const struct dead_filter *filter, const char *command)
{
	if (filter->all || filter->code != NULL || filter->type != NULL || !uuid_is_nil(&filter->order) ||
	    !uuid_is_nil(&filter->event) || filter->from.kind != POSITION_NONE || filter->until.kind != POSITION_NONE)
		return true;
	print_error("%s needs an event's id, a filter, or --all; comanda dead list shows what there is", command);
	return false;
}
