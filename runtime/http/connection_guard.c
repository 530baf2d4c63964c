/* The guard: a list of connections, and a thread that looks round. */
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

enum { REST_TICKS = 5 }; /* looks round only this often while everybody has been heard */

static const int64_t tick_us = 100 * MS_US;
static const char for_address[] = "address";

static struct metric cuts = {.name = "comanda_http_aborted_total",
			     .help = "Connections that the server closed early, by reason",
			     .type = COUNTER,
			     .label = "reason"};

struct connection {
	struct connection *next, *previous;
	struct peer peer; /* once heard: set under the lock */
	bool heard, unwanted;
	bool refused; /* its own thread's */
	int found;    /* sockets with its peer's address, in this look round */
	int found_fd; /* the last of them */
	/* written by the connection's thread, read by the guard's */
	_Atomic int64_t since_us, until_us; /* steady; until 0: the server waits for nothing */
	atomic_bool cut;
	atomic_int socket; /* -1: not known */
};

struct connection_guard {
	struct connection_guard_config config;
	atomic_int count, unheard; /* connections */
	pthread_mutex_t lock;      /* all below */
	pthread_cond_t wake;
	pthread_t keeper;
	struct connection *connections;
	struct waiting_sockets waiting_sockets; /* as the last look round found them */
	int port;
	int64_t patience_us; /* at present */
	bool closed, ended;
};

/* One look round. */
struct look {
	struct connection_guard *guard;
	struct waiting_sockets waiting_sockets;
	int64_t now_us;
	int sockets;  /* seen, of connections and waiting_sockets */
	int nameless; /* sockets that have lost their other end, nobody knows whose */
	bool full, crowded;
};

bool connection_guard_is_full(const struct connection_guard *guard)
{
	return atomic_load(&guard->count) >= guard->config.places;
}

/* ---- showing out ---- */

/* How long anybody may be waited for who began at `since_us` and must be done by `until_us`. NULL: longer. */
static const char *reason_to_cut(const struct look *look, int64_t since_us, int64_t until_us)
{
	if (look->guard->closed)
		return "stopping";
	if (look->now_us >= until_us)
		return "late";
	return look->full && look->now_us - since_us >= look->guard->patience_us ? "full" : NULL;
}

/* Reading ends where its thread waits; what it has to say can still be sent, and what has arrived be read. */
static void cut(struct look *look, int fd, const char *why)
{
	metric_add(&cuts, why, 1);
	look->crowded = look->crowded || strcmp(why, "full") == 0;
	(void)shutdown(fd, SHUT_RD);
}

static struct connection *guest_of(const struct connection_guard *guard, const struct peer *peer)
{
	struct connection *connection = guard->connections;

	while (connection != NULL && (!connection->heard || peer_compare(&connection->peer, peer) != 0))
		connection = connection->next;
	return connection;
}

static int guests_from(const struct connection_guard *guard, const char *address)
{
	int count = 0;

	for (const struct connection *connection = guard->connections; connection != NULL;
	     connection = connection->next)
		count += connection->heard && !connection->unwanted && strcmp(connection->peer.address, address) == 0;
	return count;
}

static bool is_counted(const struct connection_guard *guard, const char *address)
{
	const struct connection_guard_config *config = &guard->config;

	return config->address_max > 0 && (config->exempt == NULL || !address_listed(config->exempt, address));
}

/* The socket is still this connection's: who leaves takes the lock, and only then closes it. */
static void look_at_guest(struct look *look, struct connection *connection, int fd)
{
	const int64_t until_us = atomic_load(&connection->until_us);
	const char *why = NULL;

	if (atomic_load(&connection->cut) || until_us == 0)
		return;
	why = reason_to_cut(look, atomic_load(&connection->since_us), until_us);
	if (why == NULL)
		return;
	atomic_store(&connection->cut, true);
	cut(look, fd, why);
}

static void look_at_visitor(struct look *look, const struct peer *peer, int fd)
{
	const struct connection_guard *guard = look->guard;
	const struct waiting_socket *known = waiting_sockets_find(&guard->waiting_sockets, peer);
	struct waiting_socket waiting_socket = {.peer = *peer, .since_us = look->now_us};

	if (known != NULL)
		waiting_socket = *known;
	if (waiting_socket.cut == NULL) {
		waiting_socket.cut =
			reason_to_cut(look, waiting_socket.since_us, waiting_socket.since_us + guard->config.head_us);
		if (waiting_socket.cut == NULL && is_counted(guard, peer->address) &&
		    guests_from(guard, peer->address) + waiting_sockets_of(&look->waiting_sockets, peer->address) >=
			    guard->config.address_max)
			waiting_socket.cut = for_address;
		if (waiting_socket.cut != NULL)
			cut(look, fd, waiting_socket.cut);
	}
	waiting_sockets_add(&look->waiting_sockets, &waiting_socket);
}

static bool is_known(const struct connection_guard *guard, int fd)
{
	const struct connection *connection = guard->connections;

	while (connection != NULL && atomic_load(&connection->socket) != fd)
		connection = connection->next;
	return connection != NULL;
}

static void look_at(void *context, int fd, const char *address, int port)
{
	struct look *look = context;
	const struct peer peer = peer_of(address, port);
	struct connection *connection = NULL;

	if (port < 0) {
		look->nameless += !is_known(look->guard, fd);
		return;
	}
	if (port == 0) {
		if (look->guard->closed)
			(void)shutdown(fd, SHUT_RDWR); /* wakes the thread that accepts */
		return;
	}
	look->sockets++;
	connection = guest_of(look->guard, &peer);
	if (connection != NULL) {
		connection->found++;
		connection->found_fd = fd;
		look_at_guest(look, connection, fd);
	} else
		look_at_visitor(look, &peer, fd);
}

