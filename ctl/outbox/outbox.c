/* comanda outbox: outbox rows that the broker has not confirmed. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_object.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/services.h"

/* The relay sweeps twice per second: a younger row is being sent. */
#define YOUNG_US (2 * SECOND_US)

struct outbox_options {
	const struct service *service; /* NULL: all */
	int64_t limit;
	bool json;
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

struct totals {
	int64_t parked, old;
};

static void print_counts(const struct service *service, const struct rows *rows, const struct outbox_options *options,
			 struct totals *totals)
{
	const int64_t waiting = row_int(rows, 0, 0), parked = row_int(rows, 0, 1), oldest = row_timestamp(rows, 0, 2);
	const int64_t age = oldest == INT_ABSENT ? 0 : timestamp_now() - oldest;
	struct json_object object;

	totals->parked += parked;
	totals->old += age > YOUNG_US;
	if (options->json) {
		json_object_open(&object);
		json_object_text(&object, "service", service->queue_prefix);
		json_object_int(&object, "waiting", waiting);
		json_object_int(&object, "parked", parked);
		json_object_int(&object, "oldest_ms", age / 1000);
		json_object_print(&object);
		return;
	}
	printf("%-9s %8lld waiting", service->queue_prefix, (long long)waiting);
	if (waiting > 0)
		printf(", the oldest %.1f s", (double)age / 1e6);
	printf("%s, %lld parked%s\n", parked > 0 ? tint(TINT_BAD) : "", (long long)parked,
	       parked > 0 ? tint(TINT_NONE) : "");
}

static void print_row(const struct service *service, const struct rows *rows, int row, bool json)
{
	const struct uuid id = row_uuid(rows, row, 0), subject = row_uuid(rows, row, 9);
	const struct span type = row_bytes(rows, row, 1), exchange = row_bytes(rows, row, 2),
			  key = row_bytes(rows, row, 3);
	const int64_t created = row_timestamp(rows, row, 5);
	const bool parked = row_bool(rows, row, 8);
	char text[UUID_TEXT + 1];
	struct json_object object;

	if (json) {
		json_object_open(&object);
		json_object_text(&object, "service", service->queue_prefix);
		json_object_id(&object, "id", &id);
		json_object_text(&object, "type", type.bytes);
		json_object_text(&object, "exchange", exchange.bytes);
		json_object_text(&object, "routing_key", key.bytes);
		json_object_id(&object, "subject", &subject);
		json_object_int(&object, "events", row_int(rows, row, 4));
		json_object_timestamp(&object, "created", created);
		json_object_timestamp(&object, "due", row_timestamp(rows, row, 6));
		json_object_int(&object, "attempts", row_int(rows, row, 7));
		json_object_bool(&object, "parked", parked);
		json_object_print(&object);
		return;
	}
	uuid_text(&id, text);
	printf("  %s  %-17.*s  %s%s%s, %.1f s old\n", text, (int)type.size, type.bytes, parked ? tint(TINT_BAD) : "",
	       parked ? "parked" : "waits", parked ? tint(TINT_NONE) : "", (double)(timestamp_now() - created) / 1e6);
}

static bool print_service(const struct service *service, const struct outbox_options *options, struct totals *totals)
{
	struct db *db = connect_database(service);
	struct rows rows;

	bool fine = db != NULL && query_database(db, &count_rows, &rows);
	if (fine)
		print_counts(service, &rows, options, totals);
	if (fine) {
		arg_int(db_args(db), options->limit);
		fine = query_database(db, &find_rows, &rows);
	}
	for (int row = 0; fine && row < rows.count; row++)
		print_row(service, &rows, row, options->json);
	db_free(db);
	return fine;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct outbox_options options = {.limit = 5};
	struct totals totals = {0};

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	for (const struct service *const *service = services; *service != NULL; service++)
		if ((options.service == NULL || options.service == *service) &&
		    !print_service(*service, &options, &totals))
			return EXIT_FAILED;
	return totals.parked + totals.old > 0 ? EXIT_DIFFERENT : EXIT_DONE;
}

static const struct option table[] = {
	OPTION("--service", option_service, struct outbox_options, service, "NAME", "only of that service"),
	OPTION("--limit", option_limit, struct outbox_options, limit, "N", "rows shown per service (5)"),
	JSON_OPTION(struct outbox_options),
	END_OF_OPTIONS,
};

const struct command cmd_outbox = {
	.name = "outbox",
	.meaning = "outbox rows that are not sent yet or parked, and how old they are",
	.options = table,
	.run = run,
	.examples = "comanda outbox\n"
		    "comanda outbox --service orders --limit 100 --json\n",
	.notes = "A row is parked after the broker has closed the connection because of it five\n"
		 "times. Exit code 1 where a row is parked, or is older than two seconds.\n",
};
