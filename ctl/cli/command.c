/* Options and --help, by a command's table. */
#include "ctl/cli/command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cli/terminal.h"

const char *const service_names[SERVICES + 1] = {"users", "products", "orders", NULL};

static bool is_named(const struct option *option)
{
	return option->name[0] == '-';
}

static bool is_needed(const struct option *option)
{
	return isupper((unsigned char)option->name[0]);
}

/* ---- reading ---- */

static bool read_count(const char *text, int64_t *ret_count)
{
	char *end;

	*ret_count = strtoll(text, &end, 10);
	return isdigit((unsigned char)*text) && *end == '\0';
}

static bool read_service(const char *text, const char **ret_service)
{
	const char *name = strncmp(text, "svc-", 4) == 0 ? text + 4 : text;

	for (int i = 0; i < SERVICES; i++)
		if (strcmp(name, service_names[i]) == 0) {
			*ret_service = service_names[i];
			return true;
		}
	return false;
}

/* NULL where the value fits, otherwise what is wrong with it. */
static const char *store(const struct option *option, const char *value, void *log_position)
{
	switch (option->type) {
	case OPTION_FLAG:
		*(bool *)log_position = true;
		return NULL;
	case OPTION_TEXT:
		*(const char **)log_position = value;
		return NULL;
	case OPTION_COUNT:
		return read_count(value, log_position) ? NULL : "is no number";
	case OPTION_ID:
		return uuid_parse(value, strlen(value), log_position) == OK ? NULL : "is no id";
	case OPTION_PERIOD:
		return duration_parse(value, log_position) == OK ? NULL
								 : "is no period such as 500ms, 10s, 5m, 2h or 7d";
	case OPTION_LOG_POSITION:
		return place_read(value, log_position);
	case OPTION_SERVICE:
		return read_service(value, log_position) ? NULL : "is no service: users, products or orders";
	}
	return "is of no known type";
}

static const struct option *find_named(const struct command *command, const char *name)
{
	for (const struct option *option = command->options; option != NULL && option->name != NULL; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

static const struct option *find_argument(const struct command *command, int index)
{
	for (const struct option *option = command->options; option != NULL && option->name != NULL; option++)
		if (!is_named(option) && index-- == 0)
			return option;
	return NULL;
}

/* The option that argv[0] is, or whose log_position it stands in; NULL after saying that there is none. */
static const struct option *choose(const struct command *command, const char *word, int arguments)
{
	const struct option *option =
		word[0] == '-' && word[1] == '-' ? find_named(command, word) : find_argument(command, arguments);

	if (option == NULL)
		complain("%s takes no \"%s\"; comanda %s --help", command->name, word, command->name);
	return option;
}

bool command_read(const struct command *command, int argc, char **argv, void *ret_options)
{
	int arguments = 0;

	for (int i = 0; i < argc; i++) {
		const struct option *option = choose(command, argv[i], arguments);

		if (option == NULL)
			return false;
		if (!is_named(option))
			arguments++;
		else if (option->type != OPTION_FLAG && ++i == argc) {
			complain("%s needs a value; comanda %s --help", option->name, command->name);
			return false;
		}
		const char *wrong = store(option, argv[i], (char *)ret_options + option->offset);
		if (wrong != NULL) {
			complain("%s: \"%s\" %s", option->name, argv[i], wrong);
			return false;
		}
	}
	const struct option *missing = find_argument(command, arguments);
	if (missing == NULL || !is_needed(missing))
		return true;
	complain("%s is missing: %s; comanda %s --help", missing->name, missing->meaning, command->name);
	return false;
}

/* ---- --help ---- */

void command_usage(const struct command *command, FILE *out)
{
	fprintf(out, "comanda %s", command->name);
	for (const struct option *option = command->options; option != NULL && option->name != NULL; option++)
		if (!is_named(option))
			fprintf(out, " %s", option->name);
	if (find_named(command, "--json") != NULL || command->options != NULL)
		fprintf(out, " [OPTIONS]");
}

void command_help(const struct command *command)
{
	printf("usage: ");
	command_usage(command, stdout);
	printf("\n\n%s\n%s", command->meaning, command->options == NULL ? "" : "\n");
	for (const struct option *option = command->options; option != NULL && option->name != NULL; option++) {
		char left[60];

		snprintf(left, sizeof(left), "%s%s%s", option->name, option->value == NULL ? "" : " ",
			 option->value == NULL ? "" : option->value);
		printf("  %-18s %s\n", left, option->meaning);
	}
	if (command->notes != NULL)
		printf("\n%s", command->notes);
	printf("\nexamples:\n");
	for (const char *line = command->examples; *line != '\0';) {
		const char *end = strchr(line, '\n');

		printf("  %.*s\n", (int)(end - line), line);
		line = end + 1;
	}
}
