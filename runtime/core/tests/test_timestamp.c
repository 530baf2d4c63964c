/* RFC 3339, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/timestamp.h"

static int64_t parsed(const char *text)
{
	int64_t at_us = 0;

	assert_int_equal(timestamp_parse(text, strlen(text), &at_us), OK);
	return at_us;
}

static void writes_microseconds_in_utc(void **state)
{
	(void)state;
	static const struct {
		int64_t at_us;
		const char *text;
	} known[] = {
		{0, "1970-01-01T00:00:00.000000Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{1732238428123456, "2024-11-22T01:20:28.123456Z"},
		{951782400 * SECOND_US, "2000-02-29T00:00:00.000000Z"},
		{4107542399 * SECOND_US + 999999, "2100-02-28T23:59:59.999999Z"},
		{4107542400 * SECOND_US, "2100-03-01T00:00:00.000000Z"},
		{253402300799 * SECOND_US, "9999-12-31T23:59:59.000000Z"},
		{-62167219200 * SECOND_US, "0000-01-01T00:00:00.000000Z"},
	};
	char text[TIMESTAMP_TEXT + 1];

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		timestamp_text(known[i].at_us, text);
		assert_string_equal(text, known[i].text);
		assert_true(parsed(known[i].text) == known[i].at_us);
	}
}

static void reads_every_day_of_five_centuries_as_it_wrote_it(void **state)
{
	(void)state;
	char text[TIMESTAMP_TEXT + 1];

	for (int64_t day = -100000; day < 80000; day++) {
		timestamp_text(day * DAY_US + 12345, text);
		assert_true(parsed(text) == day * DAY_US + 12345);
	}
}

static void takes_offsets_into_account(void **state)
{
	(void)state;
	int64_t noon = parsed("2026-01-31T12:00:00Z");

	assert_true(parsed("2026-01-31T14:30:00+02:30") == noon);
	assert_true(parsed("2026-01-31T07:00:00-05:00") == noon);
	assert_true(parsed("2026-02-01T01:00:00+13:00") == noon);
	assert_true(parsed("2026-01-31T12:00:00-00:00") == noon);
	assert_true(parsed("2026-01-31t12:00:00z") == noon);
}

static void reads_any_number_of_fraction_digits(void **state)
{
	(void)state;
	int64_t second = parsed("2026-01-31T12:00:00Z");

	assert_true(parsed("2026-01-31T12:00:00.5Z") == second + 500000);
	assert_true(parsed("2026-01-31T12:00:00.000001Z") == second + 1);
	assert_true(parsed("2026-01-31T12:00:00.000001999999999Z") == second + 1);
	assert_true(parsed("2026-01-31T12:00:00.0000000000000000000000000000000001Z") == second);
}

static void knows_leap_years(void **state)
{
	(void)state;
	int64_t at_us = 0;

	assert_int_equal(timestamp_parse("2024-02-29T00:00:00Z", 20, &at_us), OK);
	assert_int_equal(timestamp_parse("2000-02-29T00:00:00Z", 20, &at_us), OK);
	assert_int_equal(timestamp_parse("2023-02-29T00:00:00Z", 20, &at_us), E_MALFORMED);
	assert_int_equal(timestamp_parse("1900-02-29T00:00:00Z", 20, &at_us), E_MALFORMED);
}

static void refuses_a_malformed_timestamp_and_leaves_the_target_unchanged(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"2026-01-31",
		"2026-01-31T12:00:00",
		"2026-01-31 12:00:00Z",
		"2026-01-31T12:00Z",
		"2026-00-31T12:00:00Z",
		"2026-13-31T12:00:00Z",
		"2026-01-00T12:00:00Z",
		"2026-01-32T12:00:00Z",
		"2026-04-31T12:00:00Z",
		"2026-01-31T24:00:00Z",
		"2026-01-31T12:60:00Z",
		"2026-01-31T12:00:60Z",
		"2026-01-31T12:00:00.Z",
		"2026-01-31T12:00:00,5Z",
		"2026-01-31T12:00:00+24:00",
		"2026-01-31T12:00:00+0200",
		"2026-01-31T12:00:00+02",
		"2026-01-31T12:00:00ZZ",
		"2026-01-31T12:00:00Z ",
		" 2026-01-31T12:00:00Z",
		"+026-01-31T12:00:00Z",
		"12026-01-31T12:00:00Z",
		"0000-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
	};
	int64_t at_us = 42;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (timestamp_parse(bad[i], strlen(bad[i]), &at_us) != E_MALFORMED)
			fail_msg("took \"%s\"", bad[i]);
		assert_int_equal(at_us, 42);
	}
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
	(void)state;
	int64_t first = monotonic_now();

	assert_true(monotonic_now() >= first);
	assert_true(timestamp_now() > parsed("2024-01-01T00:00:00Z"));
}

static void durations_are_a_whole_number_and_a_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} good[] = {{"250ms", 250 * MS_US},
		    {"2s", 2 * SECOND_US},
		    {"10m", 10 * MINUTE_US},
		    {"24h", DAY_US},
		    {"7d", 7 * DAY_US},
		    {"0s", 0},
		    {"106751991d", 106751991 * DAY_US}};
	static const char *const bad[] = {"",
					  "5",
					  "s",
					  "1.5s",
					  "5 s",
					  " 5s",
					  "5us",
					  "5sec",
					  "-1s",
					  "+1s",
					  "106751992d",
					  "5S",
					  "9223372036854775808ms"};
	int64_t us = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(duration_parse(bad[i], &us), E_MALFORMED);
		assert_int_equal(us, 42);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(duration_parse(good[i].text, &us), OK);
		assert_int_equal(us, good[i].us);
	}
}

static void durations_are_written_in_the_largest_exact_unit(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_string_equal(duration_text(&arena, 0), "0ms");
	assert_string_equal(duration_text(&arena, 1500 * MS_US), "1500ms");
	assert_string_equal(duration_text(&arena, 90 * SECOND_US), "90s");
	assert_string_equal(duration_text(&arena, 2 * HOUR_US), "2h");
	assert_string_equal(duration_text(&arena, 48 * HOUR_US), "2d");
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_microseconds_in_utc),
		cmocka_unit_test(reads_every_day_of_five_centuries_as_it_wrote_it),
		cmocka_unit_test(takes_offsets_into_account),
		cmocka_unit_test(reads_any_number_of_fraction_digits),
		cmocka_unit_test(knows_leap_years),
		cmocka_unit_test(refuses_a_malformed_timestamp_and_leaves_the_target_unchanged),
		cmocka_unit_test(the_monotonic_clock_does_not_go_back),
		cmocka_unit_test(durations_are_a_whole_number_and_a_unit),
		cmocka_unit_test(durations_are_written_in_the_largest_exact_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
