/* How one thread wakes another: a condition variable with a deadline, and a file descriptor for a thread that polls. */
#ifndef CORE_WAKE_H
#define CORE_WAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

/* A condition variable whose deadlines are times of monotonic_now(): the wall clock may be set meanwhile
 * (pthread_condattr_setclock(3)). */
void condition_init(pthread_cond_t *condition);
/* Waits until the condition is signalled or `until_us` is reached (INT64_MAX: no limit). As with every condition
 * variable, the caller holds the mutex and looks again at what it waits for. False: the time is up. */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_us);

/* An eventfd (eventfd(2)) that becomes readable by wake_send and stays so until wake_clear. */
struct wake {
	int fd; /* for poll(2), POLLIN */
};

/* E_UNAVAILABLE: the process has no file descriptor left. */
must_check enum status wake_init(struct wake *wake);
void wake_done(struct wake *wake);
/* From any thread. Several calls before a wake_clear are one. */
void wake_send(const struct wake *wake);
/* By the thread that was woken, before it looks for work. Does nothing without a wake_send. */
void wake_clear(const struct wake *wake);

#endif
