/* Formats differences. */
#include "ctl/topology/difference_print.h"

#include <stdio.h>
#include <string.h>

#include "ctl/cli/command.h"
#include "ctl/cli/json_object.h"
#include "ctl/cli/terminal.h"

void difference_json(const struct difference *difference, bool repaired)
{
	struct json_object object;

	json_object_open(&object);
	json_object_text(&object, "what", difference->what);
	json_object_text(&object, "name", difference->name);
	json_object_text(&object, "difference", difference->text);
	json_object_text(&object, "mended_by", difference->repair == REPAIR_BY_APPLY ? "topology apply" : "hand");
	json_object_text(&object, "steps", difference->steps);
	json_object_bool(&object, "mended", repaired);
	json_object_print(&object);
}

void difference_print(const struct difference *difference)
{
	printf("%s%s %s%s %s\n", tint(TINT_BAD), difference->what, difference->name, tint(TINT_NONE), difference->text);
	if (difference->repair == REPAIR_BY_APPLY) {
		printf("    comanda topology apply mends it\n");
		return;
	}
	int number = 1;
	for (const char *line = difference->steps; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');

		printf("    %d. %.*s\n", number++, (int)(end - line), line);
		line = end + 1;
	}
}

void difference_print_short(const struct difference *difference)
{
	printf("%s %s %s\n", difference->what, difference->name, difference->text);
}

int differences_print(void (*print)(const struct difference *difference), bool json)
{
	struct differences found;

	const bool fine = differences_find(&found);
	for (size_t i = 0; i < found.count && fine; i++)
		if (json)
			difference_json(&found.items[i], false);
		else
			print(&found.items[i]);
	if (fine && found.count == 0 && !json)
		printf("the broker is as the table says\n");
	const size_t count = found.count;
	differences_done(&found);
	if (!fine)
		return EXIT_FAILED;
	return count == 0 ? EXIT_DONE : EXIT_DIFFERENT;
}
