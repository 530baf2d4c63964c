/* The answers of items, and the keys that their messages name. */
#include "store/item.h"

void item_answer(struct arena *arena, struct item *item, const struct rpc_answer *answer)
{
	struct buffer text;

	buffer_init(&text);
	rpc_answer_write(&text, answer);
	item->answer = (struct span){.bytes = arena_copy(arena, text.bytes, text.size), .size = text.size};
	item->query.status = answer->status;
	item->done = true;
	buffer_done(&text);
}

void item_fail(struct arena *arena, struct item *item, enum status status)
{
	item_answer(arena, item, &(struct rpc_answer){.status = status});
}

void items_name_keys(struct item *const *items, size_t count, struct unit *unit)
{
	for (size_t i = 0; i < count; i++) {
		const struct item *item = items[i];

		if (item->handler != NULL && item->handler->keys != NULL && item->query.status == OK)
			item->handler->keys(unit_keys(unit), &item->query.message);
	}
}
