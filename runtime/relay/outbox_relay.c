/* The relay's thread: takes parcels, sends them, settles them, sweeps. */
#include "relay/outbox_relay.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "relay/admission_sync.h"
#include "relay/inflight.h"
#include "store/db_gauges.h"
#include "store/deadline_promotion.h"
#include "store/deadlines.h"
#include "store/pruning.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#define SWEEP_US     (500 * MS_US)
#define LOOK_US      (1 * SECOND_US)
#define COMPLAINT_US (5 * SECOND_US)
#define DELETE_US    (20 * MS_US)
#define CONFIRM_US   (10 * SECOND_US)

enum {
	HANDS_BUSY = 2000,  /* rows waiting in memory beyond which there is no sweep */
	HANDS_FULL = 20000, /* rows waiting in memory beyond which new ones are left to the sweep */
	DELETES_MAX = 2000
};

struct relay {
	struct engine *engine;
	char queue[64];
	pthread_t thread;
	pthread_mutex_t mutex; /* guards `given`, parcels' `over`, and `sleeping` */
	pthread_cond_t over;
	struct parcel *given, **given_end;
	bool sleeping;
	int wake; /* eventfd: something was given */
	atomic_bool stopping, ready, overfull;
	atomic_llong backlog_age;
	atomic_size_t waiting;

	/* The thread's own. */
	struct roads roads;
	struct db *db;
	struct flights *flights;
	struct uuid *arrived; /* rows to delete */
	size_t arrived_count;
	int64_t next_sweep, next_look, next_delete, next_prune, next_gauges, next_complaint;
	struct uuid *suspects;
	struct paces paces;
};

static struct metric outbox_rows = {
	.name = "comanda_outbox_rows", .help = "Rows in the outbox", .type = GAUGE, .label = "state"};
static struct metric outbox_age = {
	.name = "comanda_outbox_oldest_seconds", .help = "Age of the oldest event that is not sent", .type = GAUGE};
static struct metric deadlines = {
	.name = "comanda_open_deadlines",
	.help = "Deadlines that are open: orders that are pending, and what was placed within the last second or two",
	.type = GAUGE};
static struct metric swept = {
	.name = "comanda_outbox_swept_total", .help = "Rows that the sweep found due", .type = COUNTER};

/* ---- what lanes call ---- */

static void give(struct relay *relay, struct parcel *parcel)
{
	pthread_mutex_lock(&relay->mutex);
	parcel->next = NULL;
	parcel->handed_us = tracing_on() ? moment_now() : 0;
	*relay->given_end = parcel;
	relay->given_end = &parcel->next;
	const bool wake = relay->sleeping;
	relay->sleeping = false;
	pthread_mutex_unlock(&relay->mutex);
	if (wake)
		eventfd_write(relay->wake, 1);
}

void relay_give(struct relay *relay, struct parcel **parcel)
{
	struct parcel *given = *parcel;

	*parcel = NULL;
	given->stored = true;
	if (given->count > 0 && atomic_load(&relay->waiting) <= HANDS_FULL) {
		give(relay, given);
		return;
	}
	for (size_t i = 0; i < given->count; i++) /* the sweep will find them */
		told_end(given->rows[i].told, given->rows[i].told_count, moment_now(), false);
	parcel_free(given);
}

void relay_lend(struct relay *relay, struct parcel *parcel)
{
	parcel->awaited = true;
	parcel->stored = parcel->over = parcel->failed = false;
	give(relay, parcel);
}

enum status relay_await(struct relay *relay, struct parcel *parcel, int64_t wait_us)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	const int64_t end_ns = until.tv_nsec + (wait_us % SECOND_US) * 1000;
	until.tv_sec += wait_us / SECOND_US + end_ns / 1000000000;
	until.tv_nsec = end_ns % 1000000000;
	pthread_mutex_lock(&relay->mutex);
	int late = 0;
	while (!parcel->over && late == 0)
		late = pthread_cond_timedwait(&relay->over, &relay->mutex, &until);
	const bool over = parcel->over;
	pthread_mutex_unlock(&relay->mutex);
	if (!over)
		return E_TIMEOUT;
	return parcel->failed ? E_UNAVAILABLE : OK;
}

