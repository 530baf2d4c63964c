/* Who is connected to an HTTP server, how long it waits for each, and who is shown out.
 *
 * civetweb gives each connection a thread for as long as it lasts, and begins to wait anew with every byte. So whoever
 * says nothing, or a byte now and then, would hold a thread as long as he likes; here the whole is timed. While every
 * thread is taken, the server waits less and less for those who keep it waiting (down to a tenth of a second), so that
 * a thousand idle connections delay others by a few seconds, once.
 *
 * Who has not yet said anything is known to nobody but the kernel (civetweb tells no address before the first head, and
 * nothing at all of those in its queue or in a TLS handshake): the guard finds them among the process's sockets, as
 * waiting_sockets. Once heard, a waiting_socket is a connection. By the way it learns which socket is whose. Private to
 * the HTTP server.
 */
#ifndef HTTP_CONNECTION_GUARD_H
#define HTTP_CONNECTION_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct connection_guard_config {
	int places;          /* connections served at once */
	int address_max;     /* connections of one address; 0: any number */
	const char *exempt;  /* addresses for which that does not count (address.h); NULL: none */
	int64_t head_us;     /* a request's head must have arrived within this of the connection's opening */
	int64_t idle_us;     /* the same for every later request, from the answer before it */
	int64_t body_us;     /* a body must have arrived within this of its head */
	int64_t patience_us; /* how long each of these lasts at most while every place is taken */
};

struct connection_guard;
struct connection_guard *connection_guard_new(const struct connection_guard_config *config);
/* The port is known only once the server listens. Until then nobody is shown out. */
void connection_guard_open(struct connection_guard *guard, int port);
/* Wakes whatever waits for a client or for a connection, now and from now on: so a server stops at once. */
void connection_guard_close(struct connection_guard *guard);
/* After everybody has left. */
void connection_guard_free(struct connection_guard *guard);

/* Every place is taken. */
bool connection_guard_is_full(const struct connection_guard *guard);

/* One connection: a thread of its own enters, tells what it waits for, and leaves before the socket is closed. */
struct connection;
struct connection *connection_guard_enter(struct connection_guard *guard);
void connection_guard_leave(struct connection_guard *guard, struct connection *connection);

/* What the server waits for, after the first head. `address` is the peer's, numeric; counts at the first call. */
void connection_serve(struct connection_guard *guard, struct connection *connection, const char *address,
		      int port); /* for nothing */
void connection_await_body(const struct connection_guard *guard, struct connection *connection);
void connection_await_next(const struct connection_guard *guard, struct connection *connection);

/* Its socket, until it leaves; -1: not known yet. The guard finds it when it looks round, once the connection was
 * heard. */
int connection_socket(const struct connection *connection);

/* It was shown out: reading from it ends, an answer can still be written. */
bool connection_abort(const struct connection *connection);
/* It is one connection too many of its address. */
bool connection_unwanted(const struct connection *connection);
/* It has been told what is wrong, and will be closed. */
void connection_refuse(struct connection *connection);
bool connection_refused(const struct connection *connection);

#endif
