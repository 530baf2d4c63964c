/* The door: a list of connections, and a thread that looks round. */
#include "http/connection_guard.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "config/address.h"
#include "core/memory.h"
#include "core/timestamp.h"
#include "http/sockets.h"
#include "http/waiting_sockets.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

enum { REST_TICKS = 5 }; /* looks round only this often while everybody has been heard */

static const int64_t tick_us = 100 * MS_US;
static const char for_address[] = "address";

static struct metric cuts = {.name = "comanda_http_cut_total",
			     .help = "Connections that the server would not wait for any longer, by why",
			     .type = COUNTER,
			     .label = "why"};

struct door_guest {
	struct door_guest *next, *previous;
	struct peer peer; /* once heard: set under the lock */
	bool heard, unwanted;
	bool refused; /* its own thread's */
	int found;    /* sockets with its peer's address, in this look round */
	int found_fd; /* the last of them */
	/* written by the connection's thread, read by the door's */
	_Atomic int64_t since_us, until_us; /* steady; until 0: the server waits for nothing */
	atomic_bool cut;
	atomic_int socket; /* -1: not known */
};

struct http_door {
	struct door_config config;
	atomic_int count, unheard; /* guests */
	pthread_mutex_t lock;      /* all below */
	pthread_cond_t wake;
	pthread_t keeper;
	struct door_guest *guests;
	struct visitors visitors; /* as the last look round found them */
	int port;
	int64_t patience_us; /* at present */
	bool closed, ended;
};

/* One look round. */
struct look {
	struct http_door *door;
	struct visitors visitors;
	int64_t now_us;
	int sockets;  /* seen, of guests and visitors */
	int nameless; /* sockets that have lost their other end, nobody knows whose */
	bool full, crowded;
};

bool door_full(const struct http_door *door)
{
	return atomic_load(&door->count) >= door->config.places;
}

/* ---- showing out ---- */

/* How long anybody may be waited for who began at `since_us` and must be done by `until_us`. NULL: longer. */
static const char *reason_to_cut(const struct look *look, int64_t since_us, int64_t until_us)
{
	if (look->door->closed)
		return "stopping";
	if (look->now_us >= until_us)
		return "late";
	return look->full && look->now_us - since_us >= look->door->patience_us ? "full" : NULL;
}

/* Reading ends where its thread waits; what it has to say can still be sent, and what has arrived be read. */
static void cut(struct look *look, int fd, const char *why)
{
	metric_add(&cuts, why, 1);
	look->crowded = look->crowded || strcmp(why, "full") == 0;
	(void)shutdown(fd, SHUT_RD);
}

static struct door_guest *guest_of(const struct http_door *door, const struct peer *peer)
{
	struct door_guest *guest = door->guests;

	while (guest != NULL && (!guest->heard || peer_compare(&guest->peer, peer) != 0))
		guest = guest->next;
	return guest;
}

static int guests_from(const struct http_door *door, const char *address)
{
	int count = 0;

	for (const struct door_guest *guest = door->guests; guest != NULL; guest = guest->next)
		count += guest->heard && !guest->unwanted && strcmp(guest->peer.address, address) == 0;
	return count;
}

static bool is_counted(const struct http_door *door, const char *address)
{
	const struct door_config *config = &door->config;

	return config->address_max > 0 && (config->exempt == NULL || !address_listed(config->exempt, address));
}

/* The socket is still this guest's: who leaves takes the lock, and only then closes it. */
static void look_at_guest(struct look *look, struct door_guest *guest, int fd)
{
	const int64_t until_us = atomic_load(&guest->until_us);
	const char *why = NULL;

	if (atomic_load(&guest->cut) || until_us == 0)
		return;
	why = reason_to_cut(look, atomic_load(&guest->since_us), until_us);
	if (why == NULL)
		return;
	atomic_store(&guest->cut, true);
	cut(look, fd, why);
}