bool relay_ready(const struct relay *relay)
{
	return atomic_load(&relay->ready);
}

int64_t relay_backlog_age(const struct relay *relay)
{
	return atomic_load(&relay->backlog_age);
}

bool relay_overfull(const struct relay *relay)
{
	return atomic_load(&relay->overfull);
}

/* ---- what flights call ---- */

void flights_over(void *context, struct parcel *parcel)
{
	struct relay *relay = context;

	if (!parcel->awaited) {
		parcel_free(parcel);
		return;
	}
	pthread_mutex_lock(&relay->mutex);
	parcel->over = true;
	pthread_cond_broadcast(&relay->over);
	pthread_mutex_unlock(&relay->mutex);
}

static void row_arrived(void *context, const struct parcel *parcel, const struct outbox_row *row)
{
	struct relay *relay = context;

	/* Beyond the room the row stays, is swept, and arrives a second time: nothing is lost, nothing done twice. */
	if (parcel->stored && relay->arrived_count < DELETES_MAX)
		relay->arrived[relay->arrived_count++] = row->id;
}

/* ---- the thread ---- */

static void take_given(struct relay *relay)
{
	pthread_mutex_lock(&relay->mutex);
	struct parcel *parcel = relay->given;
	relay->given = NULL;
	relay->given_end = &relay->given;
	pthread_mutex_unlock(&relay->mutex);
	while (parcel != NULL) {
		struct parcel *next = parcel->next;

		flights_take(relay->flights, parcel);
		parcel = next;
	}
}

/* Deleting late costs a resend at worst, so deletes go in bulk and do not wait for the disk. */
static void delete_arrived(struct relay *relay, bool now)
{
	if (relay->arrived_count == 0 || db_ensure(relay->db) != OK)
		return;
	if (!now && relay->arrived_count < DELETES_MAX / 2 && moment_steady() < relay->next_delete)
		return;
	if (outbox_delete(relay->db, relay->arrived, relay->arrived_count) == OK)
		relay->arrived_count = 0;
	else
		db_recover(relay->db);
	relay->next_delete = moment_steady() + DELETE_US;
}

static const bool nobody[ROADS] = {false};

/* Rows that were under way when the broker closed the connection in anger, are sent alone from now on. */
static void accuse(struct relay *relay, size_t count, const char *detail)
{
	int64_t parked;

	if (count == 0 || db_ensure(relay->db) != OK)
		return;
	const enum status status = outbox_accuse(relay->db, relay->suspects, count, &parked);
	if (status != OK)
		db_recover(relay->db);
	else if (parked > 0)
		log_error("outbox.parked", kv_int("rows", parked), kv_text("detail", detail));
}

/* One road gone is all gone: what could still be said on the other waits a moment. */
static void connection_lost(struct relay *relay)
{
	bool blamed[ROADS];
	const char *said = roads_drop(&relay->roads, blamed);

	accuse(relay, flights_lost(relay->flights, blamed, relay->suspects), said);
}

/* For the whole program: its lanes connect to the same broker. Why not, is what an operator wants to know. */
static void say_away(struct relay *relay, const char *detail)
{
	if (moment_steady() < relay->next_complaint)
		return;
	relay->next_complaint = moment_steady() + COMPLAINT_US;
	log_warn("broker.away", kv_text("detail", detail));
}

static bool connected(struct relay *relay)
{
	const bool was = roads_connected(&relay->roads);
	const char *detail;

	if (roads_ensure(&relay->roads, &detail) != OK) {
		say_away(relay, detail);
		return false;
	}
	if (!was)
		log_info("relay.connected");
	return true;
}

