/* Adding, merging, sending and ending calls. */
#include "rpc/call_table.h"

#include "core/wake.h"
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

/* The timeout of a probe. A caller that repeats its call must not become the next probe each time, so calls are refused
 * for a while after it. */
static const int64_t probe_timeout_us = 1 * SECOND_US;

/* ---- init and done ---- */

static struct rpc_queue *find_queue(struct call_table *table, const char *name)
{
	for (size_t i = 0; i < table->queue_count; i++)
		if (strcmp(table->queues[i].name, name) == 0)
			return &table->queues[i];
	return NULL;
}

static void add_queue(struct call_table *table, const char *name)
{
	if (find_queue(table, name) != NULL)
		return;
	assert(table->queue_count < RPC_QUEUES);
	table->queues[table->queue_count++] = (struct rpc_queue){.name = name, .breaker = {.queue = name}};
}

void call_table_init(struct call_table *table, const struct rpc_config *config)
{
	*table = (struct call_table){.config = config, .next_due_us = INT64_MAX};
	pthread_mutex_init(&table->lock, NULL);
	condition_init(&table->due_changed);
	for (int i = 0; i < config->contract->count; i++)
		if (config->contract->types[i].kind == REQUEST)
			add_queue(table, config->contract->types[i].queue);
}

void call_table_done(struct call_table *table)
{
	pthread_cond_destroy(&table->due_changed);
	pthread_mutex_destroy(&table->lock);
}

/* ---- ending one call ---- */

static void end_probe(struct call_table *table, struct pending_call *pending)
{
	if (pending->probe)
		breaker_end_probe(&pending->queue->breaker, table->config->breaker_pause_us);
	pending->probe = false;
}

/* Removes the call from its chains and lists. */
static void unlink_call(struct call_table *table, struct pending_call *pending)
{
	call_index_remove(&table->index, pending);
	call_list_remove(pending->message != NULL ? &pending->message->calls : &pending->queue->waiting, pending);
	pending->queue->subscribers -= (int)pending->subscriber_count;
	end_probe(table, pending);
}

static void end_call(struct call_table *table, struct pending_call *pending, const struct call_result *result,
		     struct ended_calls *ended)
{
	unlink_call(table, pending);
	pending_call_end(pending, result, ended);
}

/* A call with many subscribers counts as one timeout. */
static void record_timeout(struct call_table *table, struct pending_call *pending)
{
	if (pending->timed_out)
		return;
	pending->timed_out = true;
	breaker_record_timeout(&pending->queue->breaker, table->config->breaker_after, pending->start_us);
}

/* ---- adding a call ---- */

static enum status admit(struct call_table *table, struct pending_call *pending)
{
	const struct rpc_queue *queue = pending->queue;
	const int after = table->config->breaker_after;
	const int64_t now_us = monotonic_now(), probe_due_us = now_us + probe_timeout_us;

	if (!table->connected || table->blocked || table->stopping)
		return E_UNAVAILABLE;
	if (!breaker_allows(&queue->breaker, after, now_us))
		return E_UNAVAILABLE;
	if (queue->subscribers >= table->config->in_flight_max)
		return E_BUSY;
	if (!breaker_is_open(&queue->breaker, after))
		return OK;
	pending->probe = true;
	if (pending->due_us > probe_due_us)
		pending->due_us = probe_due_us;
	return OK;
}

static void insert(struct call_table *table, struct pending_call *pending)
{
	call_index_add(&table->index, pending);
	pending->queue->breaker.probing = pending->queue->breaker.probing || pending->probe;
	call_list_append(&pending->queue->waiting, pending);
}

/* Wakes the timer thread where this subscriber times out before all others. */
static void subscribe(struct call_table *table, struct pending_call *pending, struct subscriber *subscriber)
{
	pending_call_subscribe(pending, subscriber);
	pending->queue->subscribers++;
	if (subscriber->due_us >= table->next_due_us)
		return;
	table->next_due_us = subscriber->due_us;
	pthread_cond_signal(&table->due_changed);
}

enum status call_table_add(struct call_table *table, struct pending_call *pending, const char *queue,
			   struct subscriber *subscriber)
{
	struct pending_call *existing = NULL;
	enum status status;

	pending->queue = find_queue(table, queue);
	if (pending->queue == NULL)
		return E_INTERNAL;
	metric_add(&requests, pending->queue->name, 1);
	status = admit(table, pending);
	if (status == OK)
		status = call_index_find_equal(&table->index, pending, &existing);
	if (status != OK && status != E_NOT_FOUND)
		return status;
	if (existing == NULL)
		insert(table, pending);
	else
		pending_call_free(pending);
	pending = existing != NULL ? existing : pending;
	if (pending->probe && subscriber->due_us > pending->due_us)
		subscriber->due_us = pending->due_us;
	subscribe(table, pending, subscriber);
	return OK;
}

/* ---- timeouts of subscribers ---- */

static void unsubscribe(struct call_table *table, struct subscriber *subscriber, struct ended_calls *ended)
{
	struct pending_call *pending = subscriber->pending;

	record_timeout(table, pending);
	pending->subscriber_count--;
	pending->queue->subscribers--;
	end_probe(table, pending);
	subscriber->sent = pending->message != NULL;
	subscriber->next = ended->timed_out;
	ended->timed_out = subscriber;
}

static void time_out_subscribers(struct call_table *table, struct pending_call *pending, int64_t now_us,
				 struct ended_calls *ended)
{
	struct subscriber **at = &pending->subscribers;

