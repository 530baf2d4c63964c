/* Pending calls: creation, lists, end, notification. */
#include "rpc/pending_call.h"

#include <string.h>

struct pending_call *pending_call_new(const struct contract *contract, const struct rpc_request *request,
				      int64_t due_us)
{
	struct pending_call *pending = mem_new(1, sizeof(*pending));
	struct buffer text;
	struct span data;

	buffer_init(&text);
	data = rpc_request_write(&text, contract, request);
	pending->text = (struct span){text.bytes, text.size};
	pending->data = data;
	pending->id = request->id;
	pending->type = request->type;
	pending->caller = request->caller;
	pending->mergeable = request->mergeable;
	pending->start_us = monotonic_now();
	pending->due_us = due_us;
	return pending;
}

void pending_call_free(struct pending_call *pending)
{
	free((void *)(uintptr_t)pending->text.bytes);
	free(pending->result.text);
	free(pending);
}

void pending_call_subscribe(struct pending_call *pending, struct subscriber *subscriber)
{
	subscriber->pending = pending;
	subscriber->next = pending->subscribers;
	pending->subscribers = subscriber;
	pending->subscriber_count++;
}

bool pending_call_repeats(const struct pending_call *a, const struct pending_call *b)
{
	return a->type == b->type && a->queue == b->queue && uuid_equal(&a->caller.user_id, &b->caller.user_id) &&
	       a->data.size == b->data.size && memcmp(a->data.bytes, b->data.bytes, a->data.size) == 0;
}

bool pending_call_equals(const struct pending_call *a, const struct pending_call *b)
{
	return pending_call_repeats(a, b) && a->caller.role == b->caller.role &&
	       uuid_equal(&a->caller.session_id, &b->caller.session_id);
}

void call_list_append(struct call_list *list, struct pending_call *pending)
{
	pending->previous = list->last;
	pending->next = NULL;
	if (list->last != NULL)
		list->last->next = pending;
	else
		list->first = pending;
	list->last = pending;
}

void call_list_remove(struct call_list *list, struct pending_call *pending)
{
	if (pending->previous != NULL)
		pending->previous->next = pending->next;
	else
		list->first = pending->next;
	if (pending->next != NULL)
		pending->next->previous = pending->previous;
	else
		list->last = pending->previous;
	pending->previous = pending->next = NULL;
}

void pending_call_end(struct pending_call *pending, const struct call_result *result, struct ended_calls *ended)
{
	pending->result = *result;
	pending->next = ended->calls;
	ended->calls = pending;
}

/* `notify` may free the subscriber, so the next one is read first. */
static void notify_all(struct subscriber *subscriber, const struct call_result *result)
{
	while (subscriber != NULL) {
		struct subscriber *next = subscriber->next;

		subscriber->notify(subscriber, result);
		subscriber = next;
	}
}

static void notify_timed_out(struct subscriber *subscriber)
{
	while (subscriber != NULL) {
		const struct call_result timeout = {.status = E_TIMEOUT, .sent = subscriber->sent};
		struct subscriber *next = subscriber->next;

		subscriber->notify(subscriber, &timeout);
		subscriber = next;
	}
}

void ended_calls_notify(struct ended_calls *ended)
{
	struct pending_call *pending = ended->calls, *next = NULL;
	struct subscriber *timed_out = ended->timed_out;

	*ended = (struct ended_calls){.calls = NULL};
	for (; pending != NULL; pending = next) {
		next = pending->next;
		notify_all(pending->subscribers, &pending->result);
		pending_call_free(pending);
	}
	notify_timed_out(timed_out);
}