static void send_and_settle(struct relay *relay)
{
	if (!connected(relay)) {
		connection_lost(relay);
		return;
	}
	enum status status = roads_tick(&relay->roads);
	flights_settle(relay->flights, &relay->roads);
	if (status == OK)
		status = flights_send(relay->flights, &relay->roads);
	const int64_t oldest = flights_oldest(relay->flights);
	if (oldest != 0 && moment_steady() - oldest > CONFIRM_US)
		status = E_UNAVAILABLE;
	if (status == E_BUSY) /* blocked: what waits stays in the outbox, and lanes that wait are told */
		flights_lost(relay->flights, nobody, relay->suspects);
	else if (status != OK)
		connection_lost(relay);
}

/* Rows and deadlines that are due. */
static void sweep(struct relay *relay)
{
	struct parcel *due = parcel_new(), *notes = parcel_new();

	due->stored = true;
	enum status status = OK;
	if (roads_connected(&relay->roads) && !roads_blocked(&relay->roads)) {
		if (flights_waiting(relay->flights) <
		    HANDS_BUSY) /* beyond, what is due is what waits in our own hands */
			status = outbox_claim(relay->db, moment_now(), 2 * CONFIRM_US, due);
		if (status == OK)
			status = deadlines_due(relay->db, relay->engine->service->contract, relay->queue, notes);
	}
	if (status != OK)
		db_recover(relay->db);
	metric_add(&swept, NULL, (int64_t)due->count);
	flights_take(relay->flights, due);
	flights_take(relay->flights, notes);
}

static void look_at_deadlines(struct relay *relay)
{
	const char *setting = (const char *)relay->engine->program_settings + relay->engine->service->open_max_setting;
	int64_t open;

	if (relay->engine->service->open_max_setting == 0)
		return;
	const int64_t most = *(const int64_t *)(const void *)setting;
	if (deadlines_open(relay->db, most, &open) != OK) {
		db_recover(relay->db);
		return;
	}
	metric_set(&deadlines, NULL, open);
	pace_at_most(&relay->engine->pace, open);
	atomic_store(&relay->overfull, open >= most);
}

static void look(struct relay *relay)
{
	struct outbox_state state;

	if (outbox_look(relay->db, moment_now(), &state) != OK) {
		db_recover(relay->db);
		return;
	}
	metric_set(&outbox_rows, "waiting", state.waiting);
	metric_set(&outbox_rows, "parked", state.parked);
	metric_set(&outbox_age, NULL, state.oldest_us);
	atomic_store(&relay->backlog_age, state.oldest_us);
}

static void share_pace(struct relay *relay)
{
	if (relay->engine->service->open_max_setting == 0 || !db_connected(relay->db))
		return;
	if (paces_share(&relay->paces, relay->db, &relay->engine->pace) != OK)
		db_recover(relay->db);
}

static void housekeeping(struct relay *relay)
{
	const int64_t now = moment_steady();

	if (now < relay->next_sweep)
		return;
	relay->next_sweep = now + SWEEP_US;
	if (db_ensure(relay->db) != OK)
		return;
	mature(relay->db, relay->engine->service);
	sweep(relay);
	if (now >= relay->next_look) {
		relay->next_look = now + LOOK_US;
		look(relay);
		look_at_deadlines(relay);
	}
	if (now >= relay->next_gauges)
		relay->next_gauges = now + gauges_look(relay->db, relay->engine->service->gauges);
	if (now >= relay->next_prune)
		relay->next_prune = now + retention_prune(relay->db, relay->engine);
}

/* Sleeps until something was given, the broker says something, or it is time to sweep. */
static void wait_for_work(struct relay *relay)
{
	struct pollfd fds[1 + ROADS] = {{.fd = relay->wake, .events = POLLIN}};
	const bool pending = roads_poll(&relay->roads, &fds[1]);
	eventfd_t count;

	pthread_mutex_lock(&relay->mutex);
	const bool idle = relay->given == NULL && !pending;
	relay->sleeping = idle;
	pthread_mutex_unlock(&relay->mutex);
	if (!idle)
		return;
	const int64_t until = relay->arrived_count > 0 ? relay->next_delete : relay->next_sweep;
	const int64_t wait = until - moment_steady();
	if (wait > 0)
		poll(fds, 1 + ROADS, (int)(wait / MS_US) + 1);
	pthread_mutex_lock(&relay->mutex);
	relay->sleeping = false;
	pthread_mutex_unlock(&relay->mutex);
	if (fds[0].revents != 0)
		eventfd_read(relay->wake, &count);
}

