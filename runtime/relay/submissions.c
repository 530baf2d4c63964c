/* A linked list under a mutex. */
#include "relay/submissions.h"

enum status submissions_init(struct submissions *submissions)
{
	*submissions = (struct submissions){.end = &submissions->first};
	pthread_mutex_init(&submissions->mutex, NULL);
	condition_init(&submissions->over);
	return wake_init(&submissions->wake);
}

void submissions_done(struct submissions *submissions)
{
	wake_done(&submissions->wake);
	pthread_cond_destroy(&submissions->over);
	pthread_mutex_destroy(&submissions->mutex);
}

void submissions_add(struct submissions *submissions, struct outbox_batch *batch)
{
	pthread_mutex_lock(&submissions->mutex);
	batch->next = NULL;
	batch->submitted_us = tracing_on() ? timestamp_now() : 0;
	*submissions->end = batch;
	submissions->end = &batch->next;
	const bool wake = submissions->sleeping;
	submissions->sleeping = false;
	pthread_mutex_unlock(&submissions->mutex);
	if (wake)
		wake_send(&submissions->wake);
}

bool submissions_wait(struct submissions *submissions, struct outbox_batch *batch, int64_t until_us)
{
	pthread_mutex_lock(&submissions->mutex);
	while (!batch->over && condition_wait(&submissions->over, &submissions->mutex, until_us)) {
	}
	const bool over = batch->over;
	pthread_mutex_unlock(&submissions->mutex);
	return over;
}

struct outbox_batch *submissions_take(struct submissions *submissions)
{
	pthread_mutex_lock(&submissions->mutex);
	struct outbox_batch *first = submissions->first;
	submissions->first = NULL;
	submissions->end = &submissions->first;
	pthread_mutex_unlock(&submissions->mutex);
	return first;
}

void submissions_set_over(struct submissions *submissions, struct outbox_batch *batch)
{
	pthread_mutex_lock(&submissions->mutex);
	batch->over = true;
	pthread_cond_broadcast(&submissions->over);
	pthread_mutex_unlock(&submissions->mutex);
}

bool submissions_sleep(struct submissions *submissions)
{
	pthread_mutex_lock(&submissions->mutex);
	const bool empty = submissions->first == NULL;
	submissions->sleeping = empty;
	pthread_mutex_unlock(&submissions->mutex);
	return empty;
}

void submissions_awake(struct submissions *submissions, bool woken)
{
	pthread_mutex_lock(&submissions->mutex);
	submissions->sleeping = false;
	pthread_mutex_unlock(&submissions->mutex);
	if (woken)
		wake_clear(&submissions->wake);
}
