/* What every program tells of itself, under the names that Prometheus's own client libraries use. */
#ifndef TELEMETRY_PROCESS_H
#define TELEMETRY_PROCESS_H

/* Once, at the start: comanda_build_info. */
void process_started(const char *program);
/* Looks at /proc and sets process_...; before each print. */
void process_measure(void);

#endif
