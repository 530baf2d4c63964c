/* Reads dead letters from the broker. */
#include "ctl/dead/dead_queue.h"

#include <stdio.h>
#include <string.h>

#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/event_log.h"
#include "json/value.h"

/* The broker counts dead letters that another operator holds at this moment. They do not come within this time. */
#define WAIT_US (2 * SECOND_US)

enum { PREFETCH = 20000 };

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

static bool start(struct dead_queue *queue, struct queue_depth *ret_depth)
{
	const char *name = arena_format(&queue->arena, "%s.dead", queue->service->queue_prefix);

	queue->broker = connect_broker("dead", true);
	if (queue->broker == NULL)
		return false;
	enum status status = broker_depth(queue->broker, name, ret_depth);
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
	*ret_letter = read_letter(queue, &delivery);
	return true;
}

bool dead_queue_open(const struct service *service, const struct dead_filter *filter, struct dead_queue *ret_queue)
{
	struct dead_queue queue = {.service = service};
	struct queue_depth depth;
	struct dead_letter letter;

	arena_init(&queue.arena);
	if (!start(&queue, &depth)) {
		dead_queue_close(&queue);
		return false;
	}
	for (int64_t i = 0; i < depth.waiting && dead_queue_next(&queue, WAIT_US, &letter); i++)
		if (passes(filter, &letter) && (filter->limit == 0 || (int64_t)queue.count < filter->limit))
			keep(&queue, &letter);
	*ret_queue = queue;
	return true;
}

enum status dead_queue_drop(struct dead_queue *queue, const struct dead_letter *letter)
{
	return broker_ack(queue->broker, letter->tag, false);
}

void dead_queue_close(struct dead_queue *queue)
{
	if (queue->broker != NULL)
		broker_close(queue->broker);
	broker_free(queue->broker);
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
