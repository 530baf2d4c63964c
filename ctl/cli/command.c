/* Reads a command line and prints --help, both by the command's table. */
#include "ctl/cli/command.h"

#include <ctype.h>
#include <string.h>

#include "ctl/cli/terminal.h"

static bool is_named(const struct option *option)
{
	return option->name[0] == '-';
}

static bool is_required(const struct option *option)
{
	return isupper((unsigned char)option->name[0]);
}

/* ---- reading ---- */

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

/* The row for the word: an option by its name, an argument by how many came before. NULL after an error message. */
static const struct option *row_for(const struct command *command, const char *word, int arguments)
{
	const struct option *option =
		word[0] == '-' && word[1] == '-' ? find_named(command, word) : find_argument(command, arguments);

	if (option == NULL)
		print_error("%s takes no \"%s\"; comanda %s --help", command->name, word, command->name);
	return option;
}

bool command_read(const struct command *command, int argc, char **argv, void *ret_options)
{
	int arguments = 0;

	for (int i = 0; i < argc; i++) {
		const struct option *option = row_for(command, argv[i], arguments);

		if (option == NULL)
			return false;
		if (!is_named(option))
			arguments++;
		else if (option->read != option_flag && ++i == argc) {
			print_error("%s needs a value; comanda %s --help", option->name, command->name);
			return false;
		}
		const char *wrong = option->read(argv[i], (char *)ret_options + option->offset);
		if (wrong != NULL) {
			print_error("%s: \"%s\" %s", option->name, argv[i], wrong);
			return false;
		}
	}
	const struct option *missing = find_argument(command, arguments);
	if (missing == NULL || !is_required(missing))
		return true;
	print_error("%s is missing: %s; comanda %s --help", missing->name, missing->meaning, command->name);
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
	printf("\n\n");
	print_wrapped(command->meaning, 0, 0);
	printf("%s", command->options == NULL ? "" : "\n");
	for (const struct option *option = command->options; option != NULL && option->name != NULL; option++) {
		char left[60];

		snprintf(left, sizeof(left), "%s%s%s", option->name, option->value == NULL ? "" : " ",
			 option->value == NULL ? "" : option->value);
		printf("  %-18s ", left);
		print_wrapped(option->meaning, 3 + (strlen(left) > 18 ? (int)strlen(left) : 18), 21);
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
