/* Gathering: what has arrived becomes items that can be decided. */
#include <assert.h>
#include <string.h>

#include "consumer/consumer.h"
#include "consumer/consumer_metrics.h"
#include "consumer/event_join.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

enum { ITEMS_MAX = 200, BYTES_MAX = 4 * 1024 * 1024 };

static struct metric gathered = {
	.name = "comanda_turn_items", .help = "Items that one turn worked on", .type = HISTOGRAM, .label = "lane"};
static struct metric refused = {.name = "comanda_refused_messages_total",
				.help = "Messages that were not what they should be",
				.type = COUNTER,
				.label = "why"};

struct delivery *batch_delivery(struct batch *batch)
{
	if (batch->delivery_count == batch->delivery_room) {
		batch->delivery_room = batch->delivery_room == 0 ? 64 : batch->delivery_room * 2;
		batch->deliveries = mem_grow(batch->deliveries, batch->delivery_room * sizeof(struct delivery));
	}
	return &batch->deliveries[batch->delivery_count];
}

struct item *batch_item(struct batch *batch)
{
	if (batch->count == batch->room) {
		batch->room = batch->room == 0 ? 256 : batch->room * 2;
		batch->items = mem_grow(batch->items, batch->room * sizeof(struct item));
	}
	struct item *item = &batch->items[batch->count++];
	*item = (struct item){.delivery = batch->delivery_count - 1};
	return item;
}

