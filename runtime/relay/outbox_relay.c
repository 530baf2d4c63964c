/* The relay's thread: takes batches, sends them, deletes what has arrived, sweeps. */
#include "relay/outbox_relay.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "relay/housekeeping.h"
#include "relay/inflight.h"
#include "relay/submissions.h"
#include "store/deadline_promotion.h"
#include "telemetry/log.h"

#define WARNING_US (5 * SECOND_US) /* between two of one kind */
#define DELETE_US  (20 * MS_US)
#define CONFIRM_US (10 * SECOND_US)

enum {
	ROWS_MAX = 20000, /* rows waiting in memory above which new ones are left to the sweep */
	DELETES_MAX = 2000
};

struct outbox_relay {
	struct outbox_relay_config config;
	pthread_t thread;
	struct submissions submissions;
	atomic_bool stopping, ready;
	atomic_size_t waiting; /* rows in memory */

	/* The thread's own. */
	struct publish_connections connections;
	struct db *db;
	struct inflight *inflight;
	struct housekeeping housekeeping;
	struct uuid *arrived; /* rows to delete */
	size_t arrived_count;
	int64_t next_delete, next_warning;
	struct uuid *quarantined; /* room for the rows of one lost connection */
};

/* ---- what consumers call ---- */

void outbox_relay_submit(struct outbox_relay *relay, struct outbox_batch **batch)
{
	struct outbox_batch *submitted = *batch;

	*batch = NULL;
	submitted->stored = true;
	if (submitted->count > 0 && atomic_load(&relay->waiting) <= ROWS_MAX) {
		submissions_add(&relay->submissions, submitted);
		return;
	}
	for (size_t i = 0; i < submitted->count; i++) /* the sweep will find them */
		publish_spans_end(submitted->rows[i].publish_spans, submitted->rows[i].publish_span_count,
				  timestamp_now(), false);
	outbox_batch_free(submitted);
}

void outbox_relay_submit_and_keep(struct outbox_relay *relay, struct outbox_batch *batch)
{
	batch->awaited = true;
	batch->stored = batch->over = batch->failed = false;
	submissions_add(&relay->submissions, batch);
}

enum status outbox_relay_wait(struct outbox_relay *relay, struct outbox_batch *batch, int64_t wait_us)
{
	if (!submissions_wait(&relay->submissions, batch, monotonic_now() + wait_us))
		return E_TIMEOUT;
	return batch->failed ? E_UNAVAILABLE : OK;
}

bool outbox_relay_ready(const struct outbox_relay *relay)
{
	return atomic_load(&relay->ready);
}

int64_t outbox_relay_backlog_age(const struct outbox_relay *relay)
{
	return atomic_load(&relay->housekeeping.backlog_age);
}

bool outbox_relay_at_capacity(const struct outbox_relay *relay)
{
	return atomic_load(&relay->housekeeping.at_capacity);
}

/* ---- what inflight calls ---- */

static void batch_over(void *context, struct outbox_batch *batch)
{
	struct outbox_relay *relay = context;

	if (batch->awaited)
		submissions_set_over(&relay->submissions, batch);
	else
		outbox_batch_free(batch);
}

/* If `arrived` is full, the row stays in the outbox and a sweep sends it again. Receivers drop the duplicate. */
static void row_arrived(void *context, const struct outbox_batch *batch, const struct outbox_row *row)
{
	struct outbox_relay *relay = context;

	if (batch->stored && relay->arrived_count < DELETES_MAX)
		relay->arrived[relay->arrived_count++] = row->id;
}

/* ---- the thread ---- */

static void take_submissions(struct outbox_relay *relay)
{
	struct outbox_batch *batch = submissions_take(&relay->submissions);

	while (batch != NULL) {
		struct outbox_batch *next = batch->next;

		inflight_take(relay->inflight, batch);
		batch = next;
	}
}

/* A late delete costs at most a resend. So deletes are made in bulk and do not wait for the disk. */
static void delete_arrived(struct outbox_relay *relay, bool now)
{
	if (relay->arrived_count == 0 || db_ensure(relay->db) != OK)
		return;
	if (!now && relay->arrived_count < DELETES_MAX / 2 && monotonic_now() < relay->next_delete)
		return;
	if (outbox_delete(relay->db, relay->arrived, relay->arrived_count) == OK)
		relay->arrived_count = 0;
	relay->next_delete = monotonic_now() + DELETE_US;
}

static const bool none_closed[CONNECTIONS] = {false};

/* The broker closed the connection because of what was published: rows that were in flight are sent alone from now on.
 */
static void quarantine(struct outbox_relay *relay, size_t count, const char *detail)
{
	int64_t parked;

	if (count == 0 || db_ensure(relay->db) != OK)
		return;
	const enum status status = outbox_quarantine(relay->db, relay->quarantined, count, &parked);
	if (status == OK && parked > 0)
		log_error("outbox.parked", kv_int("rows", parked), kv_text("detail", detail));
}

/* If one connection is gone, all are dropped: what could still be published on the other waits for a moment. */
static void connection_lost(struct outbox_relay *relay)
{
	bool closed[CONNECTIONS];
	const char *detail = publish_connections_drop(&relay->connections, closed);

	quarantine(relay, inflight_lost(relay->inflight, closed, relay->quarantined), detail);
}

