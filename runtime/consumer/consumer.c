/* A lane's life: connect, consume, turn, again. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "consumer/consumer.h"
#include "consumer/consumer_metrics.h"
#include "consumer/consumers.h"
#include "consumer/event_join.h"
#include "store/cache_guard.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#define IDLE_US  (200 * MS_US)
#define PING_US  (2 * SECOND_US)
#define HOLD_US  (100 * MS_US)
#define PAUSE_MS 20

static struct metric held = {.name = "comanda_lane_held_total",
			     .help = "Times that a lane had to hold a batch back",
			     .type = COUNTER,
			     .label = "lane"};

static struct metric lane_is_ready = {.name = "comanda_lane_ready",
				      .help = "1 where the lane has a consumer and its database",
				      .type = GAUGE,
				      .label = "lane"};

static void set_ready(struct lane *lane, bool ready)
{
	atomic_store(&lane->ready, ready);
	metric_set(&lane_is_ready, lane->name, ready);
}

struct db *lane_db(struct lane *lane)
{
	return lane->db;
}

struct cache *lane_cache(struct lane *lane)
{
	return lane->cache;
}

struct arena *lane_arena(struct lane *lane)
{
	return &lane->arena;
}

const void *lane_settings(const struct lane *lane)
{
	return lane->engine->program_settings;
}

/* ---- connecting ---- */

static void pause_lane(void)
{
	poll(NULL, 0, PAUSE_MS);
}

/* Of several replicas, the one that was started last is given what writes, as long as it has room: batches stay whole,
 * the two answers to an order meet in one turn, and nobody else changes the same rows. Last, because a newer build
 * knows what an older one does not. Reads, and what is worked one by one, gain nothing from being together. Who is
 * without its database lets all others go first. */
static int64_t priority(const struct lane *lane)
{
	if (!db_connected(lane->db))
		return -1;
	return lane->plan->kind == LANE_QUERY || lane->plan->batch_max == 1 ? 0 : lane->engine->started_us;
}

static enum status consume(struct lane *lane)
{
	const struct broker_consume plan = {
		.queue = lane->plan->queue,
		.prefetch = lane_prefetch(lane->plan),
		.priority = priority(lane),
	};

	lane->priority = plan.priority;
	const enum status status = broker_consume(lane->broker, &plan);
	if (status == OK)
		log_info("lane.consuming", kv_text("queue", plan.queue));
	else if (status == E_NOT_FOUND)
		log_warn("lane.no_queue", kv_text("queue", plan.queue),
			 kv_text("detail", "the queue is not there; comanda topology apply puts it there"));
	return status;
}

/* Is the lane able to take messages? Events are not taken while they could not be written. */
static bool consuming(struct lane *lane)
{
	if (broker_ensure(lane->broker) != OK)
		return false;
	if (broker_consuming(lane->broker) && lane->priority == priority(lane))
		return true;
	if (broker_cancel(lane->broker) != OK)
		return false;
	if (!lane_takes_requests(lane) && db_ensure(lane->db) != OK) {
		if (broker_tick(lane->broker, 0) != OK)
			broker_drop(lane->broker);
		return false;
	}
	if (consume(lane) == OK)
		return true;
	broker_drop(lane->broker);
	return false;
}

static const struct sql ping = {"lane_ping", "SELECT 1"};

/* An idle lane looks whether its database is still there: readiness must not be a memory. */
static void look_after_database(struct lane *lane, int64_t *next_us)
{
	struct rows rows;

	if (moment_steady() < *next_us)
		return;
	*next_us = moment_steady() + PING_US;
	if (db_ensure(lane->db) == OK && db_run(lane->db, &ping, &rows) != OK)
		db_recover(lane->db);
}

/* ---- turning ---- */

static void fail_rest(struct lane *lane, enum status status)
{
	for (size_t i = 0; i < lane->batch.count; i++)
		if (!lane->batch.items[i].done)
			item_fail(lane, &lane->batch.items[i], status);
}

/* What a batch needs is away: the database, or the broker for what it says. What was taken is held, nothing more is
 * taken, the connection is kept alive. False: the connection is gone as well (the broker gives what we held to somebody
 * else), or the program ends. */
static bool hold(struct lane *lane)
{
	const int64_t end = moment_steady() + HOLD_US;

	set_ready(lane, false);
	if (broker_consuming(lane->broker) && broker_cancel(lane->broker) != OK)
		return false;
	while (!lane_stopping(lane)) {
		if (broker_tick(lane->broker, 0) != OK)
			return false;
		if (moment_steady() >= end && db_ensure(lane->db) == OK)
			return true;
		pause_lane();
	}
	return false;
}

static enum status events_turn(struct lane *lane)
{
	return lane->plan->kind == LANE_ANSWERS ? answers_turn(lane) : write_turn(lane);
}

/* False: the batch could not be settled; the broker will deliver it again. */
static bool turn_events(struct lane *lane)
{
	enum status status = events_turn(lane);

	if (status == OK)
		return true;
	metric_add(&held, lane->plan->name, 1);
	log_warn("lane.holding", kv_int("items", lane->batch.count), kv_text("status", status_rule(status)->code),
		 kv_text("detail", db_detail(lane->db)));
	while (status != OK) {
		if (!hold(lane))
			return false;
		status = events_turn(lane);
	}
	log_info("lane.resumed");
	return true;
}

