/* Items, queues and messages of the asking side. */
#include "rpc/pending_calls.h"

#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <assert.h>
#include <string.h>

static struct metric requests = {.name = "comanda_rpc_requests_total",
				 .help = "Calls, counted before equal calls that wait together are merged",
				 .type = COUNTER,
				 .label = "queue"};
static struct metric batches = {.name = "comanda_rpc_batch_items",
				.help = "Requests sent together in one message",
				.type = HISTOGRAM,
				.label = "queue"};
static struct metric breakers = {.name = "comanda_rpc_breaker_open",
				 .help = "1 while the circuit breaker refuses calls to the queue",
				 .type = GAUGE,
				 .label = "queue"};

/* A probe waits this long at most. After it everybody is refused for a while: a caller that comes back again and again
 * must not be the next probe each time. */
static const int64_t probe_us = 1 * SECOND_US;
/* An equal item is joined where it ends at most so much before the caller would. */
static const int64_t join_slack_us = 500 * MS_US;

/* ---- chains ---- */

static struct ask **id_chain(struct rpc_table *table, const struct uuid *id)
{
	return &table->by_id[uuid_hash(id) % RPC_BUCKETS];
}

static struct ask **read_chain(struct rpc_table *table, const struct ask *ask)
{
	/* FNV-1a, 64 bits (draft-eastlake-fnv). */
	uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)ask->type;

	for (size_t i = 0; i < ask->data.size; i++)
		hash = (hash ^ (unsigned char)ask->data.bytes[i]) * UINT64_C(1099511628211);
	return &table->reads[hash % RPC_BUCKETS];
}

static void forget_id(struct rpc_table *table, struct ask *ask)
{
	struct ask **at = id_chain(table, &ask->id);

	while (*at != ask)
		at = &(*at)->next_by_id;
	*at = ask->next_by_id;
}

/* Reads can be joined until they are sent: who comes later must see what was written meanwhile. */
static void forget_read(struct rpc_table *table, struct ask *ask)
{
	struct ask **at = read_chain(table, ask);

	if (!ask->read)
		return;
	while (*at != ask)
		at = &(*at)->next_read;
	*at = ask->next_read;
	ask->read = false;
}

static bool is_in_time(const struct ask *there, const struct ask *ask)
{
	return there->due_us + join_slack_us >= ask->due_us;
}

/* ---- life of the table ---- */

static void add_queue(struct rpc_table *table, const char *name)
{
	for (size_t i = 0; i < table->consumer_count; i++)
		if (strcmp(table->queues[i].name, name) == 0)
			return;
	assert(table->consumer_count < RPC_QUEUES);
	table->queues[table->consumer_count++] = (struct rpc_queue){.name = name};
}

void rpc_table_init(struct rpc_table *table, const struct rpc_config *config)
{
	pthread_condattr_t steady;

	*table = (struct rpc_table){.config = config, .first_due_us = INT64_MAX};
	pthread_mutex_init(&table->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&table->sooner, &steady);
	pthread_condattr_destroy(&steady);
	for (int i = 0; i < config->contract->count; i++)
		if (config->contract->types[i].kind == REQUEST)
			add_queue(table, config->contract->types[i].queue);
}

void rpc_table_done(struct rpc_table *table)
{
	pthread_cond_destroy(&table->sooner);
	pthread_mutex_destroy(&table->lock);
}

/* ---- ending an item ---- */

static void end_probe(struct rpc_table *table, struct ask *ask)
{
	if (ask->probe) {
		ask->queue->probing = false;
		ask->queue->next_probe_us = monotonic_now() + table->config->breaker_pause_us;
	}
	ask->probe = false;
}

/* Takes it out of everything. */
static void unlink_ask(struct rpc_table *table, struct ask *ask)
{
	forget_id(table, ask);
	forget_read(table, ask);
	asks_remove(ask->sent != NULL ? &ask->sent->asks : &ask->queue->waiting, ask);
	ask->queue->callers -= (int)ask->callers;
	end_probe(table, ask);
}

static void end_ask(struct rpc_table *table, struct ask *ask, const struct rpc_end *end, struct ended *ended)
{
	unlink_ask(table, ask);
	ask_end(ask, end, ended);
}

/* ---- the breaker ---- */

static bool is_open(const struct rpc_table *table, const struct rpc_queue *queue)
{
	return queue->time_outs >= table->config->breaker_after;
}

static void note_time_out(struct rpc_table *table, struct ask *ask)
{
	struct rpc_queue *queue = ask->queue;

	if (ask->timed_out)
		return;
	ask->timed_out = true;
	if (queue->answered_us > ask->begun_us) /* slow, and not dead: others were answered meanwhile */
		return;
	queue->time_outs++;
	if (queue->time_outs == table->config->breaker_after) {
		metric_set(&breakers, queue->name, 1);
		log_warn("rpc.breaker_open", kv_text("queue", queue->name), kv_int("time_outs", queue->time_outs));
	}
}

