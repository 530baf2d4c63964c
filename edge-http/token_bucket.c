/* Token buckets: sets of eight slots, each set found by its key's hash. */
#include "edge/token_bucket.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/memory.h"

enum { SETS = 2048, WAYS = 8, LOCKS = 16 }; /* 16,384 buckets: 256 kB */

struct slot {
	uint64_t key;
	int64_t full_at_us; /* steady */
};

struct limiter {
	int64_t burst, pause_us;
	pthread_mutex_t locks[LOCKS];
	struct slot slots[SETS][WAYS];
};

struct limiter *limiter_new(int64_t burst, int64_t pause_us)
{
	struct limiter *limiter = mem_new(1, sizeof(*limiter));

	limiter->burst = burst;
	limiter->pause_us = pause_us;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&limiter->locks[i], NULL);
	return limiter;
}

void limiter_free(struct limiter *limiter)
{
	if (limiter == NULL)
		return;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&limiter->locks[i]);
	free(limiter);
}

static pthread_mutex_t *lock_of(struct limiter *limiter, uint64_t key)
{
	return &limiter->locks[key % SETS % LOCKS];
}

/* The key's slot, or the one to be its own: the fullest, which is the one that says least. */
static struct slot *slot_of(struct limiter *limiter, uint64_t key)
{
	struct slot *set = limiter->slots[key % SETS], *fullest = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].full_at_us < fullest->full_at_us)
			fullest = &set[i];
	}
	return fullest;
}

/* When the key's bucket is full: never in the past. */
static int64_t full_at(const struct slot *slot, uint64_t key, int64_t now_us)
{
	return slot->key == key && slot->full_at_us > now_us ? slot->full_at_us : now_us;
}

struct limiter_answer limiter_take(struct limiter *limiter, const struct uuid *key, int64_t now_us)
{
	const uint64_t hash = uuid_hash(key);
	const int64_t room_us = limiter->burst * limiter->pause_us;
	pthread_mutex_t *lock = lock_of(limiter, hash);
	struct limiter_answer answer = {.allowed = true};

	pthread_mutex_lock(lock);
	struct slot *slot = slot_of(limiter, hash);
	int64_t full_us = full_at(slot, hash, now_us) + limiter->pause_us - now_us;
	if (full_us > room_us) {
		answer.allowed = false;
		answer.wait_us = full_us - room_us;
		full_us -= limiter->pause_us;
	}
	*slot = (struct slot){hash, now_us + full_us};
	pthread_mutex_unlock(lock);
	answer.full_us = full_us;
	answer.left = (room_us - full_us) / limiter->pause_us;
	return answer;
}

void limiter_give_back(struct limiter *limiter, const struct uuid *key, int64_t now_us)
{
	const uint64_t hash = uuid_hash(key);
	pthread_mutex_t *lock = lock_of(limiter, hash);

	pthread_mutex_lock(lock);
	struct slot *slot = slot_of(limiter, hash);
	if (slot->key == hash && slot->full_at_us > now_us)
		slot->full_at_us -= limiter->pause_us;
	pthread_mutex_unlock(lock);
}

bool limiter_touched(struct limiter *limiter, const struct uuid *key, int64_t now_us)
{
	const uint64_t hash = uuid_hash(key);
	pthread_mutex_t *lock = lock_of(limiter, hash);

	pthread_mutex_lock(lock);
	const bool touched = full_at(slot_of(limiter, hash), hash, now_us) > now_us;
	pthread_mutex_unlock(lock);
	return touched;
}

int64_t limiter_burst(const struct limiter *limiter)
{
	return limiter->burst;
}

int64_t limiter_window_us(const struct limiter *limiter)
{
	return limiter->burst * limiter->pause_us;
}
