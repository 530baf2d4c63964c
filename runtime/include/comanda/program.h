/* What every program needs before and after its work: arguments, settings, signals, the admin port, log, metrics,
 * traces.
 *
 *   int main(int argc, char **argv)
 *   {
 *           int code = program_begin(&program, argc, argv, &settings);
 *           if (code >= 0)
 *                   return code;
 *           ...
 *           program_wait();
 *           program_end(settings);
 *   }
 */
#ifndef COMANDA_PROGRAM_H
#define COMANDA_PROGRAM_H

#include <stdio.h>

#include "config/address.h"
#include "config/settings.h"
#include "core/timestamp.h"
#include "core/wake.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/span.h"

struct program {
	const char *name, *about;       /* "svc-orders"; one line for --help */
	const struct setting *settings; /* ends with a NULL name */
	size_t settings_size;           /* of the struct that the table fills */
	size_t log_level;               /* offset of `const char *log_level` in that struct */
	size_t admin_port;              /* offset of `int64_t admin_port`; --check asks this port */
	size_t otlp_url;                /* offset of `const char *otlp_url`: the collector of spans */
	size_t allow_debugger;          /* offset of `bool allow_debugger` */
	bool migrates;                  /* the program has a database, and takes --migrate */
	/* An option that prints a table of the program, such as "--routes", and its line for --help. NULL: none. */
	const char *print_option, *print_help;
	void (*print)(FILE *out);
};

/* What program_begin tells the program to do. Other values are exit codes. */
enum { PROGRAM_RUN = -1, PROGRAM_MIGRATE = -2 };

/* Handles --help, --version, --check and print_option. Otherwise reads the settings, starts the log, blocks the signals
 * of program_wait, and starts the export of spans. Call it before other threads start, because they inherit the blocked
 * signals. Makes the program's memory unreadable for other processes of its account.
 * Returns PROGRAM_RUN or PROGRAM_MIGRATE, with *ret_settings valid until the program ends. Otherwise an exit code: 0,
 * 1: --check found that the program is not ready, 2: an argument or a setting is wrong, and stderr says which. */
int program_begin(const struct program *program, int argc, char **argv, void **ret_settings);

/* Waits for SIGTERM or SIGINT. Meanwhile SIGUSR1 lowers the log level, and SIGUSR2 raises it. */
void program_wait(void);

/* Waits at most `wait_us` for a signal. True: it was SIGTERM or SIGINT. For a program that is still starting. */
bool program_stop_requested(int64_t wait_us);

/* Sends the remaining spans and frees the settings. The last call before the program ends. */
void program_end(void *settings);

/* Ends the program with exit code 1 if it is still running after `within_us`. */
void program_end_within(int64_t within_us);

/* ---- the admin port: /healthz (the process runs), /readyz (it can work), /metrics (Prometheus) ---- */

struct admin_port;

/* `ready` returns whether the program can work. If not, it appends one line per reason to `why`. It runs in a thread of
 * the admin port. E_UNAVAILABLE: it cannot listen on the port. */
must_check enum status admin_port_start(const char *address, int port, bool (*ready)(void *context, struct buffer *why),
					void *context, struct admin_port **ret_admin);
int admin_port_number(const struct admin_port *admin);
/* NULL is accepted. */
void admin_port_stop(struct admin_port *admin);

#endif
