/* Arenas and buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/memory.h"

static void an_arena_gives_zeroed_memory_again_after_a_reset(void **state)
{
	(void)state;
	struct arena arena;

	arena_init(&arena);
	for (int round = 0; round < 3; round++) {
		unsigned char *bytes = arena_new(&arena, 5000, 3);

		for (size_t i = 0; i < 15000; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 0xff, 15000);
		arena_reset(&arena);
		assert_int_equal(arena.used, 0);
	}
	arena_done(&arena);
}

static void pieces_of_an_arena_are_aligned_and_do_not_overlap(void **state)
{
	(void)state;
	struct arena arena;
	char *before = NULL;

	arena_init(&arena);
	for (size_t size = 1; size < 3000; size += 7) {
		char *bytes = arena_new(&arena, 1, size);

		assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
		memset(bytes, (int)(size & 0x7f), size);
		if (before != NULL)
			assert_int_equal(before[0], (int)((size - 7) & 0x7f));
		before = bytes;
	}
	arena_done(&arena);
}

static void an_arena_takes_what_is_larger_than_its_blocks(void **state)
{
	(void)state;
	struct arena arena;
	const size_t mebibyte = 1024UL * 1024;
	char *small = NULL, *large = NULL, *next = NULL;

	arena_init(&arena);
	small = arena_text(&arena, "small");
	large = arena_new(&arena, 3, mebibyte);
	next = arena_text(&arena, "next");
	large[3 * mebibyte - 1] = 1;
	assert_string_equal(small, "small");
	assert_string_equal(next, "next");
	arena_reset(&arena);
	assert_string_equal(arena_text(&arena, "again"), "again");
	arena_done(&arena);
}

static void an_arena_keeps_one_block_for_the_next_time(void **state)
{
	(void)state;
	struct arena arena;
	void *first = NULL;

	arena_init(&arena);
	first = arena_new(&arena, 1, 100);
	arena_reset(&arena);
	assert_ptr_equal(arena_new(&arena, 1, 100), first);
	arena_done(&arena);
}

static void copies_end_with_a_nul(void **state)
{
	(void)state;
	struct arena arena;

	arena_init(&arena);
	assert_string_equal(arena_copy(&arena, "orders.events", 6), "orders");
	assert_string_equal(arena_copy(&arena, "", 0), "");
	assert_string_equal(arena_format(&arena, "%s-%d", "queue", 7), "queue-7");
	assert_null(arena_text(&arena, NULL));
	arena_done(&arena);
}

static void a_buffer_grows_and_stays_terminated(void **state)
{
	(void)state;
	static const char large[100000] = "more than twice what there was";
	struct buffer buffer;

	buffer_init(&buffer);
	assert_string_equal(buffer.bytes, "");
	for (int i = 0; i < 1000; i++)
		buffer_format(&buffer, "%03d,", i);
	buffer_text(&buffer, "end");
	assert_int_equal(buffer.size, 4003);
	assert_int_equal(strlen(buffer.bytes), buffer.size);
	assert_memory_equal(buffer.bytes + 3996, "999,end", 8);
	buffer_clear(&buffer);
	assert_string_equal(buffer.bytes, "");
	assert_int_equal(buffer.size, 0);
	buffer_add(&buffer, large, sizeof large);
	assert_true(buffer.room > sizeof large);
	assert_memory_equal(buffer.bytes, large, sizeof large);
	buffer_done(&buffer);
}

static void a_zeroed_buffer_can_be_added_to(void **state)
{
	(void)state;
	struct buffer buffer = {0};

	buffer_clear(&buffer);
	buffer_add(&buffer, "\0x", 2);
	assert_int_equal(buffer.size, 2);
	assert_memory_equal(buffer.bytes, "\0x", 3);
	buffer_done(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arena_gives_zeroed_memory_again_after_a_reset),
		cmocka_unit_test(pieces_of_an_arena_are_aligned_and_do_not_overlap),
		cmocka_unit_test(an_arena_takes_what_is_larger_than_its_blocks),
		cmocka_unit_test(an_arena_keeps_one_block_for_the_next_time),
		cmocka_unit_test(copies_end_with_a_nul),
		cmocka_unit_test(a_buffer_grows_and_stays_terminated),
		cmocka_unit_test(a_zeroed_buffer_can_be_added_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