static const struct handler *find_handler(const struct lane *lane, int type)
{
	for (const struct handler *handler = lane->plan->handlers; handler->decide != NULL || handler->read != NULL;
	     handler++)
		if (handler->type == type)
			return handler;
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Direct replies need write permission on the default exchange, with which a service could write to any queue. So a
 * lane looks at who sent what, and by which way; the broker vouches for user_id. */
static bool sender_may(const struct lane *lane, const struct delivery *delivery, const struct message_type *type)
{
	if (type->kind == REQUEST)
		return same(delivery->exchange, "rpc") && same(delivery->user_id, type->producer);
	if (same(delivery->exchange, "")) /* a note, or what came before: a retry of our own, an operator's redrive */
		return same(delivery->user_id, broker_user(lane->broker)) ||
		       same(delivery->user_id, lane->engine->service->contract->operator);
	return type->kind == EVENT && same(delivery->exchange, "events") && same(delivery->user_id, type->producer);
}

static void refuse_sender(const struct delivery *delivery, struct item *item)
{
	metric_add(&refused, "sender", 1);
	log_warn("message.forged", kv_text("type", delivery->type), kv_text("user", delivery->user_id),
		 kv_text("exchange", delivery->exchange));
	/* Under its own id it would be remembered, and the true event with that id be taken for a duplicate. */
	item->query.message.id = uuid_derive("forged", &item->query.message.id, 0, item->query.message.time_us);
	item->query.status = E_FORBIDDEN;
	item->query.refusal =
		(struct refusal){E_FORBIDDEN, "wrong_sender", "this sender may not send this message", NULL};
}

/* Next to nothing has faults. */
static void keep_faults(struct lane *lane, struct item *item, const struct faults *faults)
{
	if (faults->count == 0)
		return;
	struct faults *kept = arena_new(lane->reading, 1, sizeof(*kept));
	*kept = *faults;
	item->faults = kept;
}

/* Reads an item's body by the shape of its type. */
static void read_body(struct lane *lane, struct item *item, const struct json *data)
{
	const struct message_type *type = lane_type(lane, item->query.message.type);
	const enum unknown_fields unknown = type->kind == REQUEST ? UNKNOWN_REFUSED : UNKNOWN_IGNORED;
	struct faults faults = {0};

	if (type->shape == NULL)
		return;
	void *body = arena_new(lane->reading, 1, type->shape->size);
	shape_blank(type->shape, body);
	item->query.message.body = body;
	if (data == NULL) {
		faults_add(&faults, lane->reading, "data", "is required");
		item->query.status = E_INVALID;
	} else {
		item->query.status = json_read(data, type->shape, unknown, lane->reading, &faults, body);
	}
	keep_faults(lane, item, &faults);
}

/* Who asks for what, in words that do not change from one sending to the next. */
static struct uuid request_hash(struct lane *lane, const struct item *item)
{
	const struct message *message = &item->query.message;
	const struct message_type *type = lane_type(lane, message->type);
	char caller[UUID_TEXT + 1];

	buffer_clear(&lane->scratch);
	uuid_text(&message->caller.user_id, caller);
	buffer_format(&lane->scratch, "%s\n%s\n", type->name, caller);
	if (type->shape != NULL)
		json_encode_public(&lane->scratch, type->shape,
				   message->body); /* a fast hash is no place for a password */
	return uuid_of_text("request", lane->scratch.bytes, lane->scratch.size);
}

/* Finds what is to be done with an item whose envelope was read. */
static void check_item(struct lane *lane, struct item *item, const struct json *data)
{
	const struct delivery *delivery = &lane->batch.deliveries[item->delivery];
	const int type = item->query.message.type;

	if (item->query.status == OK && !sender_may(lane, delivery, lane_type(lane, type)))
		refuse_sender(delivery, item);
	if (item->query.status != OK)
		return;
	item->handler = find_handler(lane, type);
	if (item->handler == NULL) {
		item->query.status = E_UNKNOWN_TYPE;
		return;
	}
	read_body(lane, item, data);
	if (item->query.status == OK && lane->plan->kind == LANE_COMMAND)
		item->request_hash = request_hash(lane, item);
}

static void gather_unreadable(struct lane *lane, const struct delivery *delivery, const struct faults *faults)
{
	struct item *item = batch_item(&lane->batch);

	metric_add(&refused, "unreadable", 1);
	keep_faults(lane, item, faults);
	item->query.status = E_MALFORMED;
	item->id_text = delivery->correlation_id;
	item->query.message.id = uuid_of_text("unreadable", delivery->body.bytes, delivery->body.size);
	lane->batch.may_wait_us = 0;
}

static void gather_requests(struct lane *lane, const struct delivery *delivery)
{
	struct rpc_items read;

	if (rpc_wire_read_requests(delivery->body, lane->engine->service->contract, lane->reading, &read) != OK) {
		gather_unreadable(lane, delivery, &read.faults);
		return;
	}
	for (size_t i = 0; i < read.count; i++) {
		struct item *item = batch_item(&lane->batch);

		item->query.message = read.items[i].message;
		item->query.status = read.items[i].status;
		/* A lone one without an id is still told, by what its message says of it. */
		item->id_text = read.items[i].id_text != NULL || read.count > 1 ? read.items[i].id_text
										: delivery->correlation_id;
		item->faults = read.items[i].faults;
		check_item(lane, item, read.items[i].data);
	}
}

/* The broker counts redeliveries for innocents too; from the second on, an event is worked alone, and counted. */
static bool suspicious(const struct delivery *delivery)
{
	return delivery->delivery_count >= 2;
}

static void gather_event(struct lane *lane, const struct json *json, int number)
{
	const struct delivery *delivery = &lane->batch.deliveries[lane->batch.delivery_count - 1];
	struct item *item = batch_item(&lane->batch);
	struct faults faults = {0};
	const struct json *data = NULL;

	item->event = (size_t)number;
	item->careful = suspicious(delivery);
	item->query.status = cloudevent_read(json, lane->engine->service->contract, lane->reading, &faults,
					     &item->query.message, &data);
	keep_faults(lane, item, &faults);
	if (uuid_is_nil(&item->query.message.id)) { /* not even that could be read: its text names it */
		buffer_clear(&lane->scratch);
		json_print(&lane->scratch, json);
		item->query.message.id = uuid_of_text("unreadable", lane->scratch.bytes, lane->scratch.size);
	}
	check_item(lane, item, data);
	const int64_t may_wait_us = item->handler == NULL ? 0 : item->handler->may_wait_us;
	if (may_wait_us < lane->batch.may_wait_us)
		lane->batch.may_wait_us = may_wait_us;
}

static void gather_events(struct lane *lane, const struct delivery *delivery)
{
	struct faults faults = {0};
	const struct json *json;

	arena_reset(&lane->trees);
	if (json_parse(&lane->trees, delivery->body, &faults, &json) != OK) {
		faults = (struct faults){0}; /* once more: what is said of it outlives the tree */
		(void)!json_parse(lane->reading, delivery->body, &faults, &json);
		gather_unreadable(lane, delivery, &faults);
		return;
	}
	if (json_count(json) < 0) {
		gather_event(lane, json, 0);
		return;
	}
	for (int i = 0; i < json_count(json); i++)
		gather_event(lane, json_item(json, i), i);
}

/* Takes one delivery into the batch. */
static enum status gather_one(struct lane *lane, int64_t wait_us)
{
	struct delivery *delivery = batch_delivery(&lane->batch);

	lane->reading = pairs_on(lane) ? pairs_arena(lane) : &lane->arena;
	const enum status status = broker_next(lane->broker, wait_us, lane->reading, delivery);
	if (status != OK)
		return status;
	lane->batch.delivery_count++;
	lane->batch.bytes += delivery->body.size;
	if (pairs_on(lane))
		pairs_arrived(lane);
	if (lane_takes_requests(lane))
		gather_requests(lane, delivery);
	else
		gather_events(lane, delivery);
	return OK;
}

/* Messages taken ahead. Where other replicas stand behind a lane (see priority), it takes no more than is work for
 * about two turns under load, when a message holds what has waited together, and than waits for its other half: the
 * rest is theirs. Of requests that is what one edge has under way (COMANDA_RPC_WINDOW), and one more; of reads, which
 * are spread, what a few edges have. What a process that is stopped was given of them, nobody answers. */
enum { PREFETCH_READS = 16, PREFETCH_EVENTS = 32, PREFETCH_PAIRS = 64, PREFETCH_COMMANDS = 4 };

int lane_prefetch(const struct lane_plan *plan)
{
	switch (plan->kind) {
	case LANE_QUERY:
		return PREFETCH_READS;
	case LANE_COMMAND:
		return PREFETCH_COMMANDS;
	case LANE_EVENTS:
	case LANE_ANSWERS:
		break;
	}
	return plan->pair_us > 0 ? PREFETCH_PAIRS : PREFETCH_EVENTS;
}

/* Nothing more can come once the batch holds as many messages as the lane may have. */
static bool has_room(const struct lane *lane, size_t most)
{
	const struct batch *batch = &lane->batch;

	return batch->count < most && batch->bytes < BYTES_MAX &&
	       batch->delivery_count < (size_t)lane_prefetch(lane->plan);
}

/* Where a batch is large already, its lane may be told to let it grow a little more. */
static void gather_lingering(struct lane *lane, size_t most)
{
	const int64_t until = moment_steady() + lane->plan->linger_us;
	enum status status = OK;

	while ((status == OK || status == E_TIMEOUT) && has_room(lane, most) && moment_steady() < until)
		status = gather_one(lane, until - moment_steady());
}

/* What nobody waits for waits for company: the first that cannot wait ends it. */
static void gather_company(struct lane *lane, size_t most)
{
	const int64_t since = moment_steady();
	enum status status = OK;

	while ((status == OK || status == E_TIMEOUT) && has_room(lane, most)) {
		const int64_t left = since + lane->batch.may_wait_us - moment_steady();
		if (left <= 0)
			break;
		status = gather_one(lane, left);
	}
}

static void start_batch(struct lane *lane)
{
	struct batch *batch = &lane->batch;

	batch->count = batch->delivery_count = batch->bytes = 0;
	if (pairs_on(lane))
		pairs_begin(lane);
	batch->may_wait_us = lane_takes_requests(lane) || batch->count > 0 ? 0 : INT64_MAX;
}

/* A lone message is not delayed to fill a batch, unless its handler says that it may be: under load the batch fills
 * while the one before it commits. */
enum status gather(struct lane *lane, int64_t wait_us)
{
	struct batch *batch = &lane->batch;

	start_batch(lane);
	const size_t most = batch->count + (lane->plan->batch_max > 0 ? (size_t)lane->plan->batch_max : ITEMS_MAX);
	enum status status = gather_one(lane, pairs_on(lane) ? pairs_patience(lane, wait_us) : wait_us);
	if (status != OK && (status != E_TIMEOUT || batch->count == 0))
		return status;
	while (status == OK && has_room(lane, most))
		status = gather_one(lane, 0);
	if (lane->plan->linger_us > 0 && batch->count >= BATCH_MANY)
		gather_lingering(lane, most);
	else if (batch->count > 0 && batch->may_wait_us > 0)
		gather_company(lane, most);
	for (size_t i = 0; i < batch->count; i++)
		batch->items[i].gathered = batch->items[i].query.status;
	if (pairs_on(lane) && pairs_part(lane))
		return E_TIMEOUT;
	tally_gathered(lane);
	metric_observe(&gathered, lane->plan->name, (int64_t)batch->count);
	return OK; /* a connection that broke meanwhile is noticed when the batch is acknowledged */
}
