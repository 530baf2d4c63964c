/* The aggregate cache: by version, for a second, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "store/cache/aggregate_cache.h"
#include "telemetry/metrics.h"

struct thing {
	const char *text;
	int64_t version;
	bool terminal;
};

static void thing_copy(const void *aggregate, struct arena *arena, void *ret_copy)
{
	const struct thing *thing = aggregate;
	struct thing *copy = ret_copy;

	*copy = *thing;
	copy->text = arena_text(arena, thing->text);
}

static bool thing_is_terminal(const void *aggregate)
{
	return ((const struct thing *)aggregate)->terminal;
}

static const struct aggregate thing_kind = {"thing", sizeof(struct thing)};
static const struct aggregate other_kind = {"other", sizeof(struct thing)};
static const struct store things = {.kind = &thing_kind,
				    .version = offsetof(struct thing, version),
				    .copy = thing_copy,
				    .is_terminal = thing_is_terminal};
static const struct store others = {
	.kind = &other_kind, .version = offsetof(struct thing, version), .copy = thing_copy};

struct fixture {
	struct aggregate_cache *aggregate_cache;
	struct arena arena;
	int64_t now_us;
};

static int make(void **state)
{
	struct fixture *fixture = mem_new(1, sizeof(*fixture));

	fixture->aggregate_cache = aggregate_cache_new();
	fixture->now_us = 100 * SECOND_US;
	arena_init(&fixture->arena);
	*state = fixture;
	return 0;
}

static int drop(void **state)
{
	struct fixture *fixture = *state;

	aggregate_cache_free(fixture->aggregate_cache);
	arena_done(&fixture->arena);
	free(fixture);
	return 0;
}

static struct uuid id_of(unsigned number)
{
	struct uuid id = {.bytes = {[0] = 1}};

	memcpy(&id.bytes[10], &number, sizeof(number));
	return id;
}

static void put_in(struct fixture *fixture, const struct store *store, unsigned number, struct thing thing)
{
	struct cached_aggregate saved = {store, id_of(number), &thing};

	aggregate_cache_put(fixture->aggregate_cache, &(struct cached_aggregates){&saved, 1, fixture->now_us});
}

static void put(struct fixture *fixture, unsigned number, int64_t version, const char *text)
{
	put_in(fixture, &things, number, (struct thing){text, version, false});
}

static const struct thing *take_from(struct fixture *fixture, const struct store *store, unsigned number)
{
	struct cached_aggregate wanted = {.store = store, .id = id_of(number)};
	struct cached_aggregates all = {&wanted, 1, fixture->now_us};
	const size_t taken = aggregate_cache_take(fixture->aggregate_cache, &all, &fixture->arena);

	assert_int_equal(taken, wanted.data != NULL);
	return wanted.data;
}

static const struct thing *take(struct fixture *fixture, unsigned number)
{
	return take_from(fixture, &things, number);
}

static void gives_a_copy_of_what_was_put(void **state)
{
	struct fixture *fixture = *state;
	char text[] = "red";

	put(fixture, 1, 7, text);
	text[0] = 'b';
	const struct thing *taken = take(fixture, 1);
	assert_non_null(taken);
	assert_int_equal(taken->version, 7);
	assert_string_equal(taken->text, "red");
	aggregate_cache_invalidate(fixture->aggregate_cache, fixture->now_us);
	assert_string_equal(taken->text, "red");
}

static void distinguishes_kinds_and_ids(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, 1, 1, "one");
	put_in(fixture, &others, 1, (struct thing){"other", 2, false});
	assert_string_equal(take(fixture, 1)->text, "one");
	assert_string_equal(take_from(fixture, &others, 1)->text, "other");
	assert_null(take(fixture, 2));
	assert_null(take_from(fixture, &others, 2));
}

static void a_newer_version_replaces_an_older_one(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, 1, 1, "older");
	put(fixture, 1, 2, "newer");
	assert_string_equal(take(fixture, 1)->text, "newer");
}

static void an_older_version_does_not_replace_a_newer_one(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, 1, 2, "newer");
	put(fixture, 1, 1, "older");
	assert_string_equal(take(fixture, 1)->text, "newer");
}

static void caches_no_terminal_aggregate(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, 1, 1, "open");
	put_in(fixture, &things, 1, (struct thing){"over", 2, true});
	assert_null(take(fixture, 1));
	put_in(fixture, &things, 2, (struct thing){"over", 3, true});
	assert_null(take(fixture, 2));
	put(fixture, 3, 4, "newer");
	put_in(fixture, &things, 3, (struct thing){"over, and old news", 3, true});
	assert_string_equal(take(fixture, 3)->text, "newer");
}

static void drops_copies_after_a_second(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, 1, 1, "first");
	fixture->now_us += AGGREGATE_CACHE_US / 2;
	put(fixture, 2, 1, "second");
	fixture->now_us += AGGREGATE_CACHE_US / 2 - 1;
	assert_non_null(take(fixture, 1));
	fixture->now_us += 1;
	assert_null(take(fixture, 1));
	assert_non_null(take(fixture, 2));
	fixture->now_us += AGGREGATE_CACHE_US;
	assert_null(take(fixture, 2));
	assert_int_equal(aggregate_cache_bytes(fixture->aggregate_cache), 0);
}

static void a_newer_version_outlives_the_batch_of_the_older_one(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, 1, 1, "older");
	fixture->now_us += AGGREGATE_CACHE_US / 2;
	put(fixture, 1, 2, "newer");
	fixture->now_us += AGGREGATE_CACHE_US / 2;
	assert_string_equal(take(fixture, 1)->text, "newer");
}

static void drops_the_oldest_without_room(void **state)
{
	struct fixture *fixture = *state;
	static char text[10000];
	const unsigned count = 3 * AGGREGATE_CACHE_BYTES / sizeof(text);

	memset(text, 'x', sizeof(text) - 1);
	for (unsigned i = 0; i < count; i++) {
		put(fixture, i, 1, text);
		assert_true(aggregate_cache_bytes(fixture->aggregate_cache) <= AGGREGATE_CACHE_BYTES);
	}
	assert_null(take(fixture, 0));
	assert_null(take(fixture, count / 2));
	assert_non_null(take(fixture, count - 1));
	assert_true(aggregate_cache_bytes(fixture->aggregate_cache) > AGGREGATE_CACHE_BYTES / 2);
}

static void a_batch_that_is_larger_than_the_cache_is_not_cached(void **state)
{
	struct fixture *fixture = *state;
	char *text = mem_new(AGGREGATE_CACHE_BYTES + 1, 1);

	memset(text, 'x', AGGREGATE_CACHE_BYTES);
	put(fixture, 1, 1, "small");
	put(fixture, 2, 1, text);
	assert_null(take(fixture, 2));
	assert_int_equal(aggregate_cache_bytes(fixture->aggregate_cache), 0);
	free(text);
}

static void batches_without_copies_take_no_room(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 1000; i++)
		put_in(fixture, &things, i, (struct thing){"over", 1, true});
	assert_int_equal(aggregate_cache_bytes(fixture->aggregate_cache), 0);
}

static void an_invalidated_cache_is_disabled_for_a_while(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, 1, 1, "before");
	aggregate_cache_invalidate(fixture->aggregate_cache, fixture->now_us);
	assert_null(take(fixture, 1));
	assert_int_equal(aggregate_cache_bytes(fixture->aggregate_cache), 0);
	fixture->now_us += AGGREGATE_CACHE_PAUSE_US - 1;
	put(fixture, 2, 1, "meanwhile");
	assert_null(take(fixture, 2));
	fixture->now_us += 1;
	put(fixture, 3, 1, "after");
	assert_non_null(take(fixture, 3));
}

/* Thousands of aggregates in as few chains as there are: what goes must leave the rest of its chain in order. */
static void many_aggregates_are_put_and_dropped(void **state)
{
	struct fixture *fixture = *state;
	unsigned cached = 0;

	for (unsigned round = 1; round <= 5; round++) {
		for (unsigned i = 0; i < 2000; i += round)
			put(fixture, i, round, round % 2 ? "odd" : "even");
		fixture->now_us += AGGREGATE_CACHE_US / 4;
		arena_reset(&fixture->arena);
		for (unsigned i = 0; i < 2000; i++) {
			const struct thing *taken = take(fixture, i);

			if (taken == NULL)
				continue;
			cached++;
			assert_true(taken->version == round || i % round != 0);
			assert_true(i % (unsigned)taken->version == 0);
			assert_string_equal(taken->text, taken->version % 2 ? "odd" : "even");
		}
	}
	assert_true(cached > 1000);
}

