/* Ids: text form, versions, derivation, order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/timestamp.h"
#include "core/uuid.h"

static const char sample[] = "0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5b";

static struct uuid parsed(const char *text)
{
	struct uuid id = {0};

	assert_int_equal(uuid_parse(text, strlen(text), &id), OK);
	return id;
}

static int version_of(const struct uuid *id)
{
	return id->bytes[6] >> 4;
}

static int variant_of(const struct uuid *id)
{
	return id->bytes[8] >> 6;
}

static int64_t milliseconds_of(const struct uuid *id)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id->bytes[i];
	return ms;
}

static void reads_what_it_writes(void **state)
{
	(void)state;
	struct uuid id = parsed(sample);
	char text[UUID_TEXT + 1];

	uuid_text(&id, text);
	assert_string_equal(text, sample);
}

static void reads_upper_case_as_the_same_id(void **state)
{
	(void)state;
	struct uuid lower = parsed(sample), upper = parsed("0193A5B0-7C2D-7E3F-8A9B-0C1D2E3F4A5B");

	assert_true(uuid_equal(&lower, &upper));
}

static void refuses_a_malformed_uuid_and_leaves_the_target_unchanged(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5",
		"0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5bc",
		"0193a5b07-c2d-7e3f-8a9b-0c1d2e3f4a5b",
		"0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5g",
		"0193a5b0_7c2d_7e3f_8a9b_0c1d2e3f4a5b",
		"{193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5}",
		"0193a5b07c2d7e3f8a9b0c1d2e3f4a5b0000",
		" 193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5b",
	};
	const struct uuid before = parsed(sample);
	struct uuid id = before;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(uuid_parse(bad[i], strlen(bad[i]), &id), E_MALFORMED);
		assert_true(uuid_equal(&id, &before));
	}
}

static void new_ids_are_version_7_of_their_time_and_differ(void **state)
{
	(void)state;
	const int64_t now = 1732238428123456;
	struct uuid first = uuid_new(now), second = uuid_new(now);

	assert_int_equal(version_of(&first), 7);
	assert_int_equal(variant_of(&first), 2);
	assert_int_equal(milliseconds_of(&first), now / MS_US);
	assert_false(uuid_equal(&first, &second));
}

static void later_ids_sort_after_earlier_ones(void **state)
{
	(void)state;
	struct uuid earlier = uuid_new(1732238428123000), later = uuid_new(1732238428124000);

	assert_true(uuid_compare(&earlier, &later) < 0);
	assert_true(uuid_compare(&later, &earlier) > 0);
}

static void derives_the_same_id_from_the_same_cause(void **state)
{
	(void)state;
	struct uuid cause = parsed(sample);
	struct uuid once = uuid_derive("svc-orders", &cause, 3, 1732238428123456);
	struct uuid again = uuid_derive("svc-orders", &cause, 3, 1732238428123456);

	assert_true(uuid_equal(&once, &again));
	assert_int_equal(version_of(&once), 7);
	assert_int_equal(variant_of(&once), 2);
	assert_int_equal(milliseconds_of(&once), 1732238428123);
}

/* Ids are recorded in the log and made again by a replay of another build: the algorithm must not drift.
 * (The expected ids were made with Python's hashlib.) */
static void derives_what_earlier_builds_derived(void **state)
{
	(void)state;
	struct uuid cause = parsed(sample), id = uuid_derive("svc-orders", &cause, 3, 1732238428123456);
	struct uuid of_text = uuid_of_text("email", "ann@example.org", 15);
	char text[UUID_TEXT + 1];

	uuid_text(&id, text);
	assert_string_equal(text, "01935174-c7db-76b8-8cd2-af2295ceac31");
	uuid_text(&of_text, text);
	assert_string_equal(text, "95673400-60d6-8f0d-a679-7ac1cd83facc");
}

static void derives_other_ids_for_another_consumer_cause_or_index(void **state)
{
	(void)state;
	struct uuid cause = parsed(sample), other = parsed("0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5c");
	struct uuid id = uuid_derive("svc-orders", &cause, 3, 0);
	struct uuid by_consumer = uuid_derive("svc-users", &cause, 3, 0);
	struct uuid by_cause = uuid_derive("svc-orders", &other, 3, 0);
	struct uuid by_index = uuid_derive("svc-orders", &cause, 4, 0);

	assert_false(uuid_equal(&id, &by_consumer));
	assert_false(uuid_equal(&id, &by_cause));
	assert_false(uuid_equal(&id, &by_index));
}

static void gives_equal_texts_of_one_space_equal_ids(void **state)
{
	(void)state;
	struct uuid id = uuid_of_text("email", "ann@example.org", 15);
	struct uuid same = uuid_of_text("email", "ann@example.org.uk", 15);
	struct uuid other_text = uuid_of_text("email", "bob@example.org", 15);
	struct uuid other_space = uuid_of_text("sku", "ann@example.org", 15);
	struct uuid moved = uuid_of_text("emailann", "@example.org", 12);

	assert_int_equal(version_of(&id), 8);
	assert_int_equal(variant_of(&id), 2);
	assert_true(uuid_equal(&id, &same));
	assert_false(uuid_equal(&id, &other_text));
	assert_false(uuid_equal(&id, &other_space));
	assert_false(uuid_equal(&id, &moved));
}

static void only_nil_is_nil(void **state)
{
	(void)state;
	struct uuid nil = parsed("00000000-0000-0000-0000-000000000000"), last = nil;

	last.bytes[15] = 1;
	assert_true(uuid_is_nil(&nil));
	assert_false(uuid_is_nil(&last));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(reads_upper_case_as_the_same_id),
		cmocka_unit_test(refuses_a_malformed_uuid_and_leaves_the_target_unchanged),
		cmocka_unit_test(new_ids_are_version_7_of_their_time_and_differ),
		cmocka_unit_test(later_ids_sort_after_earlier_ones),
		cmocka_unit_test(derives_the_same_id_from_the_same_cause),
		cmocka_unit_test(derives_what_earlier_builds_derived),
		cmocka_unit_test(derives_other_ids_for_another_consumer_cause_or_index),
		cmocka_unit_test(gives_equal_texts_of_one_space_equal_ids),
		cmocka_unit_test(only_nil_is_nil),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
