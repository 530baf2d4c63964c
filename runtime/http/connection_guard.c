/* The list of connections, and the thread that scans the sockets. */
#include "http/connection_guard.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "config/address.h"
#include "core/memory.h"
#include "core/timestamp.h"
#include "core/wake.h"
#include "http/sockets.h"
#include "http/waiting_sockets.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

enum { IDLE_TICKS = 5 }; /* ticks per scan while every connection has sent a request and threads are free */

static const int64_t tick_us = 100 * MS_US;
static const char for_address[] = "address";

static struct metric aborts = {.name = "comanda_http_aborted_total",
			       .help = "Connections that the server closed early, by reason",
			       .type = COUNTER,
			       .label = "reason"};

struct connection {
	struct connection *next, *previous;
	struct peer peer; /* once identified; set under the lock */
	bool identified;  /* its first request has arrived, so its peer is known */
	bool over_limit;
	int sockets_seen; /* sockets with its peer's address, in the current scan */
	int last_socket;  /* the last of these */
	/* Written by the connection's thread, read by the guard's. */
	_Atomic int64_t wait_start_us, wait_end_us; /* by monotonic_now(); wait_end_us 0: the server does not wait */
	atomic_bool writes;                         /* the wait is for the client to read */
	atomic_bool aborted;
	atomic_int socket; /* -1: not known */
};

struct connection_guard {
	struct connection_guard_config config;
	atomic_int count, unidentified; /* connections */
	pthread_mutex_t lock;           /* of all that follows */
	pthread_cond_t wake;
	pthread_t thread;
	struct connection *connections;
	struct waiting_sockets waiting; /* found by the last scan */
	int port;
	int64_t overload_timeout_us; /* now: it shrinks under load */
	bool closed, stopping;
};

struct scan {
	struct connection_guard *guard;
	struct waiting_sockets waiting;
	int64_t now_us;
	int sockets;           /* of connections and waiting sockets */
	int without_peer;      /* sockets that lost their peer and belong to no known connection */
	bool full;             /* all threads are busy */
	bool aborted_for_load; /* the scan has aborted a wait because of that */
};

bool connection_guard_is_full(const struct connection_guard *guard)
{
	return atomic_load(&guard->count) >= guard->config.connections_max;
}

/* ---- aborting ---- */

/* Why a wait from `start_us` to `end_us` must be aborted now; NULL: it may go on. Overload does not shrink the limit of
 * `writes`, because a cut answer is a loss. */
static const char *abort_reason(const struct scan *scan, int64_t start_us, int64_t end_us, bool writes)
{
	const struct connection_guard_config *config = &scan->guard->config;
	const int64_t overload_us = writes ? config->overload_timeout_us : scan->guard->overload_timeout_us;
	const int64_t stop_us = atomic_load(config->stop_us), since_us = start_us > stop_us ? start_us : stop_us;

	if (scan->guard->closed || (writes && stop_us > 0 && scan->now_us >= since_us + config->stop_timeout_us))
		return "stopping";
	if (scan->now_us >= end_us)
		return writes ? "unread" : "late";
	return scan->full && scan->now_us - start_us >= overload_us ? "full" : NULL;
}

/* Ends the read (SHUT_RD) or write (SHUT_RDWR) in which the thread waits. After the end of a read, data that has
 * arrived can still be read, and an answer can be written. */
static void abort_wait(struct scan *scan, const struct open_socket *socket, int how, const char *reason)
{
	metric_add(&aborts, reason, 1);
	scan->aborted_for_load = scan->aborted_for_load || strcmp(reason, "full") == 0;
	socket_shutdown(socket, how);
}

static struct connection *find_connection(const struct connection_guard *guard, const struct peer *peer)
{
	struct connection *connection = guard->connections;

	while (connection != NULL && (!connection->identified || peer_compare(&connection->peer, peer) != 0))
		connection = connection->next;
	return connection;
}

static int count_connections(const struct connection_guard *guard, const char *client)
{
	int count = 0;

	for (const struct connection *at = guard->connections; at != NULL; at = at->next)
		count += at->identified && !at->over_limit && strcmp(at->peer.client, client) == 0;
	return count;
}

static bool is_limited(const struct connection_guard *guard, const char *address)
{
	const struct connection_guard_config *config = &guard->config;

	return config->connections_per_address > 0 &&
	       (config->exempt_addresses == NULL || !address_listed(config->exempt_addresses, address));
}

