/* Numbers by id: which event, which decision. */
#ifndef CTL_SANDBOX_ID_MAP_H
#define CTL_SANDBOX_ID_MAP_H

#include "core/memory.h"
#include "core/uuid.h"

enum { ID_MAP_NONE = -1 };

struct id_map {
	struct id_slot *slots;
	size_t room, count;
};

void id_map_init(struct id_map *map);
void id_map_done(struct id_map *map);
/* The number that stands under the id; where there is none yet, `number` is put there. */
int64_t id_map_put(struct id_map *map, const struct uuid *id, int64_t number);
/* Puts the number there, whatever stood under the id. */
void id_map_set(struct id_map *map, const struct uuid *id, int64_t number);
/* ID_MAP_NONE where there is none. */
int64_t id_map_get(const struct id_map *map, const struct uuid *id);

#endif
