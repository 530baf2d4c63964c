/* The allocator that does not fail, arenas, buffers. */
#include "core/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON
#endif

/* Under AddressSanitizer, an access to memory that an arena has not given out is an error. */
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define arena_forbid(start, size) __asan_poison_memory_region(start, size)
#define arena_permit(start, size) __asan_unpoison_memory_region(start, size)
#else
#define arena_forbid(start, size) ((void)(start), (void)(size))
#define arena_permit(start, size) ((void)(start), (void)(size))
#endif

enum { ARENA_ALIGN = 16, BLOCK_LEAST = 4 * 1024, BLOCK_KEPT_MAX = 1024 * 1024, BUFFER_LEAST = 256 };

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "out of memory\n";

	/* A failed write changes nothing: the program ends. */
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
		abort();
	abort();
}

static size_t total(size_t count, size_t size)
{
	size_t bytes = 0;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX / 2)
		out_of_memory();
	return bytes;
}

void *mem_new(size_t count, size_t size)
{
	size_t bytes = total(count, size);
	void *made = calloc(1, bytes > 0 ? bytes : 1);

	if (made == NULL)
		out_of_memory();
	return made;
}

void *mem_grow(void *old, size_t size)
{
	void *grown = realloc(old, size > 0 ? size : 1);

	if (grown == NULL)
		out_of_memory();
	return grown;
}

char *mem_text(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(mem_new(size, 1), text, size);
}

/* ---- arenas ---- */

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(ARENA_ALIGN) char bytes[];
};

/* Not zeroed: arena_new zeroes what it gives out. */
static struct arena_block *block_new(size_t size)
{
	struct arena_block *block = mem_grow(NULL, sizeof *block + size);

	*block = (struct arena_block){.size = size};
	arena_forbid(block->bytes, size);
	return block;
}

static void block_free(struct arena_block *block)
{
	arena_permit(block->bytes, block->size);
	free(block);
}

void arena_init(struct arena *arena)
{
	*arena = (struct arena){0};
}

void arena_done(struct arena *arena)
{
	struct arena_block *next = NULL;

	for (struct arena_block *block = arena->blocks; block != NULL; block = next) {
		next = block->next;
		block_free(block);
	}
	arena_init(arena);
}

void arena_reset(struct arena *arena)
{
	struct arena_block *kept = NULL, *next = NULL;

	for (struct arena_block *block = arena->blocks; block != NULL; block = next) {
		next = block->next;
		if (block->size > BLOCK_KEPT_MAX || (kept != NULL && kept->size >= block->size)) {
			block_free(block);
			continue;
		}
		if (kept != NULL)
			block_free(kept);
		kept = block;
	}
	*arena = (struct arena){.blocks = kept};
	if (kept == NULL)
		return;
	kept->next = NULL;
	kept->used = 0;
	arena_forbid(kept->bytes, kept->size);
}

size_t arena_held(const struct arena *arena)
{
	size_t held = 0;

	for (const struct arena_block *block = arena->blocks; block != NULL; block = block->next)
		held += sizeof *block + block->size;
	return held;
}

/* A block with room for `size` bytes. Each new block is twice as large as the present one, up to the limit that a reset
 * keeps. A large piece gets a block of its own behind the present one, so that the rest of that stays in use. */
static struct arena_block *arena_extend(struct arena *arena, size_t size)
{
	struct arena_block *head = arena->blocks;
	size_t wanted = head != NULL ? 2 * head->size : BLOCK_LEAST;
	struct arena_block *made = NULL;

	if (wanted > BLOCK_KEPT_MAX)
		wanted = BLOCK_KEPT_MAX;
	made = block_new(size > wanted ? size : wanted);
	if (head != NULL && size > wanted / 4) {
		made->next = head->next;
		head->next = made;
	} else {
		made->next = head;
		arena->blocks = made;
	}
	return made;
}

static void *arena_take(struct arena *arena, size_t size)
{
	size_t rounded = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	struct arena_block *block = arena->blocks;
	char *taken = NULL;

	if (block == NULL || block->size - block->used < rounded)
		block = arena_extend(arena, rounded);
	taken = block->bytes + block->used;
	block->used += rounded;
	arena->used += rounded;
	arena_permit(taken, size);
	return taken;
}

void *arena_new(struct arena *arena, size_t count, size_t size)
{
	size_t bytes = total(count, size);

	return memset(arena_take(arena, bytes > 0 ? bytes : 1), 0, bytes);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t size)
{
	char *copy = arena_take(arena, total(size, 1) + 1);

	if (size > 0)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
	return text != NULL ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *arena_vformat(struct arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text = NULL;
	int size = 0;

	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	assert(size >= 0);
	text = arena_take(arena, (size_t)size + 1);
	(void)vsnprintf(text, (size_t)size + 1, format, again);
	va_end(again);
	return text;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	text = arena_vformat(arena, format, args);
	va_end(args);
	return text;
}

/* ---- spans and buffers ---- */

struct span span_of(const char *text)
{
	return (struct span){.bytes = text, .size = strlen(text)};
}

void buffer_init(struct buffer *buffer)
{
	*buffer = (struct buffer){.bytes = mem_new(BUFFER_LEAST, 1), .room = BUFFER_LEAST};
}

void buffer_done(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
	buffer->size = 0;
	if (buffer->room > 0)
		buffer->bytes[0] = '\0';
}

char *buffer_room(struct buffer *buffer, size_t size)
{
	size_t needed = buffer->size + total(size, 1) + 1;

	if (needed > buffer->room) {
		size_t room = 2 * buffer->room > BUFFER_LEAST ? 2 * buffer->room : BUFFER_LEAST;

		buffer->room = room > needed ? room : needed;
		buffer->bytes = mem_grow(buffer->bytes, buffer->room);
	}
	return buffer->bytes + buffer->size;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t size)
{
	if (size >= buffer->room - buffer->size)
		(void)buffer_room(buffer, size);
	char *end = buffer->bytes + buffer->size;
	if (size > 0)
		memcpy(end, bytes, size);
	end[size] = '\0';
	buffer->size += size;
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
	const size_t room = buffer->room - buffer->size;
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	const int size = vsnprintf(room > 0 ? buffer->bytes + buffer->size : NULL, room, format, args);
	va_end(args);
	assert(size >= 0);
	if ((size_t)size >= room) /* it was cut: format again, with enough room */
		(void)vsnprintf(buffer_room(buffer, (size_t)size), (size_t)size + 1, format, again);
	va_end(again);
	buffer->size += (size_t)size;
}
