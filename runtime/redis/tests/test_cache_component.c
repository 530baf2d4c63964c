/* The cache against a real Redis, named by COMANDA_TEST_REDIS_URL (its current database is used, under keys of this
 * run only). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/timestamp.h"
#include "redis/cache.h"
#include "redis/tests/redis_client.h"

enum { SKIPPED = 77 };
#define WAIT_US (500 * MS_US)

static const char *redis_url;

/* The caches of several consumers, and a plain client. */
struct fixture {
	struct cache *reader, *writer, *other;
	int redis; /* a connection of its own */
	struct arena arena;
	char key[64];
};

static struct cache *new_cache(const char *url, int64_t fence_us)
{
	return cache_new(&(struct cache_config){
		.url = url, .wait_us = WAIT_US, .keep_us = 60 * SECOND_US, .fence_us = fence_us});
}

static int set_up(void **state)
{
	struct fixture *fixture = mem_new(1, sizeof *fixture);
	static int number;

	arena_init(&fixture->arena);
	fixture->reader = new_cache(redis_url, 0);
	fixture->writer = new_cache(redis_url, 0);
	fixture->other = new_cache(redis_url, 0);
	fixture->redis = redis_outside(redis_url, &fixture->arena);
	/* As if this Redis had been up for long: leases are given. */
	redis_tell(fixture->redis, "SET cache:leases-open-at 0");
	snprintf(fixture->key, sizeof fixture->key, "component:%d:%lld", number++, (long long)timestamp_now());
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	redis_tell(fixture->redis, "DEL %s", fixture->key);
	cache_free(fixture->reader);
	cache_free(fixture->writer);
	cache_free(fixture->other);
	close(fixture->redis);
	arena_done(&fixture->arena);
	free(fixture);
	return 0;
}

static struct cache_entry entry_of(const struct fixture *fixture, const char *value, int64_t sequence)
{
	return (struct cache_entry){.key = fixture->key, .value = span_of(value), .sequence = sequence};
}

static struct cache_entry read_one(struct fixture *fixture, struct cache *cache)
{
	struct cache_entry entry = {.key = fixture->key};

	cache_read(cache, &entry, 1, &fixture->arena);
	return entry;
}

static void sees_value(struct fixture *fixture, const char *value, int64_t sequence)
{
	struct cache_entry entry = read_one(fixture, fixture->reader);

	if (entry.value.bytes == NULL)
		fail_msg("%s is missing (lease %llu)", value, (unsigned long long)entry.lease);
	assert_string_equal(entry.value.bytes, value);
	assert_int_equal(entry.value.size, strlen(value));
	assert_int_equal(entry.sequence, sequence);
}

static void sees_nothing(struct fixture *fixture)
{
	struct cache_entry entry = read_one(fixture, fixture->reader);

	assert_null(entry.value.bytes);
	assert_int_equal(entry.lease, 0);
}

static uint64_t gets_lease(struct fixture *fixture)
{
	struct cache_entry entry = read_one(fixture, fixture->reader);

	assert_null(entry.value.bytes);
	assert_int_not_equal(entry.lease, 0);
	return entry.lease;
}

static void fence(struct fixture *fixture, struct cache *cache)
{
	struct cache_entry entry = {.key = fixture->key};

	assert_int_equal(cache_fence(cache, &entry, 1), OK);
}

static void write_one(struct fixture *fixture, struct cache *cache, const char *value, int64_t sequence)
{
	struct cache_entry entry = entry_of(fixture, value, sequence);

	cache_write(cache, &entry, 1);
}

static void fill_one(struct fixture *fixture, struct cache *cache, uint64_t lease, const char *value)
{
	struct cache_entry entry = entry_of(fixture, value, 1);

	entry.lease = lease;
	cache_fill(cache, &entry, 1);
}

/* ---- leases ---- */

static void fills_after_a_miss_and_reads_it_back(void **state)
{
	struct fixture *fixture = *state;

	fill_one(fixture, fixture->reader, gets_lease(fixture), "{\"a|b\":1}");
	sees_value(fixture, "{\"a|b\":1}", 1);
}

