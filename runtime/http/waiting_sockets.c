/* Visitors: a list made anew at each look round. */
#include "http/waiting_sockets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

struct peer peer_of(const char *address, int port)
{
	struct peer peer = {.port = port};

	snprintf(peer.address, sizeof(peer.address), "%s", address);
	return peer;
}

int peer_compare(const struct peer *a, const struct peer *b)
{
	return a->port != b->port ? (a->port < b->port ? -1 : 1) : strcmp(a->address, b->address);
}

static int compare(const void *a, const void *b)
{
	const struct visitor *first = a, *second = b;

	return peer_compare(&first->peer, &second->peer);
}

void visitors_add(struct visitors *visitors, const struct visitor *visitor)
{
	if (visitors->count == visitors->room) {
		const size_t room = visitors->room == 0 ? 64 : 2 * visitors->room;
		struct visitor *items = mem_new(room, sizeof(*items));

		if (visitors->count > 0)
			memcpy(items, visitors->items, visitors->count * sizeof(*items));
		free(visitors->items);
		visitors->items = items;
		visitors->room = room;
	}
	visitors->items[visitors->count++] = *visitor;
}

void visitors_sort(struct visitors *visitors)
{
	if (visitors->count > 0)
		qsort(visitors->items, visitors->count, sizeof(*visitors->items), compare);
}

struct visitor *visitors_find(const struct visitors *visitors, const struct peer *peer)
{
	const struct visitor wanted = {.peer = *peer};

	if (visitors->count == 0)
		return NULL;
	return bsearch(&wanted, visitors->items, visitors->count, sizeof(wanted), compare);
}

int visitors_of(const struct visitors *visitors, const char *address)
{
	int count = 0;

	for (size_t i = 0; i < visitors->count; i++)
		count += visitors->items[i].cut == NULL && strcmp(visitors->items[i].peer.address, address) == 0;
	return count;
}

void visitors_done(struct visitors *visitors)
{
	free(visitors->items);
	*visitors = (struct visitors){.items = NULL};
}
