/* Attempts to connect to a server. A program with more of them than consumers has reconnected. */
#ifndef TELEMETRY_CONNECTION_METRICS_H
#define TELEMETRY_CONNECTION_METRICS_H

#include <stdbool.h>

/* Counts one attempt. `target`: "broker", "database" or "cache". */
void connection_attempts_count(const char *target, bool opened);

#endif
