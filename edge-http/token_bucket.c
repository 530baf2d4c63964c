/* Token buckets in sets of eight slots. The hash of the key selects the set. */
#include "edge/token_bucket.h"

#include <pthread.h>
#include <stdlib.h>

#include "comanda/rpc.h"

enum { SETS = 2048, WAYS = 8, LOCKS = 16 }; /* 16,384 buckets: 256 kB */

struct slot {
	uint64_t key;
	int64_t full_at_us; /* by monotonic_now() */
};

struct token_buckets {
	int64_t burst, pause_us;
	pthread_mutex_t locks[LOCKS];
	struct slot slots[SETS][WAYS];
};

struct token_buckets *token_buckets_new(int64_t burst, int64_t pause_us)
{
	struct token_buckets *buckets = mem_new(1, sizeof(*buckets));

	buckets->burst = burst;
	buckets->pause_us = pause_us;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&buckets->locks[i], NULL);
	return buckets;
}

void token_buckets_free(struct token_buckets *buckets)
{
	if (buckets == NULL)
		return;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&buckets->locks[i]);
	free(buckets);
}

static pthread_mutex_t *lock_of(struct token_buckets *buckets, uint64_t key)
{
	return &buckets->locks[key % SETS % LOCKS];
}

/* The key's slot. If it has none: the slot of the fullest bucket, which is the least loss. */
static struct slot *slot_of(struct token_buckets *buckets, uint64_t key)
{
	struct slot *set = buckets->slots[key % SETS], *fullest = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].full_at_us < fullest->full_at_us)
			fullest = &set[i];
	}
	return fullest;
}

/* When the key's bucket is full; now, if it is full already. */
static int64_t full_at(const struct slot *slot, uint64_t key, int64_t now_us)
{
	return slot->key == key && slot->full_at_us > now_us ? slot->full_at_us : now_us;
}

struct token_result token_bucket_take(struct token_buckets *buckets, const struct uuid *key, int64_t now_us)
{
	const uint64_t hash = uuid_hash(key);
	const int64_t room_us = buckets->burst * buckets->pause_us;
	pthread_mutex_t *lock = lock_of(buckets, hash);
	struct token_result answer = {.allowed = true};

	pthread_mutex_lock(lock);
	struct slot *slot = slot_of(buckets, hash);
	int64_t full_us = full_at(slot, hash, now_us) + buckets->pause_us - now_us;
	if (full_us > room_us) {
		answer.allowed = false;
		answer.wait_us = full_us - room_us;
		full_us -= buckets->pause_us;
	}
	*slot = (struct slot){hash, now_us + full_us};
	pthread_mutex_unlock(lock);
	answer.full_us = full_us;
	answer.left = (room_us - full_us) / buckets->pause_us;
	return answer;
}

void token_bucket_give_back(struct token_buckets *buckets, const struct uuid *key, int64_t now_us)
{
	const uint64_t hash = uuid_hash(key);
	pthread_mutex_t *lock = lock_of(buckets, hash);

	pthread_mutex_lock(lock);
	struct slot *slot = slot_of(buckets, hash);
	if (slot->key == hash && slot->full_at_us > now_us)
		slot->full_at_us -= buckets->pause_us;
	pthread_mutex_unlock(lock);
}

bool token_bucket_has_token(struct token_buckets *buckets, const struct uuid *key, int64_t now_us)
{
	const uint64_t hash = uuid_hash(key);
	pthread_mutex_t *lock = lock_of(buckets, hash);

	pthread_mutex_lock(lock);
	const int64_t full_us = full_at(slot_of(buckets, hash), hash, now_us) + buckets->pause_us - now_us;
	pthread_mutex_unlock(lock);
	return full_us <= buckets->burst * buckets->pause_us;
}

bool token_bucket_is_used(struct token_buckets *buckets, const struct uuid *key, int64_t now_us)
{
	const uint64_t hash = uuid_hash(key);
	pthread_mutex_t *lock = lock_of(buckets, hash);

	pthread_mutex_lock(lock);
	const bool touched = full_at(slot_of(buckets, hash), hash, now_us) > now_us;
	pthread_mutex_unlock(lock);
	return touched;
}

int64_t token_buckets_burst(const struct token_buckets *buckets)
{
	return buckets->burst;
}

int64_t token_buckets_window_us(const struct token_buckets *buckets)
{
	return buckets->burst * buckets->pause_us;
}
