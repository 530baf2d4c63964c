/* comanda, the operator's command: the table of subcommands, and --help. */
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/terminal.h"
#include "telemetry/log.h"
#include "json/json.h"

static const struct command *const commands[] = {
	/* clang-format off */
	/* read */
	&cmd_events_list, &cmd_events_tail, &cmd_events_show,
	&cmd_order, &cmd_saga, &cmd_outbox, &cmd_dead_list, &cmd_dead_show,
	/* repair */
	&cmd_replay, &cmd_dead_redrive, &cmd_dead_drop, &cmd_outbox_release,
	/* copy to another stack */
	&cmd_events_export, &cmd_events_import,
	/* make the recorded decisions again */
	&cmd_sandbox,
	/* the broker */
	&cmd_topology_show, &cmd_topology_diff, &cmd_topology_verify, &cmd_topology_apply,
	/* for development */
	&cmd_token,
	/* clang-format on */
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]), MEANING_COLUMN = 27 };

static const char settings[] = "settings, from the environment; each also as NAME_FILE, a file that holds it:\n"
			       "  COMANDA_BROKER_URL       amqp://operator:password@host:port/vhost\n"
			       "  COMANDA_DATABASE_URL_ORDERS, _PRODUCTS, _USERS\n"
			       "                           postgresql://comanda_operator:password@host:port/name\n"
			       "  COMANDA_SANDBOX_DATABASE_URL\n"
			       "                        postgresql://comanda_sandbox:password@host:port/postgres\n"
			       "                           may create databases; only for sandbox\n"
			       "  COMANDA_MANAGEMENT_URL   http://admin:password@host:port: the management API,\n"
			       "                           only for topology\n"
			       "  COMANDA_VHOST            the virtual host, for topology; \"comanda\" if not set\n"
			       "  COMANDA_BROKER_PASSWORD_EDGE_HTTP, _SVC_USERS, _SVC_PRODUCTS, _SVC_ORDERS,\n"
			       "  _OPERATOR                for topology apply: passwords of the broker's users\n"
			       "  NO_COLOR                 set to anything: no colours on a terminal either\n";

static void print_help(void)
{
	printf("comanda: reads events, replays them, repairs what failed\n\n");
	for (int i = 0; i < COMMANDS; i++) {
		printf("  comanda %-16s ", commands[i]->name);
		print_wrapped(commands[i]->meaning, MEANING_COLUMN, MEANING_COLUMN);
	}
	printf("\ncomanda COMMAND --help says more, with examples. --json prints JSON.\n"
	       "All times are UTC.\n"
	       "\nexit codes:\n"
	       "  0  done; equal\n"
	       "  1  a difference, or only a part of the work was possible\n"
	       "  2  wrong command line or settings, or a server is unreachable: nothing changed\n"
	       "\n%s",
	       settings);
}

/* How many words of argv are the command's name; 0: another command is meant. */
static int matches(const struct command *command, int argc, char **argv)
{
	char name[64];

	for (int words = 1; words <= 2 && words < argc; words++) {
		snprintf(name, sizeof(name), "%s%s%s", argv[1], words == 1 ? "" : " ", words == 1 ? "" : argv[2]);
		if (strcmp(name, command->name) == 0)
			return words;
	}
	return 0;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* The command that argv names; NULL: there is none. The longest name wins: "outbox release" before "outbox". */
static const struct command *find(int argc, char **argv, int *ret_words)
{
	const struct command *found = NULL;

	*ret_words = 0;
	for (int i = 0; i < COMMANDS; i++) {
		const int words = matches(commands[i], argc, argv);

		if (words > *ret_words) {
			*ret_words = words;
			found = commands[i];
		}
	}
	return found;
}

/* Says which commands begin with the word, as in "comanda dead"; or that there is no such command. */
static int explain_unknown(const char *word)
{
	const size_t size = strlen(word);
	bool any = false;

	for (int i = 0; i < COMMANDS; i++)
		if (strncmp(commands[i]->name, word, size) == 0 && commands[i]->name[size] == ' ') {
			fprintf(stderr, any ? ", %s" : "comanda: %s", commands[i]->name);
			any = true;
		}
	if (any)
		fprintf(stderr, ": which one? comanda --help\n");
	else
		print_error("there is no command \"%s\"; comanda --help lists them", word);
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	int words;

	json_init();
	log_init("comanda", LOG_ERROR);
	if (argc < 2 || (argc == 2 && is_help(argv[1]))) {
		print_help();
		return argc < 2 ? EXIT_FAILED : EXIT_DONE;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("comanda %s\n", COMANDA_VERSION);
		return EXIT_DONE;
	}
	const struct command *command = find(argc, argv, &words);
	if (command == NULL)
		return explain_unknown(argv[1]);
	argc -= 1 + words;
	argv += 1 + words;
	if (argc == 1 && is_help(argv[0])) {
		command_help(command);
		return EXIT_DONE;
	}
	return command->run(command, argc, argv);
}