static void gives_one_lease_per_key(void **state)
{
	struct fixture *fixture = *state;

	uint64_t lease = gets_lease(fixture);
	sees_nothing(fixture);
	fill_one(fixture, fixture->other, lease + 1, "forged");
	sees_nothing(fixture);
	fill_one(fixture, fixture->reader, 0, "without a lease");
	sees_nothing(fixture);
	fill_one(fixture, fixture->reader, lease, "value");
	sees_value(fixture, "value", 1);
}

static void a_fill_after_a_write_is_dropped(void **state)
{
	struct fixture *fixture = *state;

	uint64_t lease = gets_lease(fixture);
	fence(fixture, fixture->writer);
	fill_one(fixture, fixture->reader, lease, "old");
	sees_nothing(fixture);
	write_one(fixture, fixture->writer, "new", 2);
	fill_one(fixture, fixture->reader, lease, "old");
	sees_value(fixture, "new", 2);
}

static void reads_many_in_one_call(void **state)
{
	enum { MANY = 2500 };
	struct fixture *fixture = *state;
	struct cache_entry *entries = mem_new(MANY, sizeof *entries);

	for (int i = 0; i < MANY; i++)
		entries[i] = (struct cache_entry){.key = arena_format(&fixture->arena, "%s:%d", fixture->key, i)};
	cache_read(fixture->reader, entries, MANY, &fixture->arena);
	for (int i = 0; i < MANY; i++) {
		assert_int_not_equal(entries[i].lease, 0);
		entries[i].value = span_of(arena_format(&fixture->arena, "value %d", i));
		entries[i].sequence = i;
	}
	cache_fill(fixture->reader, entries, MANY);
	cache_read(fixture->reader, entries, MANY, &fixture->arena);
	for (int i = 0; i < MANY; i++) {
		assert_string_equal(entries[i].value.bytes, arena_format(&fixture->arena, "value %d", i));
		assert_int_equal(entries[i].sequence, i);
		redis_tell(fixture->redis, "DEL %s", entries[i].key);
	}
	free(entries);
}

/* ---- fences ---- */

static void a_fence_takes_the_value_away_until_the_write(void **state)
{
	struct fixture *fixture = *state;

	fill_one(fixture, fixture->reader, gets_lease(fixture), "one");
	fence(fixture, fixture->writer);
	sees_nothing(fixture);
	write_one(fixture, fixture->writer, "two", 2);
	sees_value(fixture, "two", 2);
}

static void the_first_of_two_writers_does_not_lift_the_others_fence(void **state)
{
	struct fixture *fixture = *state;

	fence(fixture, fixture->writer);
	fence(fixture, fixture->other);
	write_one(fixture, fixture->writer, "five", 5);
	sees_nothing(fixture);
	write_one(fixture, fixture->other, "six", 6);
	sees_value(fixture, "six", 6);
}

static void an_older_write_that_comes_last_leaves_no_old_value(void **state)
{
	struct fixture *fixture = *state;

	fence(fixture, fixture->writer);
	fence(fixture, fixture->other);
	write_one(fixture, fixture->other, "six", 6);
	sees_nothing(fixture);
	write_one(fixture, fixture->writer, "five", 5);
	gets_lease(fixture); /* nothing is there: the next reader asks the database */
}

static void never_replaces_a_newer_value(void **state)
{
	struct fixture *fixture = *state;

	fence(fixture, fixture->writer);
	write_one(fixture, fixture->writer, "seven", 7);
	write_one(fixture, fixture->other, "six", 6);
	sees_value(fixture, "seven", 7);
	fence(fixture, fixture->other);
	write_one(fixture, fixture->other, "six", 6);
	gets_lease(fixture);
}

static void a_write_without_a_fence_only_removes_what_is_older(void **state)
{
	struct fixture *fixture = *state;

	fill_one(fixture, fixture->reader, gets_lease(fixture), "one");
	write_one(fixture, fixture->writer, "two", 2);
	uint64_t lease = gets_lease(fixture);
	write_one(fixture, fixture->writer, "three", 3);
	fill_one(fixture, fixture->reader, lease, "late");
	gets_lease(fixture);
}

