/* The relay's thread: takes parcels, sends them, settles them, sweeps. */
#include "relay/outbox_relay.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/wake.h"
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

struct outbox_relay {
	struct engine *engine;
	char queue[64];
	pthread_t thread;
	pthread_mutex_t mutex; /* guards `given`, parcels' `over`, and `sleeping` */
	pthread_cond_t over;
	struct outbox_batch *given, **given_end;
	bool sleeping;
	struct wake wake; /* something was given */
	atomic_bool stopping, ready, overfull;
	atomic_llong backlog_age;
	atomic_size_t waiting;

	/* The thread's own. */
	struct publish_channels channels;
	struct db *db;
	struct inflight *inflight;
	struct uuid *arrived; /* rows to delete */
	size_t arrived_count;
	int64_t next_sweep, next_look, next_delete, next_prune, next_gauges, next_complaint;
	struct uuid *quarantined;
};

static struct metric outbox_rows = {
	.name = "comanda_outbox_rows", .help = "Rows in the outbox, by state", .type = GAUGE, .label = "state"};
static struct metric outbox_age = {
	.name = "comanda_outbox_oldest_seconds", .help = "Age of the oldest event that is not sent", .type = GAUGE};
static struct metric deadlines = {
	.name = "comanda_deadlines_open",
	.help = "Open deadlines: of pending orders, and of all orders of the last one or two seconds",
	.type = GAUGE};
static struct metric swept = {
	.name = "comanda_outbox_swept_total", .help = "Rows that the sweep found due", .type = COUNTER};

/* ---- what consumers call ---- */

static void give(struct outbox_relay *relay, struct outbox_batch *batch)
{
	pthread_mutex_lock(&relay->mutex);
	batch->next = NULL;
	batch->handed_us = tracing_on() ? timestamp_now() : 0;
	*relay->given_end = batch;
	relay->given_end = &batch->next;
	const bool wake = relay->sleeping;
	relay->sleeping = false;
	pthread_mutex_unlock(&relay->mutex);
	if (wake)
		wake_send(&relay->wake);
}

void outbox_relay_submit(struct outbox_relay *relay, struct outbox_batch **batch)
{
	struct outbox_batch *given = *batch;

	*batch = NULL;
	given->stored = true;
	if (given->count > 0 && atomic_load(&relay->waiting) <= HANDS_FULL) {
		give(relay, given);
		return;
	}
	for (size_t i = 0; i < given->count; i++) /* the sweep will find them */
		publish_spans_end(given->rows[i].told, given->rows[i].publish_span_count, timestamp_now(), false);
	outbox_batch_free(given);
}

void outbox_relay_submit_and_keep(struct outbox_relay *relay, struct outbox_batch *batch)
{
	batch->awaited = true;
	batch->stored = batch->over = batch->failed = false;
	give(relay, batch);
}

enum status outbox_relay_wait(struct outbox_relay *relay, struct outbox_batch *batch, int64_t wait_us)
{
	const int64_t until_us = monotonic_now() + wait_us;

	pthread_mutex_lock(&relay->mutex);
	while (!batch->over && condition_wait(&relay->over, &relay->mutex, until_us)) {
	}
	const bool over = batch->over;
	pthread_mutex_unlock(&relay->mutex);
	if (!over)
		return E_TIMEOUT;
	return batch->failed ? E_UNAVAILABLE : OK;
}

bool outbox_relay_ready(const struct outbox_relay *relay)
{
	return atomic_load(&relay->ready);
}

int64_t outbox_relay_backlog_age(const struct outbox_relay *relay)
{
	return atomic_load(&relay->backlog_age);
}

bool outbox_relay_at_capacity(const struct outbox_relay *relay)
{
	return atomic_load(&relay->overfull);
}

/* ---- what inflight call ---- */

void inflight_over(void *context, struct outbox_batch *batch)
{
	struct outbox_relay *relay = context;

	if (!batch->awaited) {
		outbox_batch_free(batch);
		return;
	}
	pthread_mutex_lock(&relay->mutex);
	batch->over = true;
	pthread_cond_broadcast(&relay->over);
	pthread_mutex_unlock(&relay->mutex);
}

static void row_arrived(void *context, const struct outbox_batch *batch, const struct outbox_row *row)
{
	struct outbox_relay *relay = context;

	/* Beyond the room the row stays, is swept, and arrives a second time: nothing is lost, nothing done twice. */
	if (batch->stored && relay->arrived_count < DELETES_MAX)
		relay->arrived[relay->arrived_count++] = row->id;
}

/* ---- the thread ---- */

static void take_given(struct outbox_relay *relay)
{
	pthread_mutex_lock(&relay->mutex);
	struct outbox_batch *batch = relay->given;
	relay->given = NULL;
	relay->given_end = &relay->given;
	pthread_mutex_unlock(&relay->mutex);
	while (batch != NULL) {
		struct outbox_batch *next = batch->next;

		inflight_take(relay->inflight, batch);
		batch = next;
	}
}

