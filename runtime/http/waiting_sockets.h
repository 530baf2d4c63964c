/* The sockets of a server's port that have not been heard yet, and since when. Sorted by port and address. Private to
 * the HTTP server's door. */
#ifndef RT_HTTP_VISITORS_H
#define RT_HTTP_VISITORS_H

#include <stddef.h>
#include <stdint.h>

enum { PEER_TEXT = 64 };

struct peer {
	int port;
	char address[PEER_TEXT];
};

struct visitor {
	struct peer peer;
	int64_t since_us;
	const char *cut; /* why it was shown out; NULL: it was not */
};

struct visitors {
	struct visitor *items;
	size_t count, room;
};

struct peer peer_of(const char *address, int port);
int peer_compare(const struct peer *a, const struct peer *b);

/* While a new list is made, in any order; it must be sorted before it is searched. */
void visitors_add(struct visitors *visitors, const struct visitor *visitor);
void visitors_sort(struct visitors *visitors);
struct visitor *visitors_find(const struct visitors *visitors, const struct peer *peer); /* NULL: not there */
/* How many of an address there are that were not shown out. */
int visitors_of(const struct visitors *visitors, const char *address);
void visitors_done(struct visitors *visitors);

#endif