/* The socket is open and still this connection's: a connection takes the lock to leave, and closes its socket after. */
static void check_connection(struct scan *scan, struct connection *connection, const struct open_socket *socket)
{
	/* In this order: the end may already be a later wait's, but never an earlier one's. */
	const bool writes = atomic_load(&connection->writes);
	const int64_t end_us = atomic_load(&connection->wait_end_us);
	const char *reason = NULL;

	/* After the end of a read, the answer can still wait for the client. */
	if (end_us == 0 || (atomic_load(&connection->aborted) && !writes))
		return;
	reason = abort_reason(scan, atomic_load(&connection->wait_start_us), end_us, writes);
	if (reason == NULL)
		return;
	atomic_store(&connection->aborted, true);
	abort_wait(scan, socket, writes ? SHUT_RDWR : SHUT_RD, reason);
}

static bool is_over_limit(const struct scan *scan, const struct peer *peer)
{
	const struct connection_guard *guard = scan->guard;

	return is_limited(guard, peer->address) &&
	       count_connections(guard, peer->client) + waiting_sockets_count(&scan->waiting, peer->client) >=
		       guard->config.connections_per_address;
}

static void check_waiting_socket(struct scan *scan, const struct peer *peer, const struct open_socket *open_socket)
{
	const struct connection_guard *guard = scan->guard;
	const struct waiting_socket *known = waiting_sockets_find(&guard->waiting, peer);
	struct waiting_socket socket = {.peer = *peer, .since_us = scan->now_us};

	if (known != NULL)
		socket = *known;
	if (socket.aborted == NULL) {
		socket.aborted =
			abort_reason(scan, socket.since_us, socket.since_us + guard->config.header_timeout_us, false);
		if (socket.aborted == NULL && is_over_limit(scan, peer))
			socket.aborted = for_address;
		if (socket.aborted != NULL)
			abort_wait(scan, open_socket, SHUT_RD, socket.aborted);
	}
	waiting_sockets_add(&scan->waiting, &socket);
}

/* ---- the scan ---- */

static bool belongs_to_connection(const struct connection_guard *guard, int fd)
{
	const struct connection *connection = guard->connections;

	while (connection != NULL && atomic_load(&connection->socket) != fd)
		connection = connection->next;
	return connection != NULL;
}

static void scan_socket(void *context, const struct open_socket *socket)
{
	struct scan *scan = context;
	const struct peer peer = peer_of(socket->peer, socket->peer_port);
	struct connection *connection = NULL;

	if (socket->peer_port == SOCKET_WITHOUT_PEER) {
		scan->without_peer += !belongs_to_connection(scan->guard, socket->fd);
		return;
	}
	if (socket->peer_port == SOCKET_LISTENS) {
		if (scan->guard->closed)
			socket_shutdown(socket, SHUT_RDWR); /* wakes the thread that accepts connections */
		return;
	}
	scan->sockets++;
	connection = find_connection(scan->guard, &peer);
	if (connection != NULL) {
		connection->sockets_seen++;
		connection->last_socket = socket->fd;
		check_connection(scan, connection, socket);
	} else
		check_waiting_socket(scan, &peer, socket);
}

/* Sets the sockets of connections. While the lock is held, the socket of each connection is open, and the scan has seen
 * it. So a socket is the connection's own if it is the only one with the peer's address, and no socket is without a
 * peer. Two sockets can have the same peer: a client connected to two addresses of this machine, or it lost its
 * connection and came again before the server noticed. A socket that was set stays right until the connection leaves.
 */
static void assign_sockets(const struct scan *scan)
{
	for (struct connection *at = scan->guard->connections; at != NULL; at = at->next) {
		if (at->sockets_seen == 1 && scan->without_peer == 0 && atomic_load(&at->socket) < 0)
			atomic_store(&at->socket, at->last_socket);
		at->sockets_seen = 0;
	}
}

/* `full`: the last scan found all threads busy. Connections in civetweb's queue or in a TLS handshake are not in the
 * list, so the list alone does not tell. */
static void scan_sockets(struct connection_guard *guard, bool full)
{
	struct scan scan = {.guard = guard, .now_us = monotonic_now(), .full = full || connection_guard_is_full(guard)};

	sockets_of_port(guard->port, scan_socket, &scan);
	assign_sockets(&scan);
	waiting_sockets_done(&guard->waiting);
	guard->waiting = scan.waiting;
	waiting_sockets_sort(&guard->waiting);
	if (scan.sockets < guard->config.connections_max)
		guard->overload_timeout_us = guard->config.overload_timeout_us;
	else if (scan.aborted_for_load && guard->overload_timeout_us / 2 > tick_us)
		guard->overload_timeout_us /= 2;
	else if (scan.aborted_for_load)
		guard->overload_timeout_us = tick_us;
}

static void *run(void *context)
{
	struct connection_guard *guard = context;
	int skipped = 0;

	log_thread("guard");
	pthread_mutex_lock(&guard->lock);
	while (!guard->stopping) {
		(void)condition_wait(&guard->wake, &guard->lock, monotonic_now() + tick_us);
		if (guard->port == 0 || (atomic_load(&guard->unidentified) == 0 && !connection_guard_is_full(guard) &&
					 ++skipped < IDLE_TICKS))
			continue;
		scan_sockets(guard,
			     (int)guard->waiting.count + atomic_load(&guard->count) >= guard->config.connections_max);
		skipped = 0;
	}
	pthread_mutex_unlock(&guard->lock);
	return NULL;
}

