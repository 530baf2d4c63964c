/* A table that numbers keys from 1. Equal keys have one number, and each number has a value of fixed size. Facts,
 * messages, rows and states are in such tables, so that the explorer works with small numbers. Keys are compared byte
 * by byte, so that equal hashes do not matter. */
#ifndef TESTS_MODEL_TABLE_H
#define TESTS_MODEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_key {
	size_t start;
	uint32_t size, tag; /* tag: a part of the hash, to skip most other keys */
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

/* The number of the key; *ret_new is true if the number is new. */
uint32_t table_number(struct table *table, const void *key, size_t size, bool *ret_new);
const void *table_key(const struct table *table, uint32_t number, size_t *ret_size);
/* Valid until the next number is added. */
void *table_value(const struct table *table, uint32_t number);

#endif