/* Waits until a read of the key gives a lease: the fence has expired. */
static uint64_t wait_for_lease(struct fixture *fixture)
{
	int64_t until_us = monotonic_now() + 5 * SECOND_US;

	while (monotonic_now() < until_us) {
		struct cache_entry entry = read_one(fixture, fixture->reader);
		if (entry.lease != 0)
			return entry.lease;
		poll(NULL, 0, 5);
	}
	fail_msg("the fence stands for ever");
	return 0;
}

static void the_fence_of_a_dead_writer_expires(void **state)
{
	struct fixture *fixture = *state;
	struct cache *brief = new_cache(redis_url, 100 * MS_US);

	fence(fixture, brief);
	sees_nothing(fixture);
	fill_one(fixture, fixture->reader, wait_for_lease(fixture), "one");
	/* Its write comes too late, and takes away what it cannot know to be right. */
	write_one(fixture, brief, "two", 2);
	gets_lease(fixture);
	cache_free(brief);
}

/* The other one may have committed a newer value and died before it could write it. */
static void after_an_expired_fence_the_last_writer_removes_the_key(void **state)
{
	struct fixture *fixture = *state;
	struct cache *brief = new_cache(redis_url, 50 * MS_US);

	fence(fixture, brief);
	fence(fixture, fixture->writer);
	poll(NULL, 0, 80); /* the brief fence ends; nothing shows it before the write */
	write_one(fixture, fixture->writer, "one", 1);
	gets_lease(fixture);
	cache_free(brief);
}

static void several_fences_and_writes_make_one_batch(void **state)
{
	struct fixture *fixture = *state;
	const char *second = arena_format(&fixture->arena, "%s:second", fixture->key);
	struct cache_entry entry = {.key = second, .value = span_of("b"), .sequence = 1};

	fence(fixture, fixture->writer);
	assert_int_equal(cache_fence(fixture->writer, &entry, 1), OK);
	write_one(fixture, fixture->writer, "a", 1);
	cache_write(fixture->writer, &entry, 1);
	sees_value(fixture, "a", 1);
	cache_read(fixture->reader, &entry, 1, &fixture->arena);
	assert_string_equal(entry.value.bytes, "b");
	redis_tell(fixture->redis, "DEL %s", second);
}

/* ---- epochs ---- */

static void does_not_read_values_of_another_epoch(void **state)
{
	struct fixture *fixture = *state;

	fill_one(fixture, fixture->reader, gets_lease(fixture), "old");
	cache_set_epoch(fixture->reader, 1);
	uint64_t lease = gets_lease(fixture);
	fill_one(fixture, fixture->reader, lease, "new");
	sees_value(fixture, "new", 1);
	/* Who does not know of the new epoch leaves its values alone. */
	struct cache_entry entry = read_one(fixture, fixture->other);
	assert_null(entry.value.bytes);
	assert_int_equal(entry.lease, 0);
	sees_value(fixture, "new", 1);
	cache_set_epoch(fixture->reader, CACHE_BYPASS);
	sees_nothing(fixture);
	cache_set_epoch(fixture->reader, 1);
	sees_value(fixture, "new", 1);
}

static void a_value_has_the_epoch_of_its_fence(void **state)
{
	struct fixture *fixture = *state;

	fence(fixture, fixture->writer);
	cache_set_epoch(fixture->writer, 3);
	write_one(fixture, fixture->writer, "old", 1);
	cache_set_epoch(fixture->reader, 3);
	gets_lease(fixture);
}

/* ---- Redis itself ---- */

static void loads_its_scripts_again_when_redis_forgets_them(void **state)
{
	struct fixture *fixture = *state;

	fill_one(fixture, fixture->reader, gets_lease(fixture), "one");
	redis_tell(fixture->redis, "SCRIPT FLUSH");
	sees_value(fixture, "one", 1);
	fence(fixture, fixture->writer);
	sees_nothing(fixture);
}

