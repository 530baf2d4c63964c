/* comanda: the operator's command. A table of subcommands, and --help from it. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "log.h"

static const struct command commands[] = {
	{"events list", "[--type T] [--order ID] [--limit N] [--from OFFSET] [--json]",
	 "what has happened, from events.log", run_events_list, "comanda events list --type order.confirmed --limit 5"},
	{"events tail", "[--type T] [--order ID] [--json]", "the same, as it happens; ends with Ctrl-C",
	 run_events_tail, "comanda events tail"},
	{"token", "--key FILE --subject ID --role ROLE [--ttl SECONDS]", "an access token, signed with svc-users' key",
	 run_token, "comanda token --key token.pem --subject 01930000-0000-7000-8000-000000000001 --role admin"},
	{"topology apply", "", "puts exchanges, queues, bindings, policies, users and permissions on the broker",
	 run_topology_apply, "comanda topology apply"},
	{"topology show", "", "the table of what stands on the broker", run_topology_show, "comanda topology show"},
	{"topology verify", "", "compares the broker with the table; exit code 1 where they differ",
	 run_topology_verify, "comanda topology verify"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
	fprintf(out, "comanda: look at events, set up the broker, make tokens\n\nusage:\n");
	for (int i = 0; i < COMMANDS; i++)
		fprintf(out, "  comanda %s %s\n      %s\n", commands[i].name, commands[i].arguments,
			commands[i].meaning);
	fprintf(out, "\nexamples:\n");
	for (int i = 0; i < COMMANDS; i++)
		fprintf(out, "  %s\n", commands[i].example);
	fprintf(out,
		"\nexit codes: 0 done, or no difference; 1 a difference; 2 wrong arguments or settings; 3 it failed\n"
		"\nsettings (environment):\n"
		"  COMANDA_BROKER_URL       amqp://user:password@host:port/vhost, for events\n"
		"  COMANDA_MANAGEMENT_URL   http://user:password@host:port of the management API, for topology\n"
		"  COMANDA_VHOST            the virtual host; \"comanda\" where it is not set\n"
		"  COMANDA_BROKER_PASSWORD_EDGE_HTTP, _SVC_USERS, _SVC_PRODUCTS, _SVC_ORDERS\n"
		"                           passwords to give to the programs' broker users, for topology apply\n");
}

/* How many words of argv a command's name takes; 0 where it is another command. */
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

int main(int argc, char **argv)
{
	json_init();
	log_init("comanda", LOG_WARN);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		print_help(stdout);
		return EXIT_SAME;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("comanda %s\n", COMANDA_VERSION);
		return EXIT_SAME;
	}
	for (int i = 0; i < COMMANDS; i++) {
		const int words = matches(&commands[i], argc, argv);

		if (words > 0)
			return commands[i].run(argc - 1 - words, argv + 1 + words);
	}
	fprintf(stderr, "comanda: no such command; comanda --help lists them all\n");
	return EXIT_USAGE;
}