static void look_at_visitor(struct look *look, const struct peer *peer, int fd)
{
	const struct http_door *door = look->door;
	const struct visitor *known = visitors_find(&door->visitors, peer);
	struct visitor visitor = {.peer = *peer, .since_us = look->now_us};

	if (known != NULL)
		visitor = *known;
	if (visitor.cut == NULL) {
		visitor.cut = reason_to_cut(look, visitor.since_us, visitor.since_us + door->config.head_us);
		if (visitor.cut == NULL && is_counted(door, peer->address) &&
		    guests_from(door, peer->address) + visitors_of(&look->visitors, peer->address) >=
			    door->config.address_max)
			visitor.cut = for_address;
		if (visitor.cut != NULL)
			cut(look, fd, visitor.cut);
	}
	visitors_add(&look->visitors, &visitor);
}

static bool is_known(const struct http_door *door, int fd)
{
	const struct door_guest *guest = door->guests;

	while (guest != NULL && atomic_load(&guest->socket) != fd)
		guest = guest->next;
	return guest != NULL;
}

static void look_at(void *context, int fd, const char *address, int port)
{
	struct look *look = context;
	const struct peer peer = peer_of(address, port);
	struct door_guest *guest = NULL;

	if (port < 0) {
		look->nameless += !is_known(look->door, fd);
		return;
	}
	if (port == 0) {
		if (look->door->closed)
			(void)shutdown(fd, SHUT_RDWR); /* wakes the thread that accepts */
		return;
	}
	look->sockets++;
	guest = guest_of(look->door, &peer);
	if (guest != NULL) {
		guest->found++;
		guest->found_fd = fd;
		look_at_guest(look, guest, fd);
	} else
		look_at_visitor(look, &peer, fd);
}

/* Every guest's socket is open while the lock is held, and was seen. So the only one with its peer's address is its
 * own, unless its own is one of the nameless. (Two can have the same: a client that came to two
 * addresses of this machine, or one that was cut off and has come again before its old connection was noticed to be
 * dead.) What was learned once stays true. */
static void learn_sockets(const struct look *look)
{
	for (struct door_guest *guest = look->door->guests; guest != NULL; guest = guest->next) {
		if (guest->found == 1 && look->nameless == 0 && atomic_load(&guest->socket) < 0)
			atomic_store(&guest->socket, guest->found_fd);
		guest->found = 0;
	}
}

/* Whether all places are taken is what the look before found: those in the queue, or agreeing on TLS, are not guests.
 */
static void look_round(struct http_door *door, bool full)
{
	struct look look = {.door = door, .now_us = moment_steady(), .full = full || door_full(door)};

	sockets_of_port(door->port, look_at, &look);
	learn_sockets(&look);
	visitors_done(&door->visitors);
	door->visitors = look.visitors;
	visitors_sort(&door->visitors);
	if (look.sockets < door->config.places)
		door->patience_us = door->config.patience_us;
	else if (look.crowded)
		door->patience_us = door->patience_us / 2 > tick_us ? door->patience_us / 2 : tick_us;
}

static void wait_a_tick(struct http_door *door)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += tick_us * 1000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&door->wake, &door->lock, &until);
}

static void *keep(void *context)
{
	struct http_door *door = context;
	int rested = 0;

	log_thread("door");
	pthread_mutex_lock(&door->lock);
	while (!door->ended) {
		wait_a_tick(door);
		if (door->port == 0 || (atomic_load(&door->unheard) == 0 && !door_full(door) && ++rested < REST_TICKS))
			continue;
		look_round(door, (int)door->visitors.count + atomic_load(&door->count) >= door->config.places);
		rested = 0;
	}
	pthread_mutex_unlock(&door->lock);
	return NULL;
}

/* ---- life ---- */

struct http_door *door_new(const struct door_config *config)
{
	struct http_door *door = mem_new(1, sizeof(*door));
	pthread_condattr_t steady;

