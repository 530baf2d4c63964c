/* Connections made to what is below, and tries that failed: more of them than consumers are reconnections. */
#ifndef TELEMETRY_CONNECTION_METRICS_H
#define TELEMETRY_CONNECTION_METRICS_H

#include <stdbool.h>

/* `to`: "broker", "database" or "cache". */
void connection_attempts_count(const char *to, bool opened);

#endif