enum { ROUNDS = 3000 };

static void *change_and_look(void *context)
{
	struct fixture *fixture = context;
	struct fixture own = {.aggregate_cache = fixture->aggregate_cache};

	arena_init(&own.arena);
	for (unsigned round = 0; round < ROUNDS; round++) {
		own.now_us = fixture->now_us + (int64_t)round * 1000;
		put(&own, round % 50, round, "text");
		const struct thing *taken = take(&own, (round + 25) % 50);
		if (taken != NULL && strcmp(taken->text, "text") != 0)
			abort();
		if (round % 100 == 0)
			arena_reset(&own.arena);
	}
	arena_done(&own.arena);
	return NULL;
}

static void consumers_share_the_cache(void **state)
{
	pthread_t consumers[3];

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&consumers[i], NULL, change_and_look, *state), 0);
	for (size_t i = 0; i < 3; i++)
		pthread_join(consumers[i], NULL);
}

#define test(function) cmocka_unit_test_setup_teardown(function, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(gives_a_copy_of_what_was_put),
		test(distinguishes_kinds_and_ids),
		test(a_newer_version_replaces_an_older_one),
		test(an_older_version_does_not_replace_a_newer_one),
		test(caches_no_terminal_aggregate),
		test(drops_copies_after_a_second),
		test(a_newer_version_outlives_the_batch_of_the_older_one),
		test(drops_the_oldest_without_room),
		test(a_batch_that_is_larger_than_the_cache_is_not_cached),
		test(batches_without_copies_take_no_room),
		test(an_invalidated_cache_is_disabled_for_a_while),
		test(many_aggregates_are_put_and_dropped),
		test(consumers_share_the_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
