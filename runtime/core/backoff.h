/* When to try again after failures: exponential back-off with jitter (AWS Architecture Blog, "Exponential Backoff and
 * Jitter", 2015, "equal jitter"). No I/O. The caller passes the time, from monotonic_now(). */
#ifndef CORE_BACKOFF_H
#define CORE_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/* The first four fields are set by the owner, the others start as 0. */
struct backoff {
	int64_t first_us;   /* the longest first pause */
	int64_t longest_us; /* no pause is longer */
	int64_t steady_us;  /* a connection that lived this long is a success; 0: each connection is one */
	uint64_t random;    /* random_seed(); 0: seeded by the first failure */

	int64_t pause_us;     /* the upper limit of the present pause; 0: no failure since the last success */
	int64_t due_us;       /* when the next try is due; 0: at once */
	int64_t connected_us; /* since when there is a connection; 0: there is none */
};

/* A try failed, or the connection is lost. The limit of the pause is `first_us` after a success, then doubles up to
 * `longest_us`. The pause is drawn from the upper half of its limit, so that clients that lost a server together do not
 * come back together. */
void backoff_failed(struct backoff *backoff, int64_t now_us);
/* A try succeeded. */
void backoff_connected(struct backoff *backoff, int64_t now_us);

static inline bool backoff_is_due(const struct backoff *backoff, int64_t now_us)
{
	return now_us >= backoff->due_us;
}

/* Whether the last try failed, or the last connection was lost before it was a success. */
static inline bool backoff_is_failing(const struct backoff *backoff)
{
	return backoff->pause_us != 0;
}

#endif
