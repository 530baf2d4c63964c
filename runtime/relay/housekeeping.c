/* Sweeps, measurements and pruning, each with its own interval. */
#include "relay/housekeeping.h"

#include "store/db_gauges.h"
#include "store/deadline_promotion.h"
#include "store/deadlines.h"
#include "store/pruning.h"
#include "telemetry/metrics.h"

#define SWEEP_US   (500 * MS_US)
#define MEASURE_US (1 * SECOND_US)
#define LEASE_US   (20 * SECOND_US) /* of swept rows: twice the longest wait for a confirm */

enum { ROWS_BUSY = 2000 /* rows waiting in memory above which the sweep leases none */ };

static struct metric outbox_rows = {
	.name = "comanda_outbox_rows", .help = "Rows in the outbox, by state", .type = GAUGE, .label = "state"};
static struct metric outbox_age = {
	.name = "comanda_outbox_oldest_seconds", .help = "Age of the oldest event that is not sent", .type = GAUGE};
static struct metric deadlines = {
	.name = "comanda_deadlines_open",
	.help = "Pending deadlines, and those of all sagas that began in the last two seconds",
	.type = GAUGE};
static struct metric swept = {
	.name = "comanda_outbox_swept_total", .help = "Rows that the sweep found due", .type = COUNTER};

/* Leases due rows and sends due timers. Above ROWS_BUSY it leases no rows: most due rows are already in memory. */
static void sweep(struct housekeeping *housekeeping)
{
	struct outbox_batch *due = outbox_batch_new(), *timers = outbox_batch_new();

	due->stored = true;
	if (publish_connections_connected(housekeeping->connections) &&
	    !publish_connections_blocked(housekeeping->connections)) {
		enum status status = OK;

		if (inflight_waiting(housekeeping->inflight) < ROWS_BUSY)
			status = outbox_lease(housekeeping->db, timestamp_now(), LEASE_US, due);
		if (status == OK)
			(void)!deadlines_due(housekeeping->db, housekeeping->config->service->contract,
					     housekeeping->queue, timers);
	}
	metric_add(&swept, NULL, (int64_t)due->count);
	inflight_take(housekeeping->inflight, due);
	inflight_take(housekeeping->inflight, timers);
}

static void measure_deadlines(struct housekeeping *housekeeping)
{
	const struct outbox_relay_config *config = housekeeping->config;
	const size_t offset = config->service->admission.max_setting;
	const char *setting = (const char *)config->program_settings + offset;
	int64_t pending;

	if (offset == 0)
		return;
	const int64_t most = *(const int64_t *)(const void *)setting;
	if (deadlines_count(housekeeping->db, most, &pending) != OK)
		return;
	metric_set(&deadlines, NULL, pending);
	admission_cap(config->admission, pending);
	atomic_store(&housekeeping->at_capacity, pending >= most);
}

static void measure_outbox(struct housekeeping *housekeeping)
{
	struct outbox_state state;

	if (outbox_measure(housekeeping->db, timestamp_now(), &state) != OK)
		return;
	metric_set(&outbox_rows, "waiting", state.waiting);
	metric_set(&outbox_rows, "parked", state.parked);
	metric_set(&outbox_age, NULL, state.oldest_us);
	atomic_store(&housekeeping->backlog_age, state.oldest_us);
}

void housekeeping_run(struct housekeeping *housekeeping)
{
	const struct outbox_relay_config *config = housekeeping->config;
	const int64_t now = monotonic_now();

	if (now < housekeeping->next_sweep)
		return;
	housekeeping->next_sweep = now + SWEEP_US;
	if (db_ensure(housekeeping->db) != OK)
		return;
	promote_deadlines(housekeeping->db, config->service);
	sweep(housekeeping);
	if (now >= housekeeping->next_measurement) {
		housekeeping->next_measurement = now + MEASURE_US;
		measure_outbox(housekeeping);
		measure_deadlines(housekeeping);
	}
	if (now >= housekeeping->next_gauges)
		housekeeping->next_gauges = now + db_gauges_query(housekeeping->db, config->service->gauges);
	if (now >= housekeeping->next_prune)
		housekeeping->next_prune =
			now + prune(housekeeping->db, config->service, config->settings, config->program_settings);
}
