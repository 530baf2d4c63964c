/* Items that are asked: their life, their lists, their end, and who is told of it. */
#include "rpc/call.h"

#include <string.h>

struct ask *ask_new(const struct contract *contract, const struct rpc_request *request, int64_t due_us)
{
	struct ask *ask = mem_new(1, sizeof(*ask));
	struct buffer text;

	buffer_init(&text);
	rpc_request_write(&text, contract, request);
	ask->text = (struct span){text.bytes, text.size};
	ask->data.size = request->data.size > 0 ? request->data.size : 2;
	ask->data.bytes = text.bytes + text.size - 1 - ask->data.size;
	ask->id = request->id;
	ask->type = request->type;
	ask->caller = request->caller;
	ask->read = request->read;
	ask->begun_us = monotonic_now();
	ask->due_us = due_us;
	return ask;
}

void ask_free(struct ask *ask)
{
	free((void *)(uintptr_t)ask->text.bytes);
	free(ask->end.text);
	free(ask);
}

void ask_add(struct ask *ask, struct subscriber *subscriber)
{
	subscriber->ask = ask;
	subscriber->next = ask->subscribers;
	ask->subscribers = subscriber;
	ask->callers++;
}

bool ask_equals(const struct ask *a, const struct ask *b)
{
	return a->type == b->type && a->queue == b->queue && a->caller.role == b->caller.role &&
	       uuid_equal(&a->caller.user_id, &b->caller.user_id) &&
	       uuid_equal(&a->caller.session_id, &b->caller.session_id) && a->data.size == b->data.size &&
	       memcmp(a->data.bytes, b->data.bytes, a->data.size) == 0;
}

void asks_append(struct asks *asks, struct ask *ask)
{
	ask->before = asks->last;
	ask->after = NULL;
	if (asks->last != NULL)
		asks->last->after = ask;
	else
		asks->first = ask;
	asks->last = ask;
}

void asks_remove(struct asks *asks, struct ask *ask)
{
	if (ask->before != NULL)
		ask->before->after = ask->after;
	else
		asks->first = ask->after;
	if (ask->after != NULL)
		ask->after->before = ask->before;
	else
		asks->last = ask->before;
	ask->before = ask->after = NULL;
}

void ask_end(struct ask *ask, const struct rpc_end *end, struct ended *ended)
{
	ask->end = *end;
	ask->after = ended->asks;
	ended->asks = ask;
}

/* Who is told may be gone after it. */
static void tell_all(struct subscriber *subscriber, const struct rpc_end *end)
{
	while (subscriber != NULL) {
		struct subscriber *next = subscriber->next;

		subscriber->tell(subscriber, end);
		subscriber = next;
	}
}

static void tell_late(struct subscriber *subscriber)
{
	while (subscriber != NULL) {
		const struct rpc_end too_late = {.status = E_TIMEOUT, .sent = subscriber->sent};
		struct subscriber *next = subscriber->next;

		subscriber->tell(subscriber, &too_late);
		subscriber = next;
	}
}

void ended_tell(struct ended *ended)
{
	struct ask *ask = ended->asks, *after = NULL;
	struct subscriber *late = ended->late;

	*ended = (struct ended){NULL, NULL};
	for (; ask != NULL; ask = after) {
		after = ask->after;
		tell_all(ask->subscribers, &ask->end);
		ask_free(ask);
	}
	tell_late(late);
}
