/* A circuit breaker per queue. Several timeouts in a row open it. While it is open, calls are refused, and one call
 * from time to time is let through as a probe. The first reply closes it. The table's lock protects it. Private to
 * rpc/. */
#ifndef RPC_CIRCUIT_BREAKER_H
#define RPC_CIRCUIT_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

struct circuit_breaker {
	const char *queue;     /* for the log and the metric */
	int timeouts;          /* in a row, since the last reply */
	int64_t replied_us;    /* the last reply, by monotonic_now() */
	bool probing;          /* a probe is pending */
	int64_t next_probe_us; /* no probe before this time, by monotonic_now() */
};

/* `after`: the number of timeouts that opens it. */
bool breaker_is_open(const struct circuit_breaker *breaker, int after);
/* Whether a call may be made: the breaker is closed, or the call can be the next probe. */
bool breaker_allows(const struct circuit_breaker *breaker, int after, int64_t now_us);
/* A probe ended. The next one may start after `pause_us`. */
void breaker_end_probe(struct circuit_breaker *breaker, int64_t pause_us);
/* A call that began at `start_us` has timed out. It counts only if no call was answered since it began. */
void breaker_record_timeout(struct circuit_breaker *breaker, int after, int64_t start_us);
void breaker_record_reply(struct circuit_breaker *breaker, int after);

#endif
