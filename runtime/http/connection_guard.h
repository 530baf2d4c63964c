/* Who is connected to an HTTP server, how long it waits for each, and who is shown out.
 *
 * civetweb gives each connection a thread for as long as it lasts, and begins to wait anew with every byte. So whoever
 * says nothing, or a byte now and then, would hold a thread as long as he likes; here the whole is timed. While every
 * thread is taken, the server waits less and less for those who keep it waiting (down to a tenth of a second), so that
 * a thousand idle connections delay others by a few seconds, once.
 *
 * Who has not yet said anything is known to nobody but the kernel (civetweb tells no address before the first head, and
 * nothing at all of those in its queue or in a TLS handshake): the door finds them among the process's sockets, as
 * visitors. Once heard, a visitor is a guest. By the way it learns which socket is whose. Private to the HTTP server.
 */
#ifndef RT_HTTP_DOOR_H
#define RT_HTTP_DOOR_H

#include <stdbool.h>
#include <stdint.h>

struct door_config {
	int places;          /* connections served at once */
	int address_max;     /* connections of one address; 0: any number */
	const char *exempt;  /* addresses for which that does not count (address.h); NULL: none */
	int64_t head_us;     /* a request's head must have arrived within this of the connection's opening */
	int64_t idle_us;     /* the same for every later request, from the answer before it */
	int64_t body_us;     /* a body must have arrived within this of its head */
	int64_t patience_us; /* how long each of these lasts at most while every place is taken */
};

struct http_door;
struct http_door *door_new(const struct door_config *config);
/* The port is known only once the server listens. Until then nobody is shown out. */
void door_open(struct http_door *door, int port);
/* Wakes whatever waits for a client or for a connection, now and from now on: so a server stops at once. */
void door_close(struct http_door *door);
/* After everybody has left. */
void door_free(struct http_door *door);

/* Every place is taken. */
bool door_full(const struct http_door *door);

/* One connection: a thread of its own enters, tells what it waits for, and leaves before the socket is closed. */
struct door_guest;
struct door_guest *door_enter(struct http_door *door);
void door_leave(struct http_door *door, struct door_guest *guest);

/* What the server waits for, after the first head. `address` is the peer's, numeric; counts at the first call. */
void guest_serve(struct http_door *door, struct door_guest *guest, const char *address, int port); /* for nothing */
void guest_await_body(const struct http_door *door, struct door_guest *guest);
void guest_await_next(const struct http_door *door, struct door_guest *guest);

/* Its socket, until it leaves; -1: not known yet. The door finds it when it looks round, once the guest was heard. */
int guest_socket(const struct door_guest *guest);

/* It was shown out: reading from it ends, an answer can still be written. */
bool guest_cut(const struct door_guest *guest);
/* It is one connection too many of its address. */
bool guest_unwanted(const struct door_guest *guest);
/* It has been told what is wrong, and will be closed. */
void guest_refuse(struct door_guest *guest);
bool guest_refused(const struct door_guest *guest);

#endif
