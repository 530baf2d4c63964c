/* comanda outbox release: parked rows are sent again. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_object.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/services.h"

struct release_options {
	const struct service *service; /* NULL: all */
	struct uuid id;                /* nil: all parked rows */
	bool all, json;
};

static const struct sql release_rows = {
	"outbox_release",
	"UPDATE outbox SET parked = false, attempts = 0, due_at = now() WHERE parked AND ($1::uuid IS NULL OR id = $1)"
	" RETURNING id, type",
};

static void print_released(const struct service *service, const struct uuid *id, bool json)
{
	struct json_object object;
	char text[UUID_TEXT + 1];

	uuid_text(id, text);
	if (!json) {
		printf("%s  released\n", text);
		return;
	}
	json_object_open(&object);
	json_object_text(&object, "service", service->queue_prefix);
	json_object_text(&object, "id", text);
	json_object_text(&object, "outcome", "released");
	json_object_print(&object);
}

/* Returns how many; -1 after an error message. */
static int64_t release(const struct service *service, const struct release_options *options)
{
	struct db *db = connect_database(service);
	struct rows rows;
	int64_t count = -1;

	if (db == NULL)
		return -1;
	arg_uuid(db_args(db), uuid_is_nil(&options->id) ? NULL : &options->id);
	if (query_database(db, &release_rows, &rows)) {
		count = rows.count;
		for (int row = 0; row < rows.count; row++) {
			const struct uuid id = row_uuid(&rows, row, 0);

			print_released(service, &id, options->json);
		}
	}
	db_free(db);
	return count;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct release_options options = {.all = false};
	int64_t released = 0;

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	if (uuid_is_nil(&options.id) && !options.all) {
		print_error("outbox release needs a row's id, or --all; comanda outbox shows them");
		return EXIT_FAILED;
	}
	for (const struct service *const *service = services; *service != NULL; service++) {
		if (options.service != NULL && options.service != *service)
			continue;
		const int64_t count = release(*service, &options);
		if (count < 0)
			return EXIT_FAILED;
		released += count;
	}
	if (released == 0 && !options.all) {
		print_error("there is no parked row with that id; comanda outbox shows them");
		return EXIT_FAILED;
	}
	if (!options.json)
		printf("%lld released: the relay sends them within a second\n", (long long)released);
	return EXIT_DONE;
}

static const struct option table[] = {
	OPTION("[ROW]", option_id, struct release_options, id, NULL, "that row, by its id"),
	OPTION("--all", option_flag, struct release_options, all, NULL, "all parked rows"),
	OPTION("--service", option_service, struct release_options, service, "NAME", "only of that service"),
	JSON_OPTION(struct release_options),
	END_OF_OPTIONS,
};

const struct command cmd_outbox_release = {
	.name = "outbox release",
	.meaning = "makes the relay send parked rows again",
	.options = table,
	.run = run,
	.examples = "comanda outbox release 01a2010f-0847-78db-883b-5a6e21181252\n"
		    "comanda outbox release --all --service orders\n",
};