static void turn(struct relay *relay)
{
	take_given(relay);
	send_and_settle(relay);
	delete_arrived(relay, false);
	share_pace(relay);
	housekeeping(relay);
	atomic_store(&relay->waiting, flights_waiting(relay->flights));
	atomic_store(&relay->ready, roads_connected(&relay->roads) && db_connected(relay->db));
}

static bool idle(const struct relay *relay)
{
	return flights_waiting(relay->flights) == 0 && flights_under_way(relay->flights) == 0;
}

static void *run(void *context)
{
	struct relay *relay = context;

	log_thread("relay");
	while (!atomic_load(&relay->stopping)) {
		turn(relay);
		wait_for_work(relay);
	}
	/* The lanes have stopped: what they gave is sent and confirmed before we go, if the broker lets us. */
	const int64_t end = moment_steady() + relay->engine->settings->shutdown_us / 2;
	take_given(relay);
	while (!idle(relay) && moment_steady() < end) {
		send_and_settle(relay);
		wait_for_work(relay);
	}
	flights_lost(relay->flights, nobody, relay->suspects);
	delete_arrived(relay, true);
	mature_all(relay->db, relay->engine->service, relay->engine->settings->shutdown_us / 4);
	roads_close(&relay->roads);
	return NULL;
}

static void connect_parts(struct relay *relay)
{
	relay->db = db_new(&(struct db_config){
		.url = relay->engine->settings->database_url,
		.program = relay->engine->service->name,
		.lane = "relay",
		.relaxed = true, /* a delete that is lost is a resend */
		.wait_us = relay->engine->settings->db_wait_us,
	});
	roads_init(&relay->roads, &(struct broker_config){
					  .url = relay->engine->settings->broker_url,
					  .program = relay->engine->service->name,
					  .lane = "relay",
					  .heartbeat_us = relay->engine->settings->broker_heartbeat_us,
				  });
	relay->flights = flights_new(row_arrived, relay);
	relay->arrived = mem_new(DELETES_MAX, sizeof(struct uuid));
	relay->suspects = mem_new((size_t)FLIGHT_WINDOW * FLIGHT_EVENTS_MAX, sizeof(struct uuid));
}

static void free_parts(struct relay *relay)
{
	roads_done(&relay->roads);
	db_free(relay->db);
	flights_free(relay->flights);
	free(relay->arrived);
	free(relay->suspects);
	close(relay->wake);
	pthread_cond_destroy(&relay->over);
	pthread_mutex_destroy(&relay->mutex);
	free(relay);
}

enum status relay_start(struct engine *engine, struct relay **ret_relay)
{
	struct relay *relay = mem_new(1, sizeof(*relay));
	pthread_condattr_t monotonic;

	relay->engine = engine;
	relay->given_end = &relay->given;
	snprintf(relay->queue, sizeof(relay->queue), "%s.events", engine->service->house);
	relay->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&relay->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&relay->over, &monotonic);
	pthread_condattr_destroy(&monotonic);
	paces_init(&relay->paces);
	connect_parts(relay);
	if (relay->wake < 0 || pthread_create(&relay->thread, NULL, run, relay) != 0) {
		free_parts(relay);
		return E_UNAVAILABLE;
	}
	*ret_relay = relay;
	return OK;
}

void relay_stop(struct relay *relay)
{
	if (relay == NULL)
		return;
	atomic_store(&relay->stopping, true);
	eventfd_write(relay->wake, 1);
	pthread_join(relay->thread, NULL);
	free_parts(relay);
}
