/* Fetching: what has arrived becomes items that can be decided. */
#include <assert.h>
#include <string.h>

#include "consumer/consumer.h"
#include "consumer/consumer_metrics.h"
#include "consumer/event_join.h"
#include "consumer/request_hash.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

enum { ITEMS_MAX = 200, BYTES_MAX = 4 * 1024 * 1024 };

static struct metric fetched = {
	.name = "comanda_batch_items", .help = "Messages per batch", .type = HISTOGRAM, .label = "consumer"};
static struct metric refused = {.name = "comanda_refused_messages_total",
				.help = "Messages that a consumer refused, by reason",
				.type = COUNTER,
				.label = "reason"};

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

static const struct handler *find_handler(const struct consumer *consumer, int type)
{
	for (const struct handler *handler = consumer->config->handlers;
	     handler->decide != NULL || handler->read != NULL; handler++)
		if (handler->type == type)
			return handler;
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Direct replies need write permission on the default exchange, and with it a service could write to any queue. So a
 * consumer checks the sender and the exchange of each message. The broker vouches for user_id. */
static bool sender_may(const struct consumer *consumer, const struct delivery *delivery,
		       const struct message_type *type)
{
	if (type->kind == REQUEST)
		return same(delivery->exchange, "rpc") && same(delivery->user_id, type->producer);
	if (same(delivery->exchange, "")) /* a timer, a retry of its own, or a redrive by the operator */
		return same(delivery->user_id, broker_user(consumer->broker)) ||
		       same(delivery->user_id, consumer->txn.service->contract->operator);
	return type->kind == EVENT && same(delivery->exchange, "events") && same(delivery->user_id, type->producer);
}

static void refuse_sender(const struct delivery *delivery, struct item *item)
{
	metric_add(&refused, "sender", 1);
	log_warn("message.forged", kv_text("type", delivery->type), kv_text("user", delivery->user_id),
		 kv_text("exchange", delivery->exchange));
	/* An inbox row with its own id would make the true event with that id a duplicate. */
	item->query.message.id = uuid_derive("forged", &item->query.message.id, 0, item->query.message.time_us);
	item->query.status = E_FORBIDDEN;
	item->query.refusal =
		(struct refusal){E_FORBIDDEN, "wrong_sender", "this sender may not send this message", NULL};
}

/* Faults are rare: only an item that has some gets room for them. */
static void keep_faults(struct consumer *consumer, struct item *item, const struct faults *faults)
{
	if (faults->count == 0)
		return;
	struct faults *copy = arena_new(consumer->reading, 1, sizeof(*copy));
	*copy = *faults;
	item->faults = copy;
}

/* Reads an item's body by the schema of its type. */
static void read_body(struct consumer *consumer, struct item *item, const struct json *data)
{
	const struct message_type *type = txn_type(&consumer->txn, item->query.message.type);
	const enum unknown_fields unknown = type->kind == REQUEST ? UNKNOWN_REFUSED : UNKNOWN_IGNORED;
	struct faults faults = {0};

	if (type->schema == NULL)
		return;
	void *body = arena_new(consumer->reading, 1, type->schema->size);
	schema_blank(type->schema, body);
	item->query.message.body = body;
	if (data == NULL) {
		faults_add(&faults, consumer->reading, "data", "is required");
		item->query.status = E_INVALID;
	} else {
		item->query.status = json_read(data, type->schema, unknown, consumer->reading, &faults, body);
	}
	keep_faults(consumer, item, &faults);
}

/* Finds the handler of an item whose envelope was read, and reads the body. */
static void check_item(struct consumer *consumer, struct item *item, const struct json *data)
{
	const struct delivery *delivery = &consumer->batch.deliveries[item->delivery];
	const int type = item->query.message.type;

	if (item->query.status == OK && !sender_may(consumer, delivery, txn_type(&consumer->txn, type)))
		refuse_sender(delivery, item);
	if (item->query.status != OK)
		return;
	item->handler = find_handler(consumer, type);
	if (item->handler == NULL) {
		item->query.status = E_UNKNOWN_TYPE;
		return;
	}
	read_body(consumer, item, data);
	if (item->query.status == OK && consumer->ops->records)
		item->request_hash = request_hash(consumer->group->request_key, txn_type(&consumer->txn, type),
						  &item->query.message, &consumer->txn.scratch);
}

static void fetch_unreadable(struct consumer *consumer, const struct delivery *delivery, const struct faults *faults)
{
	struct item *item = batch_item(&consumer->batch);

	metric_add(&refused, "unreadable", 1);
	keep_faults(consumer, item, faults);
	item->query.status = E_MALFORMED;
	item->id_text = delivery->correlation_id;
	item->query.message.id = uuid_of_text("unreadable", delivery->body.bytes, delivery->body.size);
}

static void fetch_requests(struct consumer *consumer, const struct delivery *delivery)
{
	struct rpc_items read;

	if (rpc_wire_read_requests(delivery->body, consumer->txn.service->contract, consumer->reading, &read) != OK) {
		fetch_unreadable(consumer, delivery, &read.faults);
		return;
	}
	for (size_t i = 0; i < read.count; i++) {
		struct item *item = batch_item(&consumer->batch);

		item->query.message = read.items[i].message;
		item->query.status = read.items[i].status;
		/* A lone request without an id is answered by the correlation id of its message. */
		item->id_text = read.items[i].id_text != NULL || read.count > 1 ? read.items[i].id_text
										: delivery->correlation_id;
		item->faults = read.items[i].faults;
		check_item(consumer, item, read.items[i].data);
	}
}

/* The broker counts redeliveries of all events of a batch, although one is at fault. From the second redelivery on, an
 * event is processed alone, and counted. */
static bool is_isolated(const struct delivery *delivery)
{
	return delivery->delivery_count >= 2;
}

static void fetch_event(struct consumer *consumer, const struct json *json, int number)
{
	const struct delivery *delivery = &consumer->batch.deliveries[consumer->batch.delivery_count - 1];
	struct item *item = batch_item(&consumer->batch);
	struct faults faults = {0};
	const struct json *data = NULL;

	item->event = (size_t)number;
	item->isolated = is_isolated(delivery);
	item->query.status = cloudevent_read(json, consumer->txn.service->contract, consumer->reading, &faults,
					     &item->query.message, &data);
	keep_faults(consumer, item, &faults);
	if (uuid_is_nil(&item->query.message.id)) { /* not even the id could be read: the text gives one */
		buffer_clear(&consumer->txn.scratch);
		json_print(&consumer->txn.scratch, json);
		item->query.message.id =
			uuid_of_text("unreadable", consumer->txn.scratch.bytes, consumer->txn.scratch.size);
	}
	check_item(consumer, item, data);
}

static void fetch_events(struct consumer *consumer, const struct delivery *delivery)
{
	struct faults faults = {0};
	const struct json *json;

	arena_reset(&consumer->trees);
	if (json_parse(&consumer->trees, delivery->body, &faults, &json) != OK) {
		faults = (struct faults){0}; /* once more: the faults must outlive the tree */
		(void)!json_parse(consumer->reading, delivery->body, &faults, &json);
		fetch_unreadable(consumer, delivery, &faults);
		return;
	}
	if (json_count(json) < 0) {
		fetch_event(consumer, json, 0);
		return;
	}
	for (int i = 0; i < json_count(json); i++)
		fetch_event(consumer, json_item(json, i), i);
}

/* Takes one delivery into the batch. */
static enum status fetch_one(struct consumer *consumer, int64_t wait_us)
{
	struct delivery *delivery = batch_delivery(&consumer->batch);

	consumer->reading = event_join_enabled(consumer) ? event_join_arena(consumer) : &consumer->txn.arena;
	const enum status status = broker_next(consumer->broker, wait_us, consumer->reading, delivery);
	if (status != OK)
		return status;
	consumer->batch.delivery_count++;
	consumer->batch.bytes += delivery->body.size;
	if (event_join_enabled(consumer))
		event_join_delivered(consumer);
	if (consumer->ops->takes_requests)
		fetch_requests(consumer, delivery);
	else
		fetch_events(consumer, delivery);
	return OK;
}

int consumer_prefetch(const struct consumer *consumer)
{
	return event_join_enabled(consumer) ? consumer->ops->prefetch_joined : consumer->ops->prefetch;
}

/* The broker sends no more once the batch holds as many messages as the prefetch allows. */
static bool has_room(const struct consumer *consumer, size_t most)
{
	const struct batch *batch = &consumer->batch;

	return batch->count < most && batch->bytes < BYTES_MAX &&
	       batch->delivery_count < (size_t)consumer_prefetch(consumer);
}

static void start_batch(struct consumer *consumer)
{
	struct batch *batch = &consumer->batch;

	batch->count = batch->delivery_count = batch->bytes = 0;
	if (event_join_enabled(consumer))
		event_join_begin(consumer);
}

/* A lone message is not delayed to fill a batch: under load the batch fills while the one before it commits. */
enum status fetch(struct consumer *consumer, int64_t wait_us)
{
	struct batch *batch = &consumer->batch;

	start_batch(consumer);
	const size_t most =
		batch->count + (consumer->config->batch_max > 0 ? (size_t)consumer->config->batch_max : ITEMS_MAX);
	enum status status =
		fetch_one(consumer, event_join_enabled(consumer) ? event_join_wait_us(consumer, wait_us) : wait_us);
	if (status != OK && (status != E_TIMEOUT || batch->count == 0))
		return status;
	while (status == OK && has_room(consumer, most))
		status = fetch_one(consumer, 0);
	for (size_t i = 0; i < batch->count; i++)
		batch->items[i].fetched = batch->items[i].query.status;
	if (event_join_enabled(consumer) && event_join_split(consumer))
		return E_TIMEOUT;
	consumer_metrics_fetched(consumer);
	metric_observe(&fetched, consumer->config->name, (int64_t)batch->count);
	return OK; /* a connection that broke meanwhile is noticed when the batch is acknowledged */
}
