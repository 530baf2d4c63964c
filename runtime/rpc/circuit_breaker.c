/* The circuit breaker (https://martinfowler.com/bliki/CircuitBreaker.html). */
#include "rpc/circuit_breaker.h"

#include "core/timestamp.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

static struct metric open_breakers = {.name = "comanda_rpc_breaker_open",
				      .help = "1 while the circuit breaker refuses calls to the queue",
				      .type = GAUGE,
				      .label = "queue"};

bool breaker_is_open(const struct circuit_breaker *breaker, int after)
{
	return breaker->timeouts >= after;
}

bool breaker_allows(const struct circuit_breaker *breaker, int after, int64_t now_us)
{
	return !breaker_is_open(breaker, after) || (!breaker->probing && now_us >= breaker->next_probe_us);
}

void breaker_end_probe(struct circuit_breaker *breaker, int64_t pause_us)
{
	breaker->probing = false;
	breaker->next_probe_us = monotonic_now() + pause_us;
}

void breaker_record_timeout(struct circuit_breaker *breaker, int after, int64_t start_us)
{
	if (breaker->replied_us > start_us) /* the service is slow, but it answers */
		return;
	breaker->timeouts++;
	if (breaker->timeouts == after) {
		metric_set(&open_breakers, breaker->queue, 1);
		log_warn("rpc.breaker_open", kv_text("queue", breaker->queue), kv_int("timeouts", breaker->timeouts));
	}
}

void breaker_record_reply(struct circuit_breaker *breaker, int after)
{
	if (breaker_is_open(breaker, after)) {
		metric_set(&open_breakers, breaker->queue, 0);
		log_info("rpc.breaker_closed", kv_text("queue", breaker->queue));
	}
	breaker->timeouts = 0;
	breaker->replied_us = monotonic_now();
}
