/* Numbered things: a hash table with open addressing; the keys are stored contiguously. */
#include "tests/model/table.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"

enum { SLOTS_FIRST = 256, KEYS_FIRST = 64, BYTES_FIRST = 4096 };

void table_init(struct table *table, size_t value_size)
{
	*table = (struct table){
		.value_size = value_size,
		.slots = mem_new(SLOTS_FIRST, sizeof(uint32_t)),
		.slot_room = SLOTS_FIRST,
	};
}

void table_done(struct table *table)
{
	free(table->bytes);
	free(table->keys);
	free(table->values);
	free(table->slots);
	*table = (struct table){0};
}

/* Eight bytes at a time, multiplied and folded; the multiplier is that of splitmix64. */
static uint64_t hash_of(const unsigned char *key, size_t size)
{
	static const uint64_t factor = 0x9e3779b97f4a7c15ULL;
	uint64_t hash = size * factor;

	while (size > 0) {
		const size_t taken = size < sizeof(uint64_t) ? size : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, key, taken);
		hash = (hash ^ word) * factor;
		hash ^= hash >> 29;
		key += taken;
		size -= taken;
	}
	return hash;
}

static void grow_slots(struct table *table)
{
	uint32_t *old = table->slots;
	const uint32_t old_room = table->slot_room;

	table->slot_room *= 2;
	table->slots = mem_new(table->slot_room, sizeof(uint32_t));
	for (uint32_t i = 0; i < old_room; i++) {
		if (old[i] == 0)
			continue;
		const struct table_key *key = &table->keys[old[i]];
		uint32_t slot = (uint32_t)hash_of(table->bytes + key->start, key->size) & (table->slot_room - 1);
		while (table->slots[slot] != 0)
			slot = (slot + 1) & (table->slot_room - 1);
		table->slots[slot] = old[i];
	}
	free(old);
}

static void *room_for(void *old, size_t count, size_t size)
{
	return mem_grow(old, count * size);
}

static uint32_t add(struct table *table, const void *key, size_t size, uint32_t tag)
{
	if (table->count + 1 >= table->room) {
		table->room = table->room == 0 ? KEYS_FIRST : 2 * table->room;
		table->keys = room_for(table->keys, table->room, sizeof(struct table_key));
		table->values = room_for(table->values, table->room, table->value_size);
	}
	while (table->used + size > table->bytes_room) {
		table->bytes_room = table->bytes_room == 0 ? BYTES_FIRST : 2 * table->bytes_room;
		table->bytes = room_for(table->bytes, table->bytes_room, 1);
	}
	const uint32_t number = ++table->count;
	table->keys[number] = (struct table_key){table->used, (uint32_t)size, tag};
	memcpy(table->bytes + table->used, key, size);
	memset(table->values + number * table->value_size, 0, table->value_size);
	table->used += size;
	return number;
}

uint32_t table_number(struct table *table, const void *key, size_t size, bool *ret_new)
{
	if (2 * (table->count + 1) > table->slot_room)
		grow_slots(table);
	const uint64_t hash = hash_of(key, size);
	const uint32_t tag = (uint32_t)(hash >> 32);
	uint32_t slot = (uint32_t)hash & (table->slot_room - 1);

	for (; table->slots[slot] != 0; slot = (slot + 1) & (table->slot_room - 1)) {
		const struct table_key *known = &table->keys[table->slots[slot]];

		if (known->tag == tag && known->size == size && memcmp(table->bytes + known->start, key, size) == 0) {
			*ret_new = false;
			return table->slots[slot];
		}
	}
	*ret_new = true;
	table->slots[slot] = add(table, key, size, tag);
	return table->slots[slot];
}

const void *table_key(const struct table *table, uint32_t number, size_t *ret_size)
{
	assert(number >= 1 && number <= table->count);
	*ret_size = table->keys[number].size;
	return table->bytes + table->keys[number].start;
}

void *table_value(const struct table *table, uint32_t number)
{
	assert(number >= 1 && number <= table->count);
	return table->values + number * table->value_size;
}
