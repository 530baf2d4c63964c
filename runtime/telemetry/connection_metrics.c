/* The metric of connection attempts. */
#include "telemetry/connection_metrics.h"

#include "telemetry/metrics.h"

static struct metric attempts = {.name = "comanda_connection_attempts_total",
				 .help = "Attempts to connect to a server, by target and result",
				 .type = COUNTER,
				 .label = "target",
				 .second = "result"};

void connection_attempts_count(const char *target, bool opened)
{
	metric_add_pair(&attempts, (struct labels){target, opened ? "opened" : "failed"}, 1);
}