/* What would stay open is refused while too much is; what ends it is not. */
static void refuse_openers(struct lane *lane)
{
	if (!relay_overfull(lane->engine->relay))
		return;
	for (size_t i = 0; i < lane->batch.count; i++) {
		struct item *item = &lane->batch.items[i];

		if (item->query.status == OK && item->query.message.type == lane->engine->service->opens)
			item_fail(lane, item, E_BUSY);
	}
}

static void turn_requests(struct lane *lane)
{
	const struct engine *engine = lane->engine;

	if (lane->plan->kind == LANE_QUERY) {
		query_turn(lane);
	} else if (relay_backlog_age(engine->relay) > engine->settings->outbox_age_max_us) {
		fail_rest(lane, E_BUSY); /* what is accepted could not be told to anybody */
	} else {
		refuse_openers(lane);
		if (write_turn(lane) != OK)
			fail_rest(lane, E_UNAVAILABLE);
	}
}

static bool turn(struct lane *lane)
{
	bool settled = true;

	cache_guard_refresh(lane);
	tally_turn_begin(lane);
	if (lane_takes_requests(lane))
		turn_requests(lane);
	else
		settled = turn_events(lane);
	tally_turn_end(lane, settled);
	return settled;
}

/* No more is begun than is brought to its end. */
static void rest(struct lane *lane)
{
	struct pace *pace = &lane->engine->pace;
	const int64_t since = moment_steady();

	if (lane->plan->kind != LANE_COMMAND || lane->engine->service->open_max_setting == 0)
		return;
	while (!lane_stopping(lane) && pace_rests(pace, since))
		poll(NULL, 0, 1);
}

static void step(struct lane *lane, int64_t *next_ping_us)
{
	const bool before = broker_consuming(lane->broker);

	arena_reset(&lane->arena);
	if (!consuming(lane)) {
		set_ready(lane, false);
		pause_lane();
		return;
	}
	if (!before) /* the first message may be long in coming */
		set_ready(lane, db_connected(lane->db));
	rest(lane);
	const enum status status = gather(lane, IDLE_US);
	if (status == E_TIMEOUT) {
		look_after_database(lane, next_ping_us);
		set_ready(lane, db_connected(lane->db));
		return;
	}
	bool settled = status == OK;
	if (settled)
		settled = turn(lane);
	if (settled && answer(lane) == OK)
		tally_settled(lane);
	else
		broker_drop(lane->broker);
	set_ready(lane, broker_consuming(lane->broker) && db_connected(lane->db));
}

static void *run(void *context)
{
	struct lane *lane = context;
	int64_t next_ping = 0;

	log_thread(lane->name);
	if (lane->plan->nice != 0)
		(void)setpriority(PRIO_PROCESS, 0, lane->plan->nice); /* of this thread alone, on Linux */
	look_after_database(lane, &next_ping);
	while (!lane_stopping(lane))
		step(lane, &next_ping);
	broker_close(lane->broker);
	return NULL;
}

/* ---- making ---- */

static void connect_parts(struct lane *lane)
{
	const struct service_settings *settings = lane->engine->settings;

	lane->broker = broker_new(&(struct broker_config){
		.url = settings->broker_url,
		.program = lane->engine->service->name,
		.lane = lane->name,
		.heartbeat_us = settings->broker_heartbeat_us,
	});
	lane->db = db_new(&(struct db_config){
		.url = settings->database_url,
		.program = lane->engine->service->name,
		.lane = lane->name,
		.wait_us = settings->db_wait_us,
	});
	lane->cache = cache_new(&(struct cache_config){
		.url = settings->redis_url,
		.wait_us = CACHE_WAIT_US,
		.keep_us = CACHE_KEEP_US,
		.fence_us = settings->db_wait_us < CACHE_FENCE_US / 2 ? CACHE_FENCE_US : 2 * settings->db_wait_us,
	});
}

struct lane *lane_start(struct engine *engine, const struct lane_plan *plan, int number)
{
	struct lane *lane = mem_new(1, sizeof(*lane));

	lane->engine = engine;
	lane->plan = plan;
	snprintf(lane->name, sizeof(lane->name), "%s-%d", plan->name, number);
	set_ready(lane, false);
	arena_init(&lane->arena);
	arena_init(&lane->trees);
	buffer_init(&lane->scratch);
	rpc_bundle_init(&lane->bundle);
	connect_parts(lane);
	if (pthread_create(&lane->thread, NULL, run, lane) == 0)
		return lane;
	lane_free(lane);
	return NULL;
}

void lane_join(struct lane *lane)
{
	pthread_join(lane->thread, NULL);
}

void lane_free(struct lane *lane)
{
	broker_free(lane->broker);
	db_free(lane->db);
	cache_free(lane->cache);
	pairs_done(lane);
	rpc_bundle_done(&lane->bundle);
	buffer_done(&lane->scratch);
	arena_done(&lane->arena);
	arena_done(&lane->trees);
	free(lane->batch.deliveries);
	free(lane->batch.items);
	free(lane);
}

bool lane_ready(const struct lane *lane, struct buffer *why)
{
	if (atomic_load(&lane->ready))
		return true;
	buffer_format(why, "lane %s: no consumer, or no database\n", lane->name);
	return false;
}
