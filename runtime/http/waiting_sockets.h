/* The sockets of a server's port that have not been heard yet, and since when. Sorted by port and address. Private to
 * the HTTP server's guard. */
#ifndef HTTP_WAITING_SOCKETS_H
#define HTTP_WAITING_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

enum { PEER_TEXT = 64 };

struct peer {
	int port;
	char address[PEER_TEXT];
};

struct waiting_socket {
	struct peer peer;
	int64_t since_us;
	const char *cut; /* why it was shown out; NULL: it was not */
};

struct waiting_sockets {
	struct waiting_socket *items;
	size_t count, room;
};

struct peer peer_of(const char *address, int port);
int peer_compare(const struct peer *a, const struct peer *b);

/* While a new list is made, in any order; it must be sorted before it is searched. */
void waiting_sockets_add(struct waiting_sockets *waiting_sockets, const struct waiting_socket *waiting_socket);
void waiting_sockets_sort(struct waiting_sockets *waiting_sockets);
struct waiting_socket *waiting_sockets_find(const struct waiting_sockets *waiting_sockets,
					    const struct peer *peer); /* NULL: not there */
/* How many of an address there are that were not shown out. */
int waiting_sockets_of(const struct waiting_sockets *waiting_sockets, const char *address);
void waiting_sockets_done(struct waiting_sockets *waiting_sockets);

#endif
