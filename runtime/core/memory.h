/* Memory: one allocator that does not fail, arenas, byte buffers.
 *
 * The program aborts if there is no memory, and a supervisor starts it again. The sizes of inputs are limited where
 * they are received. */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Zeroed memory for `count` items of `size` bytes. Freed with free(). */
void *mem_new(size_t count, size_t size) __attribute__((returns_nonnull, warn_unused_result));
void *mem_grow(void *old, size_t size) __attribute__((returns_nonnull, warn_unused_result));
char *mem_text(const char *text) __attribute__((returns_nonnull, warn_unused_result));

/* `scoped(T_free) struct T *t = NULL;` frees t when the scope is left. */
#define scoped(free_function) __attribute__((cleanup(free_function##p)))
/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot be in parentheses */
#define define_freep(type, free_function)                                                                              \
	static inline void free_function##p(type **thing)                                                              \
	{                                                                                                              \
		free_function(*thing);                                                                                 \
	}                                                                                                              \
	static inline void free_function##p(type **thing) /* takes the semicolon */
/* NOLINTEND(bugprone-macro-parentheses) */

/* An arena gives out memory that is freed all at once. arena_new zeroes it. It is aligned for any type. */
struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes given out since the last reset */
};

void arena_init(struct arena *arena);
void arena_done(struct arena *arena);
/* Frees everything, except one block (at most 1 MiB) that is used again. */
void arena_reset(struct arena *arena);
/* The bytes that the arena has from the allocator. */
size_t arena_held(const struct arena *arena);
void *arena_new(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull, warn_unused_result));
/* A copy of `size` bytes with a NUL after them. */
char *arena_copy(struct arena *arena, const char *bytes, size_t size) __attribute__((returns_nonnull));
char *arena_text(struct arena *arena, const char *text); /* NULL stays NULL */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3), returns_nonnull));
char *arena_vformat(struct arena *arena, const char *format, va_list args)
	__attribute__((format(printf, 2, 0), returns_nonnull));

/* A borrowed run of bytes, not NUL-terminated. */
struct span {
	const char *bytes;
	size_t size;
};

struct span span_of(const char *text);

/* Bytes that grow. Always followed by a NUL that `size` does not count. */
struct buffer {
	char *bytes;
	size_t size, room;
};

void buffer_init(struct buffer *buffer);
void buffer_done(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* sets the size to 0, keeps the room */
/* Room for `size` more bytes and a NUL at the end of the buffer. The caller writes there, adds to buffer->size and sets
 * the NUL. */
char *buffer_room(struct buffer *buffer, size_t size) __attribute__((returns_nonnull));
void buffer_add(struct buffer *buffer, const void *bytes, size_t size);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