/* A Redis that was restarted has lost fences that may still stand for open transactions. */
static void gives_no_lease_while_lost_fences_may_be_valid(void **state)
{
	struct fixture *fixture = *state;

	redis_tell(fixture->redis, "DEL cache:leases-open-at");
	cache_free(fixture->reader);
	fixture->reader = new_cache(redis_url, 200 * MS_US);
	int64_t start_us = monotonic_now();
	sees_nothing(fixture);
	(void)wait_for_lease(fixture);
	assert_true(monotonic_now() - start_us >= 190 * MS_US);
}

static void reconnects_without_a_failure_if_the_connection_is_lost_while_idle(void **state)
{
	struct fixture *fixture = *state;

	fill_one(fixture, fixture->reader, gets_lease(fixture), "one");
	redis_tell(fixture->redis, "CLIENT KILL TYPE normal SKIPME yes");
	sees_value(fixture, "one", 1);
	fence(fixture, fixture->writer);
	sees_nothing(fixture);
}

static void a_redis_that_never_answers_is_bypassed_quickly(void **state)
{
	struct fixture *fixture = *state;
	struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof where;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct cache_entry entry = {.key = "key"};

	assert_int_equal(bind(fd, (struct sockaddr *)&where, size), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &size), 0);
	struct cache *mute = cache_new(&(struct cache_config){
		.url = arena_format(&fixture->arena, "redis://127.0.0.1:%d", ntohs(where.sin_port)),
		.wait_us = 100 * MS_US,
		.keep_us = SECOND_US});
	int64_t start_us = monotonic_now();
	cache_read(mute, &entry, 1, &fixture->arena);
	assert_in_range(monotonic_now() - start_us, 90 * MS_US, 400 * MS_US);
	start_us = monotonic_now();
	assert_int_equal(cache_fence(mute, &entry, 1), E_UNAVAILABLE); /* not tried: the pause has not passed */
	cache_read(mute, &entry, 1, &fixture->arena);
	cache_write(mute, &entry, 1);
	assert_true(monotonic_now() - start_us < 20 * MS_US);
	assert_false(cache_available(mute));
	cache_free(mute);
	close(fd);
}

static void without_a_url_everything_misses_and_nothing_needs_a_fence(void **state)
{
	struct fixture *fixture = *state;
	struct cache *none = new_cache("", 0);
	struct cache_entry entry = {.key = fixture->key};

	cache_read(none, &entry, 1, &fixture->arena);
	assert_null(entry.value.bytes);
	assert_int_equal(entry.lease, 0);
	assert_int_equal(cache_fence(none, &entry, 1), OK);
	cache_write(none, &entry, 1);
	cache_free(none);
}

#define with_redis(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_redis(fills_after_a_miss_and_reads_it_back),
		with_redis(gives_one_lease_per_key),
		with_redis(a_fill_after_a_write_is_dropped),
		with_redis(reads_many_in_one_call),
		with_redis(a_fence_takes_the_value_away_until_the_write),
		with_redis(the_first_of_two_writers_does_not_lift_the_others_fence),
		with_redis(an_older_write_that_comes_last_leaves_no_old_value),
		with_redis(never_replaces_a_newer_value),
		with_redis(a_write_without_a_fence_only_removes_what_is_older),
		with_redis(the_fence_of_a_dead_writer_expires),
		with_redis(after_an_expired_fence_the_last_writer_removes_the_key),
		with_redis(several_fences_and_writes_make_one_batch),
		with_redis(does_not_read_values_of_another_epoch),
		with_redis(a_value_has_the_epoch_of_its_fence),
		with_redis(loads_its_scripts_again_when_redis_forgets_them),
		with_redis(gives_no_lease_while_lost_fences_may_be_valid),
		with_redis(reconnects_without_a_failure_if_the_connection_is_lost_while_idle),
		with_redis(a_redis_that_never_answers_is_bypassed_quickly),
		with_redis(without_a_url_everything_misses_and_nothing_needs_a_fence),
	};

	redis_url = getenv("COMANDA_TEST_REDIS_URL");
	if (redis_url == NULL || *redis_url == '\0') {
		puts("skipped: COMANDA_TEST_REDIS_URL is not set (redis://:password@host:port/db)");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
