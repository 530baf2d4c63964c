/* A subcommand of `comanda`: one row of the table in main.c, defined in its own file beside the code that it runs.
 *
 * A row says everything that --help says. Options are read by the row's table into a struct of the command's own. */
#ifndef CTL_CLI_COMMAND_H
#define CTL_CLI_COMMAND_H

#include "ctl/lib/log_position.h"

/* Exit codes that scripts can use. */
enum {
	EXIT_DONE = 0,      /* done; equal; nothing amiss */
	EXIT_DIFFERENT = 1, /* a difference; not all of what was asked for came about */
	EXIT_COULD_NOT = 2  /* wrong command line or settings, or something needed is away: nothing was changed */
};

enum option_type {
	OPTION_FLAG,         /* bool */
	OPTION_TEXT,         /* const char * */
	OPTION_COUNT,        /* int64_t, 0 or more */
	OPTION_ID,           /* struct uuid */
	OPTION_PERIOD,       /* int64_t microseconds: "500ms", "10s", "5m", "2h", "7d" */
	OPTION_LOG_POSITION, /* struct log_position in events.log */
	OPTION_SERVICE       /* const char *: "users", "products", "orders" */
};

/* What an option's name begins with tells what it is: "--x" may be given; "X" must stand there, in the order of the
 * rows; "[X]" may. */
struct option {
	const char *name;
	enum option_type type;
	size_t offset;       /* into the command's struct of options */
	const char *value;   /* how its value is called in --help; NULL for a flag or an argument */
	const char *meaning; /* one line */
};

#define JSON_OPTION(type)                                                                                              \
	{                                                                                                              \
		"--json", OPTION_FLAG, offsetof(type, json), NULL, "JSON for programs: an object a line"               \
	}

struct command {
	const char *name;             /* "events list" */
	const char *meaning;          /* one line */
	const struct option *options; /* ends with a row whose name is NULL; NULL: it takes none */
	int (*run)(const struct command *command, int argc, char **argv);
	const char *examples; /* lines, each a command that can be pasted */
	const char *notes;    /* more for its own --help, in lines of at most 80 characters; NULL: none */
};

/* Reads argv (after the command's name) by the command's table. `ret_options` holds the defaults. False after saying on
 * standard error what is wrong: the command then ends with EXIT_COULD_NOT. */
bool command_read(const struct command *command, int argc, char **argv, void *ret_options);
/* What --help of one command prints; and its first line alone. */
void command_help(const struct command *command);
void command_usage(const struct command *command, FILE *out);

#define SERVICES 3
extern const char *const service_names[SERVICES + 1]; /* "users", "products", "orders", NULL */

#endif
