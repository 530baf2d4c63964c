/* What every program of Comanda does before and after its work: arguments, settings, signals. */
#ifndef SERVICE_PROGRAM_H
#define SERVICE_PROGRAM_H

#include <stdio.h>

#include "config/settings.h"

struct program {
	const char *name, *about;       /* "svc-orders", one line */
	const struct setting *settings; /* the table; ends with a NULL name */
	size_t settings_size;           /* of the struct it fills */
	size_t log_level;               /* offset of `const char *log_level` in it */
	size_t admin_port;              /* offset of `int64_t admin_port`: whom --check asks */
	size_t otlp_url;                /* offset of `const char *otlp_url`: where spans go */
	size_t allow_debugger; /* offset of `bool allow_debugger`: memory may be looked at by its own account */
	bool migrates;         /* it has a database: --migrate is an argument */
	/* A table of the program's own that it prints and ends: "--routes", what --help says of it. NULL: none. */
	const char *shows, *shows_about;
	void (*show)(FILE *out);
};

/* What to go on with; other values are exit codes. */
enum { PROGRAM_RUN = -1, PROGRAM_MIGRATE = -2 };

/* Handles --help, --version, --check and what it shows, reads the settings, starts the log, blocks the signals that
 * program_wait takes and the export of spans, if there is one (so it comes before any other thread). Returns one of the
 * above with *ret_settings (lives until the program ends), otherwise the exit code: 0, or 2 for bad arguments or
 * settings, or 1 where --check says not ready. Memory is aggregate_cache private. */
int program_begin(const struct program *program, int argc, char **argv, void **ret_settings);

/* Waits for SIGTERM or SIGINT. SIGUSR1 makes the log louder, SIGUSR2 quieter. */
void program_wait(void);

/* Has SIGTERM or SIGINT arrived? Takes it. For a program that is still starting. */
bool program_told_to_stop(int64_t wait_us);

/* The last thing before it ends: what is left of the spans goes out. */
void program_end(void);

/* From here on, the program ends by itself (exit code 1) when it has not ended after `within_us`. */
void program_end_within(int64_t within_us);

#endif
