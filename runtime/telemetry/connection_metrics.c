/* See telemetry/connection_metrics.h. */
#include "telemetry/connection_metrics.h"

#include "telemetry/metrics.h"

static struct metric connects = {.name = "comanda_connection_attempts_total",
				 .help = "Attempts to connect to a server, by target and result",
				 .type = COUNTER,
				 .label = "target",
				 .second = "result"};

void connection_attempts_count(const char *to, bool opened)
{
	metric_add_pair(&connects, (struct labels){to, opened ? "opened" : "failed"}, 1);
}