/* ---- start and stop ---- */

struct connection_guard *connection_guard_new(const struct connection_guard_config *config)
{
	struct connection_guard *guard = mem_new(1, sizeof(*guard));

	guard->config = *config;
	guard->overload_timeout_us = config->overload_timeout_us;
	pthread_mutex_init(&guard->lock, NULL);
	condition_init(&guard->wake);
	if (pthread_create(&guard->thread, NULL, run, guard) != 0)
		abort(); /* as when there is no memory */
	return guard;
}

void connection_guard_open(struct connection_guard *guard, int port)
{
	pthread_mutex_lock(&guard->lock);
	guard->port = port;
	pthread_mutex_unlock(&guard->lock);
}

void connection_guard_close(struct connection_guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	guard->closed = true;
	if (guard->port != 0)
		scan_sockets(guard, false);
	pthread_mutex_unlock(&guard->lock);
}

void connection_guard_free(struct connection_guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	guard->stopping = true;
	pthread_cond_signal(&guard->wake);
	pthread_mutex_unlock(&guard->lock);
	pthread_join(guard->thread, NULL);
	assert(guard->connections == NULL);
	waiting_sockets_done(&guard->waiting);
	pthread_cond_destroy(&guard->wake);
	pthread_mutex_destroy(&guard->lock);
	free(guard);
}

/* ---- connections ---- */

struct connection *connection_guard_enter(struct connection_guard *guard)
{
	struct connection *connection = mem_new(1, sizeof(*connection));

	atomic_init(&connection->socket, -1);
	atomic_fetch_add(&guard->count, 1);
	atomic_fetch_add(&guard->unidentified, 1);
	pthread_mutex_lock(&guard->lock);
	connection->next = guard->connections;
	if (guard->connections != NULL)
		guard->connections->previous = connection;
	guard->connections = connection;
	pthread_mutex_unlock(&guard->lock);
	return connection;
}

void connection_guard_leave(struct connection_guard *guard, struct connection *connection)
{
	pthread_mutex_lock(&guard->lock);
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		guard->connections = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	pthread_mutex_unlock(&guard->lock);
	atomic_fetch_sub(&guard->count, 1);
	if (!connection->identified)
		atomic_fetch_sub(&guard->unidentified, 1);
	free(connection);
}

/* Connects the connection with its waiting socket, and takes over what was decided about the socket. */
static void identify(struct connection_guard *guard, struct connection *connection, const char *address, int port)
{
	const struct peer peer = peer_of(address, port);
	const struct waiting_socket *socket = NULL;

	pthread_mutex_lock(&guard->lock);
	socket = waiting_sockets_find(&guard->waiting, &peer);
	connection->over_limit = (socket != NULL && socket->aborted == for_address) ||
				 (is_limited(guard, address) &&
				  count_connections(guard, peer.client) >= guard->config.connections_per_address);
	atomic_store(&connection->aborted, socket != NULL && socket->aborted != NULL);
	connection->peer = peer;
	connection->identified = true;
	pthread_mutex_unlock(&guard->lock);
	atomic_fetch_sub(&guard->unidentified, 1);
}

static void begin_wait(struct connection *connection, bool writes, int64_t timeout_us)
{
	const int64_t now_us = monotonic_now();

	atomic_store(&connection->wait_end_us, 0);
	atomic_store(&connection->writes, writes);
	atomic_store(&connection->wait_start_us, now_us);
	atomic_store(&connection->wait_end_us, now_us + timeout_us);
}

void connection_serve(struct connection_guard *guard, struct connection *connection, const char *address, int port)
{
	atomic_store(&connection->wait_end_us, 0);
	if (!connection->identified)
		identify(guard, connection, address, port);
}

void connection_await_body(const struct connection_guard *guard, struct connection *connection)
{
	begin_wait(connection, false, guard->config.body_timeout_us);
}

void connection_await_next(const struct connection_guard *guard, struct connection *connection)
{
	begin_wait(connection, false, guard->config.idle_timeout_us);
}

void connection_await_reading(const struct connection_guard *guard, struct connection *connection)
{
	begin_wait(connection, true, guard->config.write_timeout_us);
}

int connection_socket(const struct connection *connection)
{
	return atomic_load(&connection->socket);
}

bool connection_is_aborted(const struct connection *connection)
{
	return atomic_load(&connection->aborted);
}

bool connection_is_over_limit(const struct connection *connection)
{
	return connection->over_limit;
}
