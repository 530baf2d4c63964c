/* Numbered things: equal keys, one number, counted from 1; each number has a value of a fixed size. What the explorer
 * knows (facts, messages, rows, states) lies in such tables, so that everything else is done with small numbers. Keys
 * are compared byte for byte: two things never share a number because their hashes do. */
#ifndef TESTS_MODEL_TABLE_H
#define TESTS_MODEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_key {
	size_t start;
	uint32_t size, tag; /* tag: of the hash, to pass over most others without looking at them */
};

struct table {
	unsigned char *bytes; /* all keys, one after the other */
	size_t used, bytes_room;
	struct table_key *keys;
	unsigned char *values; /* zeroed when made */
	size_t value_size;
	uint32_t count, room; /* numbers are 1 .. count */
	uint32_t *slots;      /* open addressing; 0: free */
	uint32_t slot_room;
};

void table_init(struct table *table, size_t value_size);
void table_done(struct table *table);

/* The number of the key; *ret_new says whether it was made just now. */
uint32_t table_number(struct table *table, const void *key, size_t size, bool *ret_new);
const void *table_key(const struct table *table, uint32_t number, size_t *ret_size);
/* Stays where it is only until the next number is made. */
void *table_value(const struct table *table, uint32_t number);

#endif