/* Deleting late costs a resend at worst, so deletes go in bulk and do not wait for the disk. */
static void delete_arrived(struct outbox_relay *relay, bool now)
{
	if (relay->arrived_count == 0 || db_ensure(relay->db) != OK)
		return;
	if (!now && relay->arrived_count < DELETES_MAX / 2 && monotonic_now() < relay->next_delete)
		return;
	if (outbox_delete(relay->db, relay->arrived, relay->arrived_count) == OK)
		relay->arrived_count = 0;
	else
		db_recover(relay->db);
	relay->next_delete = monotonic_now() + DELETE_US;
}

static const bool nobody[CHANNELS] = {false};

/* Rows that were under way when the broker closed the connection in anger, are sent alone from now on. */
static void accuse(struct outbox_relay *relay, size_t count, const char *detail)
{
	int64_t parked;

	if (count == 0 || db_ensure(relay->db) != OK)
		return;
	const enum status status = outbox_quarantine(relay->db, relay->quarantined, count, &parked);
	if (status != OK)
		db_recover(relay->db);
	else if (parked > 0)
		log_error("outbox.parked", kv_int("rows", parked), kv_text("detail", detail));
}

/* One channel gone is all gone: what could still be said on the other waits a moment. */
static void connection_lost(struct outbox_relay *relay)
{
	bool blamed[CHANNELS];
	const char *said = publish_channels_drop(&relay->channels, blamed);

	accuse(relay, inflight_lost(relay->inflight, blamed, relay->quarantined), said);
}

/* For the whole program: its consumers connect to the same broker. Why not, is what an operator wants to know. */
static void say_away(struct outbox_relay *relay, const char *detail)
{
	if (monotonic_now() < relay->next_complaint)
		return;
	relay->next_complaint = monotonic_now() + COMPLAINT_US;
	log_warn("broker.unavailable", kv_text("detail", detail));
}

static bool connected(struct outbox_relay *relay)
{
	const bool was = publish_channels_connected(&relay->channels);
	const char *detail;

	if (publish_channels_ensure(&relay->channels, &detail) != OK) {
		say_away(relay, detail);
		return false;
	}
	if (!was)
		log_info("outbox_relay.connected");
	return true;
}

static void send_and_settle(struct outbox_relay *relay)
{
	if (!connected(relay)) {
		connection_lost(relay);
		return;
	}
	enum status status = publish_channels_tick(&relay->channels);
	inflight_settle(relay->inflight, &relay->channels);
	if (status == OK)
		status = inflight_send(relay->inflight, &relay->channels);
	const int64_t oldest = inflight_oldest(relay->inflight);
	if (oldest != 0 && monotonic_now() - oldest > CONFIRM_US)
		status = E_UNAVAILABLE;
	if (status == E_BUSY) /* blocked: what waits stays in the outbox, and consumers that wait are told */
		inflight_lost(relay->inflight, nobody, relay->quarantined);
	else if (status != OK)
		connection_lost(relay);
}

/* Rows and deadlines that are due. */
static void sweep(struct outbox_relay *relay)
{
	struct outbox_batch *due = outbox_batch_new(), *notes = outbox_batch_new();

	due->stored = true;
	enum status status = OK;
	if (publish_channels_connected(&relay->channels) && !publish_channels_blocked(&relay->channels)) {
		if (inflight_waiting(relay->inflight) <
		    HANDS_BUSY) /* beyond, what is due is what waits in our own hands */
			status = outbox_lease(relay->db, timestamp_now(), 2 * CONFIRM_US, due);
		if (status == OK)
			status = deadlines_due(relay->db, relay->engine->service->contract, relay->queue, notes);
	}
	if (status != OK)
		db_recover(relay->db);
	metric_add(&swept, NULL, (int64_t)due->count);
	inflight_take(relay->inflight, due);
	inflight_take(relay->inflight, notes);
}

static void look_at_deadlines(struct outbox_relay *relay)
{
	const char *setting =
		(const char *)relay->engine->program_settings + relay->engine->service->admission.max_setting;
	int64_t open;

	if (relay->engine->service->admission.max_setting == 0)
		return;
	const int64_t most = *(const int64_t *)(const void *)setting;
	if (deadlines_open(relay->db, most, &open) != OK) {
		db_recover(relay->db);
		return;
	}
	metric_set(&deadlines, NULL, open);
	admission_cap(&relay->engine->admission, open);
	atomic_store(&relay->overfull, open >= most);
}

static void look(struct outbox_relay *relay)
{
	struct outbox_state state;

	if (outbox_look(relay->db, timestamp_now(), &state) != OK) {
		db_recover(relay->db);
		return;
	}
	metric_set(&outbox_rows, "waiting", state.waiting);
	metric_set(&outbox_rows, "parked", state.parked);
	metric_set(&outbox_age, NULL, state.oldest_us);
	atomic_store(&relay->backlog_age, state.oldest_us);
}

