/* Items that are asked: their life, their lists, their end. */
#include "rpc_ask.h"

#include <string.h>
#include <time.h>

struct ask *ask_new(const struct contract *contract, const struct rpc_request *request, int64_t due_us,
		    const pthread_condattr_t *steady)
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
	ask->begun_us = moment_steady();
	ask->due_us = due_us;
	ask->callers = 1;
	ask->references = 1;
	pthread_mutex_init(&ask->lock, NULL);
	pthread_cond_init(&ask->ended, steady);
	return ask;
}

void ask_release(struct ask *ask)
{
	if (atomic_fetch_sub(&ask->references, 1) > 1)
		return;
	pthread_cond_destroy(&ask->ended);
	pthread_mutex_destroy(&ask->lock);
	free((void *)(uintptr_t)ask->text.bytes);
	free(ask->end.text);
	free(ask);
}

bool ask_equals(const struct ask *a, const struct ask *b)
{
	return a->type == b->type && a->lane == b->lane && a->caller.role == b->caller.role &&
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
	pthread_mutex_lock(&ask->lock);
	ask->done = true;
	ask->end = *end;
	pthread_mutex_unlock(&ask->lock);
	ask->after = ended->first;
	ended->first = ask;
}

void ended_tell(struct ended *ended)
{
	while (ended->first != NULL) {
		struct ask *ask = ended->first;

		ended->first = ask->after;
		pthread_cond_broadcast(&ask->ended);
		ask_release(ask);
	}
}

bool ask_wait(struct ask *ask, int64_t due_us)
{
	const struct timespec until = {.tv_sec = due_us / SECOND_US, .tv_nsec = due_us % SECOND_US * 1000};
	int error = 0;
	bool done;

	pthread_mutex_lock(&ask->lock);
	while (!ask->done && error == 0)
		error = pthread_cond_timedwait(&ask->ended, &ask->lock, &until);
	done = ask->done;
	pthread_mutex_unlock(&ask->lock);
	return done;
}

bool ask_is_done(struct ask *ask)
{
	bool done;

	pthread_mutex_lock(&ask->lock);
	done = ask->done;
	pthread_mutex_unlock(&ask->lock);
	return done;
}
