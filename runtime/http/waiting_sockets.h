/* Connected sockets of the server's port that have not sent a request yet, with the time of their first sight.
 * Sorted by the peer's port and address. Private to the connection guard. */
#ifndef HTTP_WAITING_SOCKETS_H
#define HTTP_WAITING_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "config/address.h"

enum { PEER_TEXT = 64 };

struct peer {
	int port;
	char address[PEER_TEXT];
	char client[ADDRESS_CLIENT]; /* whom the limit per address counts */
};

struct waiting_socket {
	struct peer peer;
	int64_t since_us;    /* by monotonic_now() */
	const char *aborted; /* why the guard has aborted it; NULL: it has not */
};

struct waiting_sockets {
	struct waiting_socket *items;
	size_t count, capacity;
};

struct peer peer_of(const char *address, int port);
/* <0, 0, >0, as memcmp. */
int peer_compare(const struct peer *a, const struct peer *b);

/* Appends. The list must be sorted before the next search. */
void waiting_sockets_add(struct waiting_sockets *list, const struct waiting_socket *socket);
void waiting_sockets_sort(struct waiting_sockets *list);
/* NULL: not found. */
struct waiting_socket *waiting_sockets_find(const struct waiting_sockets *list, const struct peer *peer);
/* How many sockets of a client are not aborted. The list need not be sorted. */
int waiting_sockets_count(const struct waiting_sockets *list, const char *client);
void waiting_sockets_done(struct waiting_sockets *list);

#endif