	door->config = *config;
	door->patience_us = config->patience_us;
	pthread_mutex_init(&door->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&door->wake, &steady);
	pthread_condattr_destroy(&steady);
	if (pthread_create(&door->keeper, NULL, keep, door) != 0)
		abort(); /* as when there is no memory */
	return door;
}

void door_open(struct http_door *door, int port)
{
	pthread_mutex_lock(&door->lock);
	door->port = port;
	pthread_mutex_unlock(&door->lock);
}

void door_close(struct http_door *door)
{
	pthread_mutex_lock(&door->lock);
	door->closed = true;
	if (door->port != 0)
		look_round(door, false);
	pthread_mutex_unlock(&door->lock);
}

void door_free(struct http_door *door)
{
	pthread_mutex_lock(&door->lock);
	door->ended = true;
	pthread_cond_signal(&door->wake);
	pthread_mutex_unlock(&door->lock);
	pthread_join(door->keeper, NULL);
	assert(door->guests == NULL);
	visitors_done(&door->visitors);
	pthread_cond_destroy(&door->wake);
	pthread_mutex_destroy(&door->lock);
	free(door);
}

/* ---- guests ---- */

struct door_guest *door_enter(struct http_door *door)
{
	struct door_guest *guest = mem_new(1, sizeof(*guest));

	atomic_init(&guest->socket, -1);
	atomic_fetch_add(&door->count, 1);
	atomic_fetch_add(&door->unheard, 1);
	pthread_mutex_lock(&door->lock);
	guest->next = door->guests;
	if (door->guests != NULL)
		door->guests->previous = guest;
	door->guests = guest;
	pthread_mutex_unlock(&door->lock);
	return guest;
}

void door_leave(struct http_door *door, struct door_guest *guest)
{
	pthread_mutex_lock(&door->lock);
	if (guest->previous != NULL)
		guest->previous->next = guest->next;
	else
		door->guests = guest->next;
	if (guest->next != NULL)
		guest->next->previous = guest->previous;
	pthread_mutex_unlock(&door->lock);
	atomic_fetch_sub(&door->count, 1);
	if (!guest->heard)
		atomic_fetch_sub(&door->unheard, 1);
	free(guest);
}

/* A visitor becomes a guest, and takes along what was decided about it. */
static void hear(struct http_door *door, struct door_guest *guest, const char *address, int port)
{
	const struct peer peer = peer_of(address, port);
	const struct visitor *visitor = NULL;

	pthread_mutex_lock(&door->lock);
	visitor = visitors_find(&door->visitors, &peer);
	guest->unwanted = (visitor != NULL && visitor->cut == for_address) ||
			  (is_counted(door, address) && guests_from(door, address) >= door->config.address_max);
	atomic_store(&guest->cut, visitor != NULL && visitor->cut != NULL);
	guest->peer = peer;
	guest->heard = true;
	pthread_mutex_unlock(&door->lock);
	atomic_fetch_sub(&door->unheard, 1);
}

static void wait_for(struct door_guest *guest, int64_t time_us)
{
	const int64_t now_us = moment_steady();

	atomic_store(&guest->since_us, now_us);
	atomic_store(&guest->until_us, now_us + time_us);
}

void guest_serve(struct http_door *door, struct door_guest *guest, const char *address, int port)
{
	atomic_store(&guest->until_us, 0);
	if (!guest->heard)
		hear(door, guest, address, port);
}

void guest_await_body(const struct http_door *door, struct door_guest *guest)
{
	wait_for(guest, door->config.body_us);
}

void guest_await_next(const struct http_door *door, struct door_guest *guest)
{
	wait_for(guest, door->config.idle_us);
}

int guest_socket(const struct door_guest *guest)
{
	return atomic_load(&guest->socket);
}

bool guest_cut(const struct door_guest *guest)
{
	return atomic_load(&guest->cut);
}

void guest_refuse(struct door_guest *guest)
{
	guest->refused = true;
}

bool guest_refused(const struct door_guest *guest)
{
	return guest->refused;
}

bool guest_unwanted(const struct door_guest *guest)
{
	return guest->unwanted;
}