static void housekeeping(struct outbox_relay *relay)
{
	const int64_t now = monotonic_now();

	if (now < relay->next_sweep)
		return;
	relay->next_sweep = now + SWEEP_US;
	if (db_ensure(relay->db) != OK)
		return;
	promote_deadlines(relay->db, relay->engine->service);
	sweep(relay);
	if (now >= relay->next_look) {
		relay->next_look = now + LOOK_US;
		look(relay);
		look_at_deadlines(relay);
	}
	if (now >= relay->next_gauges)
		relay->next_gauges = now + db_gauges_query(relay->db, relay->engine->service->gauges);
	if (now >= relay->next_prune)
		relay->next_prune = now + prune(relay->db, relay->engine);
}

/* Sleeps until something was given, the broker says something, or it is time to sweep. */
static void wait_for_work(struct outbox_relay *relay)
{
	struct pollfd fds[1 + CHANNELS] = {{.fd = relay->wake.fd, .events = POLLIN}};
	const bool pending = publish_channels_poll(&relay->channels, &fds[1]);

	pthread_mutex_lock(&relay->mutex);
	const bool idle = relay->given == NULL && !pending;
	relay->sleeping = idle;
	pthread_mutex_unlock(&relay->mutex);
	if (!idle)
		return;
	const int64_t until = relay->arrived_count > 0 ? relay->next_delete : relay->next_sweep;
	const int64_t wait = until - monotonic_now();
	if (wait > 0)
		poll(fds, 1 + CHANNELS, (int)(wait / MS_US) + 1);
	pthread_mutex_lock(&relay->mutex);
	relay->sleeping = false;
	pthread_mutex_unlock(&relay->mutex);
	if (fds[0].revents != 0)
		wake_clear(&relay->wake);
}

static void turn(struct outbox_relay *relay)
{
	take_given(relay);
	send_and_settle(relay);
	delete_arrived(relay, false);
	housekeeping(relay);
	atomic_store(&relay->waiting, inflight_waiting(relay->inflight));
	atomic_store(&relay->ready, publish_channels_connected(&relay->channels) && db_connected(relay->db));
}

static bool idle(const struct outbox_relay *relay)
{
	return inflight_waiting(relay->inflight) == 0 && inflight_unconfirmed(relay->inflight) == 0;
}

static void *run(void *context)
{
	struct outbox_relay *relay = context;

	log_thread("relay");
	while (!atomic_load(&relay->stopping)) {
		turn(relay);
		wait_for_work(relay);
	}
	/* The consumers have stopped: what they gave is sent and confirmed before we go, if the broker lets us. */
	const int64_t end = monotonic_now() + relay->engine->settings->shutdown_timeout_us / 2;
	take_given(relay);
	while (!idle(relay) && monotonic_now() < end) {
		send_and_settle(relay);
		wait_for_work(relay);
	}
	inflight_lost(relay->inflight, nobody, relay->quarantined);
	delete_arrived(relay, true);
	promote_all_deadlines(relay->db, relay->engine->service, relay->engine->settings->shutdown_timeout_us / 4);
	publish_channels_close(&relay->channels);
	return NULL;
}

static void connect_parts(struct outbox_relay *relay)
{
	relay->db = db_new(&(struct db_config){
		.url = relay->engine->settings->database_url,
		.program = relay->engine->service->name,
		.connection_name = "relay",
		.relaxed = true, /* a delete that is lost is a resend */
		.wait_us = relay->engine->settings->statement_timeout_us,
	});
	publish_channels_init(&relay->channels, &(struct broker_config){
							.url = relay->engine->settings->broker_url,
							.program = relay->engine->service->name,
							.connection_name = "relay",
							.heartbeat_us = relay->engine->settings->broker_heartbeat_us,
						});
	relay->inflight = inflight_new(row_arrived, relay);
	relay->arrived = mem_new(DELETES_MAX, sizeof(struct uuid));
	relay->quarantined = mem_new((size_t)INFLIGHT_WINDOW * INFLIGHT_EVENTS_MAX, sizeof(struct uuid));
}

static void free_parts(struct outbox_relay *relay)
{
	publish_channels_done(&relay->channels);
	db_free(relay->db);
	inflight_free(relay->inflight);
	free(relay->arrived);
	free(relay->quarantined);
	wake_done(&relay->wake);
	pthread_cond_destroy(&relay->over);
	pthread_mutex_destroy(&relay->mutex);
	free(relay);
}

enum status outbox_relay_start(struct engine *engine, struct outbox_relay **ret_relay)
{
	struct outbox_relay *relay = mem_new(1, sizeof(*relay));

	relay->engine = engine;
	relay->given_end = &relay->given;
	snprintf(relay->queue, sizeof(relay->queue), "%s.events", engine->service->queue_prefix);
	pthread_mutex_init(&relay->mutex, NULL);
	condition_init(&relay->over);
	connect_parts(relay);
	if (wake_init(&relay->wake) != OK || pthread_create(&relay->thread, NULL, run, relay) != 0) {
		free_parts(relay);
		return E_UNAVAILABLE;
	}
	*ret_relay = relay;
	return OK;
}

void outbox_relay_stop(struct outbox_relay *relay)
{
	if (relay == NULL)
		return;
	atomic_store(&relay->stopping, true);
	wake_send(&relay->wake);
	pthread_join(relay->thread, NULL);
	free_parts(relay);
}
