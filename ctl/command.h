/* The subcommands of `comanda`. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

/* Exit codes that scripts can use. */
enum { EXIT_SAME = 0, EXIT_DIFFERENT = 1, EXIT_USAGE = 2, EXIT_FAILED = 3 };

struct command {
	const char *name, *arguments;
	const char *meaning;
	int (*run)(int argc, char **argv); /* argv[0] is the subcommand's first argument */
	const char *example;
};

int run_topology_apply(int argc, char **argv);
int run_topology_verify(int argc, char **argv);
int run_topology_show(int argc, char **argv);
int run_token(int argc, char **argv);
int run_events_list(int argc, char **argv);
int run_events_tail(int argc, char **argv);

#endif
