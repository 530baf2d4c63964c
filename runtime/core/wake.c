/* Condition variables on the monotonic clock, and eventfds. */
#include "core/wake.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/timestamp.h"

void condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_us)
{
	const struct timespec until = {.tv_sec = until_us / SECOND_US, .tv_nsec = until_us % SECOND_US * 1000};

	if (until_us == INT64_MAX)
		return pthread_cond_wait(condition, mutex) == 0;
	return pthread_cond_timedwait(condition, mutex, &until) != ETIMEDOUT;
}

enum status wake_init(struct wake *wake)
{
	wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return wake->fd >= 0 ? OK : E_UNAVAILABLE;
}

void wake_done(struct wake *wake)
{
	close(wake->fd);
	wake->fd = -1;
}

/* A write fails only after 2^64 - 2 writes without a read. The descriptor is readable then, which is all that counts.
 */
void wake_send(const struct wake *wake)
{
	(void)eventfd_write(wake->fd, 1);
}

void wake_clear(const struct wake *wake)
{
	eventfd_t count = 0;

	(void)eventfd_read(wake->fd, &count);
}