static void note_answer(struct rpc_table *table, struct rpc_queue *queue)
{
	if (is_open(table, queue)) {
		metric_set(&breakers, queue->name, 0);
		log_info("rpc.breaker_closed", kv_text("queue", queue->name));
	}
	queue->time_outs = 0;
	queue->answered_us = monotonic_now();
}

/* ---- asking ---- */

static struct rpc_queue *find_queue(struct rpc_table *table, const char *name)
{
	for (size_t i = 0; i < table->consumer_count; i++)
		if (strcmp(table->queues[i].name, name) == 0)
			return &table->queues[i];
	return NULL;
}

static enum status admit(struct rpc_table *table, struct ask *ask)
{
	struct rpc_queue *queue = ask->queue;
	const int64_t now_us = monotonic_now(), probe_due = now_us + probe_us;

	if (!table->connected || table->blocked || table->stopping)
		return E_UNAVAILABLE;
	if (is_open(table, queue) && (queue->probing || now_us < queue->next_probe_us))
		return E_UNAVAILABLE;
	if (queue->callers >= table->config->in_flight_max)
		return E_BUSY;
	if (!is_open(table, queue))
		return OK;
	ask->probe = true;
	if (ask->due_us > probe_due)
		ask->due_us = probe_due;
	return OK;
}

/* OK: another has asked just this, and *ret_there is that; E_NOT_FOUND: nobody; E_KEY_REUSED. */
static enum status find_there(struct rpc_table *table, const struct ask *ask, struct ask **ret_there)
{
	for (struct ask *at = *id_chain(table, &ask->id); at != NULL; at = at->next_by_id) {
		if (!uuid_equal(&at->id, &ask->id))
			continue;
		if (!ask_equals(at, ask))
			return E_KEY_REUSED;
		if (!is_in_time(at, ask))
			continue;
		*ret_there = at;
		return OK;
	}
	if (!ask->read)
		return E_NOT_FOUND;
	for (struct ask *at = *read_chain(table, ask); at != NULL; at = at->next_read) {
		if (!ask_equals(at, ask) || !is_in_time(at, ask))
			continue;
		*ret_there = at;
		return OK;
	}
	return E_NOT_FOUND;
}

static void enlist_new(struct rpc_table *table, struct ask *ask)
{
	struct ask **chain = id_chain(table, &ask->id);

	ask->next_by_id = *chain;
	*chain = ask;
	if (ask->read) {
		chain = read_chain(table, ask);
		ask->next_read = *chain;
		*chain = ask;
	}
	ask->queue->probing = ask->queue->probing || ask->probe;
	asks_append(&ask->queue->waiting, ask);
}

/* Lets the clock know where it is the first to give up. */
static void wait_for(struct rpc_table *table, struct ask *ask, struct subscriber *subscriber)
{
	ask_add(ask, subscriber);
	ask->queue->callers++;
	if (subscriber->due_us >= table->first_due_us)
		return;
	table->first_due_us = subscriber->due_us;
	pthread_cond_signal(&table->sooner);
}

enum status table_enlist(struct rpc_table *table, struct ask *ask, const char *queue, struct subscriber *subscriber)
{
	struct ask *there = NULL;
	enum status status;

	ask->queue = find_queue(table, queue);
	if (ask->queue == NULL)
		return E_INTERNAL;
	metric_add(&requests, ask->queue->name, 1);
	status = admit(table, ask);
	if (status == OK)
		status = find_there(table, ask, &there);
	if (status != OK && status != E_NOT_FOUND)
		return status;
	if (there == NULL)
		enlist_new(table, ask);
	else
		ask_free(ask);
	ask = there != NULL ? there : ask;
	if (ask->probe && subscriber->due_us > ask->due_us)
		subscriber->due_us = ask->due_us;
	wait_for(table, ask, subscriber);
	return OK;
}

/* ---- giving up ---- */

static void leave(struct rpc_table *table, struct subscriber *subscriber, struct ended *ended)
{
	struct ask *ask = subscriber->ask;

	note_time_out(table, ask);
	ask->callers--;
	ask->queue->callers--;
	end_probe(table, ask);
	subscriber->sent = ask->sent != NULL;
	subscriber->next = ended->late;
	ended->late = subscriber;
}

static void end_late(struct rpc_table *table, struct ask *ask, int64_t now_us, struct ended *ended)
{
	struct subscriber **at = &ask->subscribers;

	while (*at != NULL) {
		struct subscriber *subscriber = *at;

		if (subscriber->due_us > now_us) {
			if (subscriber->due_us < table->first_due_us)
				table->first_due_us = subscriber->due_us;
			at = &subscriber->next;
		} else {
			*at = subscriber->next;
			leave(table, subscriber, ended);
		}
	}
	/* What was sent stays until its answer or the message's end: the answer shows that the queue lives. */
	if (ask->callers > 0 || ask->sent != NULL)
		return;
	unlink_ask(table, ask);
	ask_free(ask);
}

