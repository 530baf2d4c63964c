/* comanda outbox, comanda outbox release: what services have written and the broker has not got. */
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_line.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"

/* Half a second is a sweep's pace: what is younger is on its way. */
#define YOUNG_US (2 * SECOND_US)

struct outbox_options {
	const char *service_name;
	struct uuid id;
	int64_t limit;
	bool all, json;
};

static const struct sql count_rows = {
	"outbox_counts",
	"SELECT count(*) FILTER (WHERE NOT parked), count(*) FILTER (WHERE parked),"
	" min(created_at) FILTER (WHERE NOT parked), min(created_at) FILTER (WHERE parked) FROM outbox",
};

static const struct sql find_rows = {
	"outbox_rows",
	"SELECT id, type, exchange, routing_key, events, created_at, due_at, attempts, parked, subject FROM outbox"
	" ORDER BY parked DESC, created_at LIMIT $1",
};

struct tally {
	int64_t parked, old;
};

static void print_counts(const char *service_name, const struct rows *rows, const struct outbox_options *options,
			 struct tally *tally)
{
	const int64_t waiting = row_int(rows, 0, 0), parked = row_int(rows, 0, 1), oldest = row_timestamp(rows, 0, 2);
	const int64_t age = oldest == INT_ABSENT ? 0 : timestamp_now() - oldest;
	struct json_line object;

	tally->parked += parked;
	tally->old += age > YOUNG_US;
	if (options->json) {
		json_line_open(&object);
		json_line_text(&object, "service", service_name);
		json_line_int(&object, "waiting", waiting);
		json_line_int(&object, "parked", parked);
		json_line_int(&object, "oldest_ms", age / 1000);
		json_line_print(&object);
		return;
	}
	printf("%-9s %8lld waiting", service_name, (long long)waiting);
	if (waiting > 0)
		printf(", the oldest %.1f s", (double)age / 1e6);
	printf("%s, %lld parked%s\n", parked > 0 ? tint(TINT_BAD) : "", (long long)parked,
	       parked > 0 ? tint(TINT_NONE) : "");
}

static void print_row(const char *service_name, const struct rows *rows, int row, bool json)
{
	const struct uuid id = row_uuid(rows, row, 0), subject = row_uuid(rows, row, 9);
	const struct span type = row_bytes(rows, row, 1), exchange = row_bytes(rows, row, 2),
			  key = row_bytes(rows, row, 3);
	const int64_t created = row_timestamp(rows, row, 5);
	const bool parked = row_bool(rows, row, 8);
	char text[UUID_TEXT + 1];
	struct json_line object;

	if (json) {
		json_line_open(&object);
		json_line_text(&object, "service", service_name);
		json_line_id(&object, "id", &id);
		json_line_text(&object, "type", type.bytes);
		json_line_text(&object, "exchange", exchange.bytes);
		json_line_text(&object, "routing_key", key.bytes);
		json_line_id(&object, "subject", &subject);
		json_line_int(&object, "events", row_int(rows, row, 4));
		json_line_timestamp(&object, "created", created);
		json_line_timestamp(&object, "due", row_timestamp(rows, row, 6));
		json_line_int(&object, "attempts", row_int(rows, row, 7));
		record_bool(&object, "parked", parked);
		json_line_print(&object);
		return;
	}
	uuid_text(&id, text);
	printf("  %s  %-17.*s  %s%s%s, %.1f s old\n", text, (int)type.size, type.bytes, parked ? tint(TINT_BAD) : "",
	       parked ? "parked" : "waits", parked ? tint(TINT_NONE) : "", (double)(timestamp_now() - created) / 1e6);
}

static bool look(const char *service_name, const struct outbox_options *options, struct tally *tally)
{
	struct db *db = connect_database(service_name);
	struct rows rows;

	bool fine = db != NULL && ask_database(db, &count_rows, &rows);
	if (fine)
		print_counts(service_name, &rows, options, tally);
	if (fine) {
		arg_int(db_args(db), options->limit);
		fine = ask_database(db, &find_rows, &rows);
	}
	for (int row = 0; fine && row < rows.count; row++)
		print_row(service_name, &rows, row, options->json);
	db_free(db);
	return fine;
}

