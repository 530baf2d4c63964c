/* No read is older than an answered write: writers and readers race on a few keys of a real Redis (named by
 * COMANDA_TEST_REDIS_URL), while connections are cut, Redis pauses for longer than anyone waits, loses its memory, and
 * writers die between fence, commit and write. The database is played by a table behind a lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/timestamp.h"
#include "redis/cache.h"
#include "redis/tests/redis_client.h"

enum { SKIPPED = 77, KEYS = 12, WRITERS = 3, READERS = 3 };
#define RUN_US   (4 * SECOND_US)
#define WAIT_US  (20 * MS_US)
#define FENCE_US (150 * MS_US) /* above the longest time from fence to commit: WAIT_US and some */

struct row {
	pthread_mutex_t lock;         /* PostgreSQL's row lock */
	atomic_int_fast64_t now;      /* committed */
	atomic_int_fast64_t answered; /* the newest sequence that a client has got an answer for */
	char key[64];
};

static struct row rows[KEYS];
static atomic_int_fast64_t epoch;
static atomic_bool stopping;
static atomic_long hits, stale, raises, writes;
static const char *redis_url;

static struct cache *new_cache(void)
{
	return cache_new(&(struct cache_config){
		.url = redis_url, .wait_us = WAIT_US, .keep_us = 60 * SECOND_US, .fence_us = FENCE_US});
}

static void answer_client(struct row *row, int_fast64_t sequence)
{
	int_fast64_t answered = atomic_load(&row->answered);

	while (answered < sequence && !atomic_compare_exchange_weak(&row->answered, &answered, sequence))
		;
}

/* One batch. False: the writer dies in it. */
static bool write_once(struct cache *cache, struct row *row, unsigned *seed)
{
	cache_set_epoch(cache, atomic_load(&epoch));
	pthread_mutex_lock(&row->lock);
	struct cache_entry entry = {.key = row->key, .sequence = atomic_load(&row->now) + 1};
	bool fenced = cache_fence(cache, &entry, 1) == OK;
	if (rand_r(seed) % 60 == 0) { /* rolled back, or dead */
		pthread_mutex_unlock(&row->lock);
		return rand_r(seed) % 2;
	}
	/* The epoch is raised in the same transaction. */
	if (!fenced)
		atomic_fetch_add(&epoch, 1), atomic_fetch_add(&raises, 1);
	atomic_store(&row->now, entry.sequence);
	pthread_mutex_unlock(&row->lock);

	char value[24];
	snprintf(value, sizeof value, "%lld", (long long)entry.sequence);
	entry.value = span_of(value);
	if (rand_r(seed) % 60 == 0)
		return false;
	if (rand_r(seed) % 4 == 0)
		poll(NULL, 0, rand_r(seed) % 5); /* late, and out of order with others */
	cache_write(cache, &entry, 1);
	answer_client(row, entry.sequence);
	atomic_fetch_add(&writes, 1);
	return true;
}

static void *write_on(void *number)
{
	unsigned seed = (unsigned)(uintptr_t)number;
	struct cache *cache = new_cache();

	while (!atomic_load(&stopping)) {
		if (write_once(cache, &rows[rand_r(&seed) % KEYS], &seed)) {
			poll(NULL, 0, rand_r(&seed) % 4);
			continue;
		}
		cache_free(cache);
		cache = new_cache();
	}
	cache_free(cache);
	return NULL;
}

static void read_once(struct cache *cache, struct row *row, struct arena *arena, unsigned *seed)
{
	struct cache_entry entry = {.key = row->key};
	int_fast64_t answered = atomic_load(&row->answered);

	cache_set_epoch(cache, atomic_load(&epoch));
	cache_read(cache, &entry, 1, arena);
	if (entry.value.bytes != NULL) {
		atomic_fetch_add(&hits, 1);
		if (entry.sequence < answered || strtoll(entry.value.bytes, NULL, 10) != entry.sequence)
			atomic_fetch_add(&stale, 1);
	}
	if (entry.lease == 0)
		return;
	entry.sequence = atomic_load(&row->now);
	entry.value = span_of(arena_format(arena, "%lld", (long long)entry.sequence));
	if (rand_r(seed) % 4 == 0)
		poll(NULL, 0, rand_r(seed) % 5);
	cache_fill(cache, &entry, 1);
}

static void *read_on(void *number)
{
	unsigned seed = (unsigned)(uintptr_t)number;
	struct cache *cache = new_cache();
	struct arena arena;

	arena_init(&arena);
	while (!atomic_load(&stopping)) {
		read_once(cache, &rows[rand_r(&seed) % KEYS], &arena, &seed);
		arena_reset(&arena);
	}
	arena_done(&arena);
	cache_free(cache);
	return NULL;
}

static void trouble(int redis, unsigned *seed)
{
	switch (rand_r(seed) % 32) {
	case 0:
	case 1:
		redis_tell(redis, "CLIENT KILL TYPE normal SKIPME yes");
		break;
	case 2:
	case 3:
		redis_tell(redis, "CLIENT PAUSE %d ALL", 10 + rand_r(seed) % 40);
		break;
	case 4: /* a restart */
		redis_tell(redis, "DEL cache:leases-open-at");
		for (int i = 0; i < KEYS; i++)
			redis_tell(redis, "DEL %s", rows[i].key);
		redis_tell(redis, "CLIENT KILL TYPE normal SKIPME yes");
		break;
	default:
		break;
	}
}

static void no_read_is_older_than_an_answered_write(void **state)
{
	pthread_t threads[WRITERS + READERS];
	unsigned seed = (unsigned)timestamp_now();
	struct arena arena;

	(void)state;
	arena_init(&arena);
	int redis = redis_outside(redis_url, &arena);
	for (int i = 0; i < KEYS; i++) {
		pthread_mutex_init(&rows[i].lock, NULL);
		snprintf(rows[i].key, sizeof rows[i].key, "race:%d:%lld", i, (long long)timestamp_now());
	}
	redis_tell(redis, "SET cache:leases-open-at 0");
	for (uintptr_t i = 0; i < WRITERS + READERS; i++)
		pthread_create(&threads[i], NULL, i < WRITERS ? write_on : read_on, (void *)(i + seed));
	for (int64_t until_us = monotonic_now() + RUN_US; monotonic_now() < until_us; poll(NULL, 0, 10))
		trouble(redis, &seed);
	atomic_store(&stopping, true);
	for (int i = 0; i < WRITERS + READERS; i++)
		pthread_join(threads[i], NULL);
	redis_tell(redis, "SET cache:leases-open-at 0");
	arena_done(&arena);
	print_message("%ld writes, %ld raises, %ld hits, %ld stale\n", writes, raises, hits, stale);
	assert_int_equal(stale, 0);
	assert_true(hits > 100 && writes > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(no_read_is_older_than_an_answered_write)};

	redis_url = getenv("COMANDA_TEST_REDIS_URL");
	if (redis_url == NULL || *redis_url == '\0') {
		puts("skipped: COMANDA_TEST_REDIS_URL is not set (redis://:password@host:port/db)");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
