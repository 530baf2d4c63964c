/* The list of waiting sockets. Each scan makes a new one. */
#include "http/waiting_sockets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

struct peer peer_of(const char *address, int port)
{
	struct peer peer = {.port = port};

	snprintf(peer.address, sizeof(peer.address), "%s", address);
	address_client(address, peer.client);
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

void waiting_sockets_add(struct waiting_sockets *list, const struct waiting_socket *socket)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
		list->items = mem_grow(list->items, list->capacity * sizeof(*list->items));
	}
	list->items[list->count++] = *socket;
}

void waiting_sockets_sort(struct waiting_sockets *list)
{
	if (list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items), compare);
}

struct waiting_socket *waiting_sockets_find(const struct waiting_sockets *list, const struct peer *peer)
{
	const struct waiting_socket wanted = {.peer = *peer};

	if (list->count == 0)
		return NULL;
	return bsearch(&wanted, list->items, list->count, sizeof(wanted), compare);
}

int waiting_sockets_count(const struct waiting_sockets *list, const char *client)
{
	int count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->items[i].aborted == NULL && strcmp(list->items[i].peer.client, client) == 0;
	return count;
}

void waiting_sockets_done(struct waiting_sockets *list)
{
	free(list->items);
	*list = (struct waiting_sockets){.items = NULL};
}