static int run_look(const struct command *command, int argc, char **argv)
{
	struct outbox_options options = {.limit = 5};
	struct tally tally = {0};

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	for (int i = 0; i < SERVICES; i++)
		if ((options.service_name == NULL || strcmp(options.service_name, service_names[i]) == 0) &&
		    !look(service_names[i], &options, &tally))
			return EXIT_COULD_NOT;
	return tally.parked + tally.old > 0 ? EXIT_DIFFERENT : EXIT_DONE;
}

static const struct sql release_rows = {
	"outbox_release",
	"UPDATE outbox SET parked = false, attempts = 0, due_at = now() WHERE parked AND ($1::uuid IS NULL OR id = $1)"
	" RETURNING id, type",
};

/* Returns how many; -1 after saying what is wrong. */
static int64_t release(const char *service_name, const struct outbox_options *options)
{
	struct db *db = connect_database(service_name);
	struct rows rows;
	int64_t count = -1;

	if (db == NULL)
		return -1;
	arg_uuid(db_args(db), uuid_is_nil(&options->id) ? NULL : &options->id);
	if (ask_database(db, &release_rows, &rows)) {
		count = rows.count;
		for (int row = 0; row < rows.count; row++) {
			const struct uuid id = row_uuid(&rows, row, 0);
			struct json_line object;
			char text[UUID_TEXT + 1];

			uuid_text(&id, text);
			json_line_open(&object);
			json_line_text(&object, "service", service_name);
			json_line_text(&object, "id", text);
			json_line_text(&object, "outcome", "released");
			struct buffer line = json_line_take(&object);
			printf("%s%s\n", options->json ? line.bytes : text, options->json ? "" : "  released");
			buffer_done(&line);
		}
	}
	db_free(db);
	return count;
}

static int run_release(const struct command *command, int argc, char **argv)
{
	struct outbox_options options = {.all = false};
	int64_t released = 0;

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	if (uuid_is_nil(&options.id) && !options.all) {
		complain("outbox release needs a row's id, or --all; comanda outbox shows them");
		return EXIT_COULD_NOT;
	}
	for (int i = 0; i < SERVICES; i++) {
		if (options.service_name != NULL && strcmp(options.service_name, service_names[i]) != 0)
			continue;
		const int64_t count = release(service_names[i], &options);
		if (count < 0)
			return EXIT_COULD_NOT;
		released += count;
	}
	if (released == 0 && !options.all) {
		complain("there is no parked row with that id; comanda outbox shows them");
		return EXIT_COULD_NOT;
	}
	if (!options.json)
		printf("%lld released: the relay sends them within a second\n", (long long)released);
	return EXIT_DONE;
}

static const struct option look_table[] = {
	{"--service", OPTION_SERVICE, offsetof(struct outbox_options, service_name), "NAME", "of that one alone"},
	{"--limit", OPTION_COUNT, offsetof(struct outbox_options, limit), "N", "rows shown of each (5)"},
	JSON_OPTION(struct outbox_options),
	{.name = NULL},
};

const struct command cmd_outbox = {
	.name = "outbox",
	.meaning = "what services have written and the broker has not got: unsent, parked, how old",
	.options = look_table,
	.run = run_look,
	.examples = "comanda outbox\n"
		    "comanda outbox --service orders --limit 100 --json\n",
	.notes = "A row is parked after the broker has closed the connection on it five times.\n"
		 "Exit code 1 where a row is parked, or has waited for more than two seconds.\n",
};

static const struct option release_table[] = {
	{"[ROW]", OPTION_ID, offsetof(struct outbox_options, id), NULL, "that row, by its id"},
	{"--all", OPTION_FLAG, offsetof(struct outbox_options, all), NULL, "all that are parked"},
	{"--service", OPTION_SERVICE, offsetof(struct outbox_options, service_name), "NAME", "of that one alone"},
	JSON_OPTION(struct outbox_options),
	{.name = NULL},
};

const struct command cmd_outbox_release = {
	.name = "outbox release",
	.meaning = "lets the relay try parked rows again",
	.options = release_table,
	.run = run_release,
	.examples = "comanda outbox release 01a2010f-0847-78db-883b-5a6e21181252\n"
		    "comanda outbox release --all --service orders\n",
};
