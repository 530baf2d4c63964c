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
	const struct waiting_socket *first = a, *second = b;

	return peer_compare(&first->peer, &second->peer);
}

void waiting_sockets_add(struct waiting_sockets *waiting_sockets, const struct waiting_socket *waiting_socket)
{
	if (waiting_sockets->count == waiting_sockets->room) {
		const size_t room = waiting_sockets->room == 0 ? 64 : 2 * waiting_sockets->room;
		struct waiting_socket *items = mem_new(room, sizeof(*items));

		if (waiting_sockets->count > 0)
			memcpy(items, waiting_sockets->items, waiting_sockets->count * sizeof(*items));
		free(waiting_sockets->items);
		waiting_sockets->items = items;
		waiting_sockets->room = room;
	}
	waiting_sockets->items[waiting_sockets->count++] = *waiting_socket;
}

void waiting_sockets_sort(struct waiting_sockets *waiting_sockets)
{
	if (waiting_sockets->count > 0)
		qsort(waiting_sockets->items, waiting_sockets->count, sizeof(*waiting_sockets->items), compare);
}

struct waiting_socket *waiting_sockets_find(const struct waiting_sockets *waiting_sockets, const struct peer *peer)
{
	const struct waiting_socket wanted = {.peer = *peer};

	if (waiting_sockets->count == 0)
		return NULL;
	return bsearch(&wanted, waiting_sockets->items, waiting_sockets->count, sizeof(wanted), compare);
}

int waiting_sockets_of(const struct waiting_sockets *waiting_sockets, const char *address)
{
	int count = 0;

	for (size_t i = 0; i < waiting_sockets->count; i++)
		count += waiting_sockets->items[i].cut == NULL &&
			 strcmp(waiting_sockets->items[i].peer.address, address) == 0;
	return count;
}

void waiting_sockets_done(struct waiting_sockets *waiting_sockets)
{
	free(waiting_sockets->items);
	*waiting_sockets = (struct waiting_sockets){.items = NULL};
}