/* Every connection's socket is open while the lock is held, and was seen. So the only one with its peer's address is
 * its own, unless its own is one of the nameless. (Two can have the same: a client that came to two addresses of this
 * machine, or one that was cut off and has come again before its old connection was noticed to be dead.) What was
 * learned once stays true. */
static void learn_sockets(const struct look *look)
{
	for (struct connection *connection = look->guard->connections; connection != NULL;
	     connection = connection->next) {
		if (connection->found == 1 && look->nameless == 0 && atomic_load(&connection->socket) < 0)
			atomic_store(&connection->socket, connection->found_fd);
		connection->found = 0;
	}
}

/* Whether all places are taken is what the look before found: those in the queue, or agreeing on TLS, are not
 * connections.
 */
static void look_round(struct connection_guard *guard, bool full)
{
	struct look look = {.guard = guard, .now_us = monotonic_now(), .full = full || connection_guard_is_full(guard)};

	sockets_of_port(guard->port, look_at, &look);
	learn_sockets(&look);
	waiting_sockets_done(&guard->waiting_sockets);
	guard->waiting_sockets = look.waiting_sockets;
	waiting_sockets_sort(&guard->waiting_sockets);
	if (look.sockets < guard->config.places)
		guard->patience_us = guard->config.patience_us;
	else if (look.crowded)
		guard->patience_us = guard->patience_us / 2 > tick_us ? guard->patience_us / 2 : tick_us;
}

static void wait_a_tick(struct connection_guard *guard)
{
	(void)condition_wait(&guard->wake, &guard->lock, monotonic_now() + tick_us);
}

static void *keep(void *context)
{
	struct connection_guard *guard = context;
	int rested = 0;

	log_thread("guard");
	pthread_mutex_lock(&guard->lock);
	while (!guard->ended) {
		wait_a_tick(guard);
		if (guard->port == 0 ||
		    (atomic_load(&guard->unheard) == 0 && !connection_guard_is_full(guard) && ++rested < REST_TICKS))
			continue;
		look_round(guard,
			   (int)guard->waiting_sockets.count + atomic_load(&guard->count) >= guard->config.places);
		rested = 0;
	}
	pthread_mutex_unlock(&guard->lock);
	return NULL;
}

/* ---- life ---- */

struct connection_guard *connection_guard_new(const struct connection_guard_config *config)
{
	struct connection_guard *guard = mem_new(1, sizeof(*guard));

	guard->config = *config;
	guard->patience_us = config->patience_us;
	pthread_mutex_init(&guard->lock, NULL);
	condition_init(&guard->wake);
	if (pthread_create(&guard->keeper, NULL, keep, guard) != 0)
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
		look_round(guard, false);
	pthread_mutex_unlock(&guard->lock);
}

void connection_guard_free(struct connection_guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	guard->ended = true;
	pthread_cond_signal(&guard->wake);
	pthread_mutex_unlock(&guard->lock);
	pthread_join(guard->keeper, NULL);
	assert(guard->connections == NULL);
	waiting_sockets_done(&guard->waiting_sockets);
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
	atomic_fetch_add(&guard->unheard, 1);
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
	if (!connection->heard)
		atomic_fetch_sub(&guard->unheard, 1);
	free(connection);
}

/* A waiting_socket becomes a connection, and takes along what was decided about it. */
static void hear(struct connection_guard *guard, struct connection *connection, const char *address, int port)
{
	const struct peer peer = peer_of(address, port);
	const struct waiting_socket *waiting_socket = NULL;

	pthread_mutex_lock(&guard->lock);
	waiting_socket = waiting_sockets_find(&guard->waiting_sockets, &peer);
	connection->unwanted = (waiting_socket != NULL && waiting_socket->cut == for_address) ||
			       (is_counted(guard, address) && guests_from(guard, address) >= guard->config.address_max);
	atomic_store(&connection->cut, waiting_socket != NULL && waiting_socket->cut != NULL);
	connection->peer = peer;
	connection->heard = true;
	pthread_mutex_unlock(&guard->lock);
	atomic_fetch_sub(&guard->unheard, 1);
}

static void wait_for(struct connection *connection, int64_t time_us)
{
	const int64_t now_us = monotonic_now();

	atomic_store(&connection->since_us, now_us);
	atomic_store(&connection->until_us, now_us + time_us);
}

void connection_serve(struct connection_guard *guard, struct connection *connection, const char *address, int port)
{
	atomic_store(&connection->until_us, 0);
	if (!connection->heard)
		hear(guard, connection, address, port);
}

void connection_await_body(const struct connection_guard *guard, struct connection *connection)
{
	wait_for(connection, guard->config.body_us);
}

void connection_await_next(const struct connection_guard *guard, struct connection *connection)
{
	wait_for(connection, guard->config.idle_us);
}

int connection_socket(const struct connection *connection)
{
	return atomic_load(&connection->socket);
}

bool connection_abort(const struct connection *connection)
{
	return atomic_load(&connection->cut);
}

void connection_refuse(struct connection *connection)
{
	connection->refused = true;
}

bool connection_refused(const struct connection *connection)
{
	return connection->refused;
}

bool connection_unwanted(const struct connection *connection)
{
	return connection->unwanted;
}
