/* A subcommand of `comanda`: one row of the table in main.c, defined in its own file beside the code that it runs.
 *
 * The row holds all that --help prints. command_read reads the command line by the row's options. */
#ifndef CTL_CLI_COMMAND_H
#define CTL_CLI_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "ctl/cli/option.h"

/* Exit codes for scripts. */
enum {
	EXIT_DONE = 0,      /* done; equal; nothing is wrong */
	EXIT_DIFFERENT = 1, /* there is a difference, or only a part of the work was possible */
	EXIT_FAILED = 2     /* wrong command line or settings, or a server is unreachable: nothing was changed */
};

struct command {
	const char *name;             /* "events list" */
	const char *meaning;          /* one line */
	const struct option *options; /* ends with END_OF_OPTIONS; NULL: the command takes none */
	int (*run)(const struct command *command, int argc, char **argv); /* returns an exit code */
	const char *examples;                                             /* lines, each a command that can be pasted */
	const char *notes; /* more for its own --help, in lines of at most 80 characters; NULL: none */
};

/* Reads argv, which begins after the command's name. `ret_options` is the command's struct of options and holds the
 * defaults. False after an error message: the command then ends with EXIT_FAILED. */
bool command_read(const struct command *command, int argc, char **argv, void *ret_options);
/* Prints what `comanda NAME --help` shows. */
void command_help(const struct command *command);
/* Prints the first line of that. */
void command_usage(const struct command *command, FILE *out);

#endif