static void end_late_among(struct rpc_table *table, const struct asks *asks, int64_t now_us, struct ended *ended)
{
	for (struct ask *ask = asks->first, *after = NULL; ask != NULL; ask = after) {
		after = ask->after;
		end_late(table, ask, now_us, ended);
	}
}

/* Most are answered long before: what first_due_us says is then too early, and everybody is looked at once for it. */
void table_end_late(struct rpc_table *table, int64_t now_us, struct ended *ended)
{
	if (now_us < table->first_due_us)
		return;
	table->first_due_us = INT64_MAX;
	for (size_t i = 0; i < table->consumer_count; i++)
		end_late_among(table, &table->queues[i].waiting, now_us, ended);
	for (const struct sent *sent = table->sent; sent != NULL; sent = sent->next)
		end_late_among(table, &sent->asks, now_us, ended);
}

/* ---- sending ---- */

bool queue_can_send(const struct rpc_table *table, const struct rpc_queue *queue)
{
	return queue->waiting.first != NULL && queue->unanswered < table->config->window;
}

static void take_one(struct rpc_table *table, struct ask *ask, struct sent *sent, struct rpc_bundle *bundle)
{
	const char *type = table->config->contract->types[ask->type].name;

	if (sent->count++ == 0) {
		sent->id = ask->id;
		sent->type = type;
	} else if (sent->type != type) {
		sent->type = "mixed";
	}
	if (sent->due_us < ask->due_us)
		sent->due_us = ask->due_us;
	forget_read(table, ask);
	asks_remove(&ask->queue->waiting, ask);
	asks_append(&sent->asks, ask);
	ask->sent = sent;
	rpc_bundle_add(bundle, ask->text);
}

struct sent *queue_take(struct rpc_table *table, struct rpc_queue *queue, struct rpc_bundle *bundle)
{
	struct sent *sent;
	struct ask *ask;

	if (!queue_can_send(table, queue))
		return NULL;
	sent = mem_new(1, sizeof(*sent));
	sent->queue = queue;
	rpc_bundle_clear(bundle);
	while ((ask = queue->waiting.first) != NULL && sent->count < RPC_ITEMS_MAX) {
		if (sent->count > 0 && bundle->text.size + ask->text.size + 2 > RPC_REQUEST_BYTES)
			break;
		take_one(table, ask, sent, bundle);
	}
	sent->next = table->sent;
	table->sent = sent;
	queue->unanswered++;
	metric_observe(&batches, queue->name, (int64_t)sent->count);
	return sent;
}

/* ---- ending ---- */

static void free_message(struct rpc_table *table, struct sent *sent)
{
	struct sent **at = &table->sent;

	while (*at != sent)
		at = &(*at)->next;
	*at = sent->next;
	sent->queue->unanswered--;
	free(sent);
}

bool table_answer(struct rpc_table *table, const struct rpc_slice *slice, const char *user, struct ended *ended)
{
	struct ask *at = *id_chain(table, &slice->id), *next;
	bool found = false;

	for (; at != NULL; at = next) {
		struct sent *sent = at->sent;

		next = at->next_by_id;
		if (sent == NULL || !uuid_equal(&at->id, &slice->id) ||
		    !contract_may_answer(table->config->contract, at->queue->name, user))
			continue;
		note_answer(table, at->queue);
		end_ask(table, at,
			&(struct rpc_end){OK, memcpy(mem_new(1, slice->text.size), slice->text.bytes, slice->text.size),
					  slice->text.size, true},
			ended);
		if (sent->asks.first == NULL)
			free_message(table, sent);
		found = true;
	}
	return found;
}

void table_end_message(struct rpc_table *table, struct sent *sent, const struct rpc_end *end, struct ended *ended)
{
	while (sent->asks.first != NULL) {
		struct ask *ask = sent->asks.first;

		if (end->status == E_TIMEOUT && ask->callers > 0)
			note_time_out(table, ask);
		end_ask(table, ask, end, ended);
	}
	free_message(table, sent);
}

void table_end_waiting(struct rpc_table *table, const struct rpc_end *end, struct ended *ended)
{
	for (size_t i = 0; i < table->consumer_count; i++)
		while (table->queues[i].waiting.first != NULL)
			end_ask(table, table->queues[i].waiting.first, end, ended);
}

void table_expire(struct rpc_table *table, int64_t now_us, struct ended *ended)
{
	static const struct rpc_end too_late = {.status = E_TIMEOUT, .sent = true};
	struct sent *sent = table->sent, *next;

	for (; sent != NULL; sent = next) {
		next = sent->next;
		if (sent->due_us <= now_us)
			table_end_message(table, sent, &too_late, ended);
	}
}
