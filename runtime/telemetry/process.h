/* Metrics of the process, under the names of Prometheus's own client libraries. */
#ifndef TELEMETRY_PROCESS_H
#define TELEMETRY_PROCESS_H

/* Sets comanda_build_info. Called once, at the start. */
void process_started(const char *program);
/* Reads /proc and sets process_... Called before each metrics_print. */
void process_measure(void);

#endif
