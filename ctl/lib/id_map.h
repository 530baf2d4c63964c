/* A hash table from ids to numbers, such as the index of an event. */
#ifndef CTL_LIB_ID_MAP_H
#define CTL_LIB_ID_MAP_H

#include "core/memory.h"
#include "core/uuid.h"

enum { ID_MAP_NONE = -1 };

struct id_map {
	struct id_slot *slots;
	size_t room, count;
};

void id_map_init(struct id_map *map);
void id_map_done(struct id_map *map);
/* The number of the id. An id that is new gets `number`. */
int64_t id_map_put(struct id_map *map, const struct uuid *id, int64_t number);
/* Sets the number of the id, new or not. */
void id_map_set(struct id_map *map, const struct uuid *id, int64_t number);
/* ID_MAP_NONE where the id is not in the map. */
int64_t id_map_get(const struct id_map *map, const struct uuid *id);

#endif