	while (*at != NULL) {
		struct subscriber *subscriber = *at;

		if (subscriber->due_us > now_us) {
			if (subscriber->due_us < table->next_due_us)
				table->next_due_us = subscriber->due_us;
			at = &subscriber->next;
		} else {
			*at = subscriber->next;
			unsubscribe(table, subscriber, ended);
		}
	}
	/* A call that was sent stays until its reply or its message's end: a late reply closes the circuit breaker. */
	if (pending->subscriber_count > 0 || pending->message != NULL)
		return;
	unlink_call(table, pending);
	pending_call_free(pending);
}

static void time_out_list(struct call_table *table, const struct call_list *list, int64_t now_us,
			  struct ended_calls *ended)
{
	for (struct pending_call *pending = list->first, *next = NULL; pending != NULL; pending = next) {
		next = pending->next;
		time_out_subscribers(table, pending, now_us, ended);
	}
}

/* Most calls are answered long before their timeout. next_due_us is then too early, and one pass over all calls sets it
 * again. */
void call_table_time_out(struct call_table *table, int64_t now_us, struct ended_calls *ended)
{
	if (now_us < table->next_due_us)
		return;
	table->next_due_us = INT64_MAX;
	for (size_t i = 0; i < table->queue_count; i++)
		time_out_list(table, &table->queues[i].waiting, now_us, ended);
	for (const struct rpc_message *message = table->messages; message != NULL; message = message->next)
		time_out_list(table, &message->calls, now_us, ended);
}

/* ---- sending ---- */

bool rpc_queue_can_send(const struct call_table *table, const struct rpc_queue *queue)
{
	return queue->waiting.first != NULL && queue->unanswered < table->config->window;
}

static void move_to_message(struct call_table *table, struct pending_call *pending, struct rpc_message *message,
			    struct rpc_bundle *bundle)
{
	const char *type = table->config->contract->types[pending->type].name;

	if (message->count++ == 0) {
		message->id = pending->id;
		message->type = type;
	} else if (message->type != type) {
		message->type = "mixed";
	}
	if (message->due_us < pending->due_us)
		message->due_us = pending->due_us;
	/* Until now other calls could join. A later caller must see what was written in between. */
	call_index_stop_merging(&table->index, pending);
	call_list_remove(&pending->queue->waiting, pending);
	call_list_append(&message->calls, pending);
	pending->message = message;
	rpc_bundle_add(bundle, pending->text);
}

struct rpc_message *rpc_queue_next_message(struct call_table *table, struct rpc_queue *queue, struct rpc_bundle *bundle)
{
	struct rpc_message *message;
	struct pending_call *pending;

	if (!rpc_queue_can_send(table, queue))
		return NULL;
	message = mem_new(1, sizeof(*message));
	message->queue = queue;
	rpc_bundle_clear(bundle);
	while ((pending = queue->waiting.first) != NULL && message->count < RPC_ITEMS_MAX) {
		if (message->count > 0 && bundle->text.size + pending->text.size + 2 > RPC_REQUEST_BYTES)
			break;
		move_to_message(table, pending, message, bundle);
	}
	message->next = table->messages;
	table->messages = message;
	queue->unanswered++;
	metric_observe(&batches, queue->name, (int64_t)message->count);
	return message;
}

/* ---- ending ---- */

static void free_message(struct call_table *table, struct rpc_message *message)
{
	struct rpc_message **at = &table->messages;

	while (*at != message)
		at = &(*at)->next;
	*at = message->next;
	message->queue->unanswered--;
	free(message);
}

static struct call_result copy_reply(const struct rpc_slice *slice)
{
	char *text = mem_new(1, slice->text.size);

	memcpy(text, slice->text.bytes, slice->text.size);
	return (struct call_result){.status = OK, .text = text, .size = slice->text.size, .sent = true};
}

bool call_table_complete(struct call_table *table, const struct rpc_slice *slice, const char *user,
			 struct ended_calls *ended)
{
	struct pending_call *at = call_index_chain(&table->index, &slice->id), *next;
	bool found = false;

	for (; at != NULL; at = next) {
		struct rpc_message *message = at->message;

		next = at->next_by_id;
		if (message == NULL || !uuid_equal(&at->id, &slice->id) ||
		    !contract_may_answer(table->config->contract, at->queue->name, user))
			continue;
		const struct call_result result = copy_reply(slice);
		breaker_record_reply(&at->queue->breaker, table->config->breaker_after);
		end_call(table, at, &result, ended);
		if (message->calls.first == NULL)
			free_message(table, message);
		found = true;
	}
	return found;
}

void call_table_end_message(struct call_table *table, struct rpc_message *message, const struct call_result *result,
			    struct ended_calls *ended)
{
	while (message->calls.first != NULL) {
		struct pending_call *pending = message->calls.first;

		if (result->status == E_TIMEOUT && pending->subscriber_count > 0)
			record_timeout(table, pending);
		end_call(table, pending, result, ended);
	}
	free_message(table, message);
}

void call_table_end_waiting(struct call_table *table, const struct call_result *result, struct ended_calls *ended)
{
	for (size_t i = 0; i < table->queue_count; i++)
		while (table->queues[i].waiting.first != NULL)
			end_call(table, table->queues[i].waiting.first, result, ended);
}

void call_table_expire_messages(struct call_table *table, int64_t now_us, struct ended_calls *ended)
{
	static const struct call_result timeout = {.status = E_TIMEOUT, .sent = true};
	struct rpc_message *message = table->messages, *next;

	for (; message != NULL; message = next) {
		next = message->next;
		if (message->due_us <= now_us)
			call_table_end_message(table, message, &timeout, ended);
	}
}
