/* The cache's epoch: what is computed, and the row in a real PostgreSQL named by COMANDA_TEST_DATABASE_URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "store/cache/cache_epoch.h"

enum { SKIPPED = 77 };

struct fixture {
	struct db *db;
	struct cache *cache;
};

static void must_run(struct db *db, const char *name, const char *text)
{
	struct rows rows;

	if (db_run(db, &(struct sql){name, text}, &rows) != OK)
		fail_msg("%s: %s", text, db_detail(db));
}

static int set_up(void **state)
{
	struct fixture *fixture = mem_new(1, sizeof *fixture);

	fixture->db = db_new(&(struct db_config){.url = getenv("COMANDA_TEST_DATABASE_URL"),
						 .program = "test",
						 .connection_name = "epoch",
						 .wait_us = 2 * SECOND_US});
	fixture->cache = cache_new(&(struct cache_config){.url = ""});
	must_run(fixture->db, "make",
		 "CREATE TEMP TABLE cache_epoch (epoch bigint, enabled_from timestamptz, closed_to timestamptz)");
	must_run(fixture->db, "fill", "INSERT INTO cache_epoch VALUES (7, now(), now())");
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	db_free(fixture->db);
	cache_free(fixture->cache);
	free(fixture);
	return 0;
}

/* A transaction that raises the epoch. Returns when it may answer, from its commit. */
static int64_t raise_and_commit(struct fixture *fixture, struct cache_epoch *epoch)
{
	assert_int_equal(db_ensure(fixture->db), OK);
	db_send_text(fixture->db, "BEGIN");
	cache_epoch_raise(epoch, fixture->db);
	db_send_text(fixture->db, "COMMIT");
	if (db_sync(fixture->db) != OK)
		fail_msg("%s", db_detail(fixture->db));
	int64_t committed_us = monotonic_now();
	return cache_epoch_committed(epoch, committed_us) - committed_us;
}

static void asks_once_per_lease(void **state)
{
	struct fixture *fixture = *state;
	struct cache_epoch epoch = {0};

	cache_epoch_refresh(&epoch, fixture->db, fixture->cache);
	assert_true(epoch.open);
	assert_int_equal(epoch.epoch, 7);
	must_run(fixture->db, "change", "UPDATE cache_epoch SET epoch = 8");
	cache_epoch_refresh(&epoch, fixture->db, fixture->cache);
	assert_int_equal(epoch.epoch, 7);
	epoch.held_until_us = monotonic_now();
	cache_epoch_refresh(&epoch, fixture->db, fixture->cache);
	assert_int_equal(epoch.epoch, 8);
}

static void a_raise_closes_the_cache_and_only_the_first_waits(void **state)
{
	struct fixture *fixture = *state;
	struct cache_epoch writer = {0}, reader = {0};

	assert_int_equal(raise_and_commit(fixture, &writer), CACHE_EPOCH_LEASE_US);
	cache_epoch_refresh(&reader, fixture->db, fixture->cache);
	assert_false(reader.open);
	assert_int_equal(reader.epoch, 8);
	assert_true(raise_and_commit(fixture, &writer) < CACHE_EPOCH_LEASE_US);
	/* Another consumer does not know since when it is closed. */
	struct cache_epoch other = {0};
	assert_int_equal(raise_and_commit(fixture, &other), CACHE_EPOCH_LEASE_US);
	must_run(fixture->db, "later", "UPDATE cache_epoch SET enabled_from = now()");
	reader.held_until_us = 0;
	cache_epoch_refresh(&reader, fixture->db, fixture->cache);
	assert_true(reader.open);
	assert_int_equal(reader.epoch, 10);
}

static void a_raise_that_was_rolled_back_is_not_counted(void **state)
{
	struct fixture *fixture = *state;
	struct cache_epoch writer = {0};

	assert_int_equal(db_ensure(fixture->db), OK);
	db_send_text(fixture->db, "BEGIN");
	cache_epoch_raise(&writer, fixture->db);
	db_recover(fixture->db);
	assert_int_equal(raise_and_commit(fixture, &writer), CACHE_EPOCH_LEASE_US);
}

static void the_last_epoch_stays_in_use_while_the_database_is_away(void **state)
{
	struct fixture *fixture = *state;
	struct cache_epoch epoch = {0};
	struct db *away = db_new(&(struct db_config){.url = "postgresql://nobody@127.0.0.1:1/nowhere",
						     .program = "test",
						     .connection_name = "away",
						     .wait_us = SECOND_US});

	cache_epoch_refresh(&epoch, away, fixture->cache);
	assert_false(epoch.open); /* nothing is known yet */
	epoch.held_until_us = 0;
	cache_epoch_refresh(&epoch, fixture->db, fixture->cache);
	epoch.held_until_us = 0;
	cache_epoch_refresh(&epoch, away, fixture->cache);
	assert_true(epoch.open);
	assert_int_equal(epoch.epoch, 7);
	db_free(away);
}

/* ---- when answers may go, in microseconds from an arbitrary start ---- */

static void waits_again_once_the_cache_may_have_been_open(void **state)
{
	struct cache_epoch epoch = {.raised_us = 0, .taken_us = 10, .closed_until_us = -1};
	const int64_t later_us = CACHE_EPOCH_LEASE_US * 2;

	(void)state;
	assert_int_equal(cache_epoch_committed(&epoch, 20), 20 + CACHE_EPOCH_LEASE_US);

	/* Within the closed time: nothing to wait for once a lease has passed since the first. */
	epoch.raised_us = later_us;
	epoch.taken_us = later_us + 10;
	epoch.closed_until_us = CACHE_EPOCH_CLOSED_US;
	assert_int_equal(cache_epoch_committed(&epoch, later_us + 20), later_us + 20);

	/* Got the row only after what this consumer knew to be closed: others may have opened and closed it in between.
	 */
	epoch.raised_us = later_us + CACHE_EPOCH_CLOSED_US - 5;
	epoch.taken_us = later_us + CACHE_EPOCH_CLOSED_US + 5;
	epoch.closed_until_us = epoch.taken_us + SECOND_US;
	int64_t committed_us = epoch.taken_us + 10;
	assert_int_equal(cache_epoch_committed(&epoch, committed_us), committed_us + CACHE_EPOCH_LEASE_US);

	/* Committed after the row would have opened. */
	epoch.raised_us = epoch.taken_us = committed_us + 10;
	epoch.closed_until_us = committed_us + 100;
	assert_int_equal(cache_epoch_committed(&epoch, committed_us + 101), committed_us + 101 + CACHE_EPOCH_LEASE_US);
}

#define with_database(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_again_once_the_cache_may_have_been_open),
		with_database(asks_once_per_lease),
		with_database(a_raise_closes_the_cache_and_only_the_first_waits),
		with_database(a_raise_that_was_rolled_back_is_not_counted),
		with_database(the_last_epoch_stays_in_use_while_the_database_is_away),
	};
	const char *url = getenv("COMANDA_TEST_DATABASE_URL");

	if (url == NULL || *url == '\0') {
		puts("skipped: COMANDA_TEST_DATABASE_URL is not set (postgresql://user@host:port/database)");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
