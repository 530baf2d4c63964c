/* Waking another thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>

#include "core/timestamp.h"
#include "core/wake.h"

static bool is_readable(const struct wake *wake)
{
	struct pollfd poller = {.fd = wake->fd, .events = POLLIN};

	return poll(&poller, 1, 0) == 1;
}

static void a_wake_is_readable_until_it_is_cleared(void **state)
{
	struct wake wake;

	(void)state;
	assert_int_equal(wake_init(&wake), OK);
	assert_false(is_readable(&wake));
	wake_send(&wake);
	wake_send(&wake);
	assert_true(is_readable(&wake));
	wake_clear(&wake);
	assert_false(is_readable(&wake));
	wake_clear(&wake); /* does not block */
	wake_done(&wake);
}

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	bool done;
};

static void *finish(void *context)
{
	struct shared *shared = context;

	pthread_mutex_lock(&shared->mutex);
	shared->done = true;
	pthread_cond_signal(&shared->condition);
	pthread_mutex_unlock(&shared->mutex);
	return NULL;
}

static void a_condition_is_waited_for_until_its_time(void **state)
{
	struct shared shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	const int64_t until_us = monotonic_now() + 20 * MS_US;

	(void)state;
	condition_init(&shared.condition);
	pthread_mutex_lock(&shared.mutex);
	while (condition_wait(&shared.condition, &shared.mutex, until_us)) {
	}
	pthread_mutex_unlock(&shared.mutex);
	assert_true(monotonic_now() >= until_us);
	pthread_cond_destroy(&shared.condition);
}

static void another_thread_ends_the_wait(void **state)
{
	static const int64_t limits[] = {INT64_MAX, HOUR_US};
	pthread_t thread;

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		const int64_t until_us = limits[i] == INT64_MAX ? INT64_MAX : monotonic_now() + limits[i];
		struct shared shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};
		bool in_time = true;

		condition_init(&shared.condition);
		pthread_mutex_lock(&shared.mutex);
		assert_int_equal(pthread_create(&thread, NULL, finish, &shared), 0);
		while (!shared.done && in_time)
			in_time = condition_wait(&shared.condition, &shared.mutex, until_us);
		pthread_mutex_unlock(&shared.mutex);
		pthread_join(thread, NULL);
		assert_true(in_time);
		pthread_cond_destroy(&shared.condition);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wake_is_readable_until_it_is_cleared),
		cmocka_unit_test(a_condition_is_waited_for_until_its_time),
		cmocka_unit_test(another_thread_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
