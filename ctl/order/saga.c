/* comanda saga: how the orders stand, and what the oldest open ones wait for. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_line.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "orders/domain/saga.h"

struct saga_options {
	int64_t limit;
	bool json;
};

static const struct sql count_states = {
	"saga_counts",
	"SELECT state, count(*) FROM orders GROUP BY state ORDER BY state",
};

/* Each open order has a deadline, and but for a second or two no other has: few rows, however many orders there are. */
static const struct sql find_open = {
	"saga_open",
	"SELECT orders.id, orders.state, orders.created_at, orders.expires_at"
	" FROM deadlines_all AS deadline JOIN orders ON orders.id = deadline.subject"
	" WHERE deadline.type = 'order.deadline' AND orders.state < 3 ORDER BY orders.created_at, orders.id LIMIT $1",
};

/* By state: who has not answered, and where that would wait. */
static const struct {
	const char *who, *queues[2];
} waits[] = {
	[PENDING] = {"users and products", {"users.events", "products.events"}},
	[USER_KNOWN] = {"products", {"products.events", NULL}},
	[STOCK_HELD] = {"users", {"users.events", NULL}},
};

static void print_counts(const struct rows *rows, bool json)
{
	int64_t open = 0;

	for (int row = 0; row < rows->count; row++) {
		const int64_t state = row_int(rows, row, 0), count = row_int(rows, row, 1);
		struct json_line line;

		open += state < CONFIRMED ? count : 0;
		if (json) {
			json_line_open(&line);
			json_line_text(&line, "state", order_state_names[state]);
			json_line_int(&line, "orders", count);
			json_line_print(&line);
		} else {
			printf("  %s%-10s%s %10lld\n",
			       tint(state == CONFIRMED  ? TINT_GOOD
				    : state < CONFIRMED ? TINT_NOTICE
							: TINT_NONE),
			       order_state_names[state], tint(TINT_NONE), (long long)count);
		}
	}
	if (!json)
		printf("\n%lld open%s\n", (long long)open, open > 0 ? ", the oldest first:" : "");
}

static void format_period(int64_t us, char *text, size_t room)
{
	if (us < 10 * SECOND_US)
		snprintf(text, room, "%.1f s", (double)us / 1e6);
	else if (us < 2 * MINUTE_US)
		snprintf(text, room, "%lld s", (long long)(us / SECOND_US));
	else
		snprintf(text, room, "%lld min", (long long)(us / MINUTE_US));
}

static void print_open(const struct rows *rows, int row, bool json)
{
	const struct uuid id = row_uuid(rows, row, 0);
	const int64_t state = row_int(rows, row, 1), created = row_timestamp(rows, row, 2),
		      expires = row_timestamp(rows, row, 3);
	const int64_t now = timestamp_now();
	char text[UUID_TEXT + 1], age[24], left[24];
	struct json_line line;

	if (json) {
		json_line_open(&line);
		json_line_id(&line, "order_id", &id);
		json_line_text(&line, "state", order_state_names[state]);
		json_line_timestamp(&line, "created", created);
		json_line_timestamp(&line, "expires", expires);
		json_line_text(&line, "waits_for", waits[state].who);
		json_line_print(&line);
		return;
	}
	uuid_text(&id, text);
	format_period(now - created, age, sizeof(age));
	format_period(expires > now ? expires - now : 0, left, sizeof(left));
	printf("  %s  %7s  %7s  %s%s%s\n", text, age, left, tint(TINT_NOTICE), waits[state].who, tint(TINT_NONE));
}

/* Where what they wait for would be held up. */
static void print_queues(void)
{
	static const char *const queues[] = {"users.events", "products.events", "orders.events"};
	struct broker *broker = connect_broker("saga", false);
	struct queue_depth depth;

	if (broker == NULL)
		return;
	printf("\n");
	for (int i = 0; i < SERVICES; i++)
		if (broker_depth(broker, queues[i], &depth) == OK)
			printf("  %-16s %6lld waiting   %s%lld consumer%s%s\n", queues[i], (long long)depth.waiting,
			       depth.consumers == 0 ? tint(TINT_BAD) : "", (long long)depth.consumers,
			       depth.consumers == 1 ? "" : "s", depth.consumers == 0 ? tint(TINT_NONE) : "");
	broker_close(broker);
	broker_free(broker);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct saga_options options = {.limit = 10};
	struct rows rows;

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	struct db *db = connect_database("orders");
	if (db == NULL)
		return EXIT_COULD_NOT;
	bool fine = ask_database(db, &count_states, &rows);
	if (fine)
		print_counts(&rows, options.json);
	if (fine) {
		arg_int(db_args(db), options.limit);
		fine = ask_database(db, &find_open, &rows);
	}
	if (fine && rows.count > 0 && !options.json)
		printf("  %s%-36s  %7s  %7s  waits for%s\n", tint(TINT_DIM), "order", "age", "left", tint(TINT_NONE));
	for (int row = 0; fine && row < rows.count; row++)
		print_open(&rows, row, options.json);
	const bool any = fine && rows.count > 0;
	db_free(db);
	if (any && !options.json)
		print_queues();
	return fine ? EXIT_DONE : EXIT_COULD_NOT;
}

static const struct option table[] = {
	{"--limit", OPTION_COUNT, offsetof(struct saga_options, limit), "N", "of the open ones (10)"},
	JSON_OPTION(struct saga_options),
	{.name = NULL},
};

const struct command cmd_saga = {
	.name = "saga",
	.meaning = "how many orders are in which state, and what the oldest open ones wait for",
	.options = table,
	.run = run,
	.examples = "comanda saga\n"
		    "comanda saga --limit 100 --json | jq -r 'select(.waits_for) | .order_id'\n",
};
