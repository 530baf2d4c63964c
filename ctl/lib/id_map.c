/* Open addressing with linear probing. The size is a power of two, and at most half of the slots are taken. */
#include "ctl/lib/id_map.h"

enum { ROOM_FIRST = 1024 };

struct id_slot {
	struct uuid id;
	int64_t number;
	bool taken;
};

void id_map_init(struct id_map *map)
{
	*map = (struct id_map){.slots = mem_new(ROOM_FIRST, sizeof(struct id_slot)), .room = ROOM_FIRST};
}

void id_map_done(struct id_map *map)
{
	free(map->slots);
}

static struct id_slot *find_slot(const struct id_map *map, const struct uuid *id)
{
	size_t index = uuid_hash(id) & (map->room - 1);

	while (map->slots[index].taken && !uuid_equal(&map->slots[index].id, id))
		index = (index + 1) & (map->room - 1);
	return &map->slots[index];
}

static void grow(struct id_map *map)
{
	const struct id_map old = *map;

	map->room = old.room * 2;
	map->slots = mem_new(map->room, sizeof(struct id_slot));
	for (size_t i = 0; i < old.room; i++)
		if (old.slots[i].taken)
			*find_slot(map, &old.slots[i].id) = old.slots[i];
	free(old.slots);
}

static struct id_slot *slot_for(struct id_map *map, const struct uuid *id, int64_t number)
{
	if (2 * (map->count + 1) > map->room)
		grow(map);
	struct id_slot *slot = find_slot(map, id);
	if (!slot->taken) {
		*slot = (struct id_slot){.id = *id, .number = number, .taken = true};
		map->count++;
	}
	return slot;
}

int64_t id_map_put(struct id_map *map, const struct uuid *id, int64_t number)
{
	return slot_for(map, id, number)->number;
}

void id_map_set(struct id_map *map, const struct uuid *id, int64_t number)
{
	slot_for(map, id, number)->number = number;
}

int64_t id_map_get(const struct id_map *map, const struct uuid *id)
{
	const struct id_slot *slot = find_slot(map, id);

	return slot->taken ? slot->number : ID_MAP_NONE;
}
