/* Exponential back-off with jitter. */
#include "core/backoff.h"

#include "core/random.h"

static void succeeded(struct backoff *backoff)
{
	backoff->pause_us = backoff->due_us = 0;
}

void backoff_failed(struct backoff *backoff, int64_t now_us)
{
	if (backoff->random == 0)
		backoff->random = random_seed();
	if (backoff->connected_us != 0 && now_us - backoff->connected_us >= backoff->steady_us)
		succeeded(backoff);
	backoff->connected_us = 0;
	backoff->pause_us = backoff->pause_us == 0 ? backoff->first_us : backoff->pause_us * 2;
	if (backoff->pause_us > backoff->longest_us)
		backoff->pause_us = backoff->longest_us;

	const int64_t half_us = backoff->pause_us / 2;
	const uint64_t jitter_us = random_next(&backoff->random) % (uint64_t)(backoff->pause_us - half_us);
	backoff->due_us = now_us + half_us + (int64_t)jitter_us;
}

void backoff_connected(struct backoff *backoff, int64_t now_us)
{
	backoff->connected_us = now_us;
	if (backoff->steady_us == 0)
		succeeded(backoff);
}