/* For the whole program: its consumers connect to the same broker. */
static void warn_unavailable(struct outbox_relay *relay, const char *detail)
{
	if (monotonic_now() < relay->next_warning)
		return;
	relay->next_warning = monotonic_now() + WARNING_US;
	log_warn("broker.unavailable", kv_text("detail", detail));
}

static bool connected(struct outbox_relay *relay)
{
	const bool was = publish_connections_connected(&relay->connections);
	const char *detail;

	if (publish_connections_ensure(&relay->connections, &detail) != OK) {
		warn_unavailable(relay, detail);
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
	enum status status = publish_connections_tick(&relay->connections);
	inflight_settle(relay->inflight, &relay->connections);
	if (status == OK)
		status = inflight_send(relay->inflight, &relay->connections);
	const int64_t oldest = inflight_oldest(relay->inflight);
	if (oldest != 0 && monotonic_now() - oldest > CONFIRM_US)
		status = E_UNAVAILABLE;
	if (status == E_BUSY) /* blocked: rows stay in the outbox, and consumers that wait get E_UNAVAILABLE */
		inflight_lost(relay->inflight, none_closed, relay->quarantined);
	else if (status != OK)
		connection_lost(relay);
}

/* Sleeps until a batch is submitted, the broker sends something, or it is time to sweep. */
static void wait_for_work(struct outbox_relay *relay)
{
	struct pollfd fds[1 + CONNECTIONS] = {{.fd = relay->submissions.wake.fd, .events = POLLIN}};
	const int64_t until = relay->arrived_count > 0 ? relay->next_delete : relay->housekeeping.next_sweep;

	if (publish_connections_poll(&relay->connections, &fds[1]) || !submissions_sleep(&relay->submissions))
		return;
	const int64_t wait = until - monotonic_now();
	if (wait > 0)
		poll(fds, 1 + CONNECTIONS, (int)(wait / MS_US) + 1);
	submissions_awake(&relay->submissions, fds[0].revents != 0);
}

static void step(struct outbox_relay *relay)
{
	take_submissions(relay);
	send_and_settle(relay);
	delete_arrived(relay, false);
	housekeeping_run(&relay->housekeeping);
	atomic_store(&relay->waiting, inflight_waiting(relay->inflight));
	atomic_store(&relay->ready, publish_connections_connected(&relay->connections) && db_connected(relay->db));
}

static bool idle(const struct outbox_relay *relay)
{
	return inflight_waiting(relay->inflight) == 0 && inflight_unconfirmed(relay->inflight) == 0;
}

/* The consumers have stopped: what they submitted is sent and confirmed, if the broker is there. */
static void finish(struct outbox_relay *relay)
{
	const int64_t shutdown_us = relay->config.settings->shutdown_timeout_us;
	const int64_t end = monotonic_now() + shutdown_us / 2;

	take_submissions(relay);
	while (!idle(relay) && monotonic_now() < end) {
		send_and_settle(relay);
		wait_for_work(relay);
	}
	inflight_lost(relay->inflight, none_closed, relay->quarantined);
	delete_arrived(relay, true);
	promote_all_deadlines(relay->db, relay->config.service, shutdown_us / 4);
	publish_connections_close(&relay->connections);
}

static void *run(void *context)
{
	struct outbox_relay *relay = context;

	log_thread("relay");
	while (!atomic_load(&relay->stopping)) {
		step(relay);
		wait_for_work(relay);
	}
	finish(relay);
	return NULL;
}

/* ---- making ---- */

static void connect_parts(struct outbox_relay *relay)
{
	const struct service_settings *settings = relay->config.settings;
	const struct service *service = relay->config.service;

	relay->db = db_new(&(struct db_config){
		.url = settings->database_url,
		.program = service->name,
		.connection_name = "relay",
		.relaxed = true, /* a lost delete is a resend */
		.wait_us = settings->statement_timeout_us,
	});
	publish_connections_init(&relay->connections, &(struct broker_config){
							      .url = settings->broker_url,
							      .program = service->name,
							      .connection_name = "relay",
							      .heartbeat_us = settings->broker_heartbeat_us,
						      });
	relay->inflight = inflight_new(
		&(struct inflight_events){.row_arrived = row_arrived, .batch_over = batch_over, .context = relay});
	relay->arrived = mem_new(DELETES_MAX, sizeof(struct uuid));
	relay->quarantined = mem_new((size_t)INFLIGHT_WINDOW * INFLIGHT_EVENTS_MAX, sizeof(struct uuid));
	relay->housekeeping.config = &relay->config;
	relay->housekeeping.db = relay->db;
	relay->housekeeping.inflight = relay->inflight;
	relay->housekeeping.connections = &relay->connections;
	snprintf(relay->housekeeping.queue, sizeof(relay->housekeeping.queue), "%s.events", service->queue_prefix);
}

static void free_parts(struct outbox_relay *relay)
{
	publish_connections_done(&relay->connections);
	db_free(relay->db);
	inflight_free(relay->inflight);
	free(relay->arrived);
	free(relay->quarantined);
	submissions_done(&relay->submissions);
	free(relay);
}

enum status outbox_relay_start(const struct outbox_relay_config *config, struct outbox_relay **ret_relay)
{
	struct outbox_relay *relay = mem_new(1, sizeof(*relay));

	relay->config = *config;
	connect_parts(relay);
	if (submissions_init(&relay->submissions) != OK || pthread_create(&relay->thread, NULL, run, relay) != 0) {
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
	wake_send(&relay->submissions.wake);
	pthread_join(relay->thread, NULL);
	free_parts(relay);
}
