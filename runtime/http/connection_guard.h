/* The connection guard: limits connections per address, and closes connections that keep the server waiting.
 *
 * civetweb gives each connection a thread for its whole life, and its timeouts begin anew with every byte. A client
 * that sends one byte now and then would hold a thread for ever. So the guard measures the whole wait. While all
 * threads are busy, it shortens the timeouts, down to a tenth of a second. A thousand idle connections then delay other
 * clients by a few seconds, once.
 *
 * civetweb tells a connection's address only with the first request. It tells nothing of connections in its queue or in
 * a TLS handshake. The guard finds these among the sockets of the process (waiting_sockets.h). From the same scan it
 * learns which socket belongs to which connection. Private to http/. */
#ifndef HTTP_CONNECTION_GUARD_H
#define HTTP_CONNECTION_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct connection_guard_config {
	int connections_max;            /* connections that are served at the same time */
	int connections_per_address;    /* 0: no limit */
	const char *exempt_addresses;   /* addresses without that limit (config/address.h); NULL: none */
	int64_t header_timeout_us;      /* from the opening of a connection to the end of its first request's headers */
	int64_t idle_timeout_us;        /* from an answer to the end of the next request's headers */
	int64_t body_timeout_us;        /* from the headers to the end of the body */
	int64_t write_timeout_us;       /* for the client to read a part of an answer */
	int64_t overload_timeout_us;    /* upper limit of the other timeouts while all threads are busy */
	int64_t stop_timeout_us;        /* upper limit of write_timeout_us while the server stops */
	const _Atomic int64_t *stop_us; /* when the stop began, by monotonic_now(); 0: it has not */
};

struct connection_guard;
struct connection_guard *connection_guard_new(const struct connection_guard_config *config);
/* Begins to guard the port on which the server listens. */
void connection_guard_open(struct connection_guard *guard, int port);
/* Ends every wait for a client or a connection, from now on. So a server stops at once. */
void connection_guard_close(struct connection_guard *guard);
/* After every connection has left. */
void connection_guard_free(struct connection_guard *guard);

/* Whether as many connections are open as may be served. */
bool connection_guard_is_full(const struct connection_guard *guard);

/* One connection. Its thread calls connection_guard_enter, then says what it waits for, and calls
 * connection_guard_leave before it closes the socket. */
struct connection;
struct connection *connection_guard_enter(struct connection_guard *guard);
void connection_guard_leave(struct connection_guard *guard, struct connection *connection);

/* The server works and waits for nothing. `address` and `port` are the peer's; the first call sets them. */
void connection_serve(struct connection_guard *guard, struct connection *connection, const char *address, int port);
/* The server waits for a body, or for the next request. */
void connection_await_body(const struct connection_guard *guard, struct connection *connection);
void connection_await_next(const struct connection_guard *guard, struct connection *connection);
/* The server writes, and waits until the client reads. When the guard ends this wait, the write fails. */
void connection_await_reading(const struct connection_guard *guard, struct connection *connection);

/* The socket, valid until the connection leaves. -1: not known yet. A scan finds it after the first request. */
int connection_socket(const struct connection *connection);

/* Whether the guard has ended a wait: nothing more can be read. An answer can be written, unless that was the wait. */
bool connection_is_aborted(const struct connection *connection);
/* Whether the connection exceeds the limit of its address. */
bool connection_is_over_limit(const struct connection *connection);

#endif
