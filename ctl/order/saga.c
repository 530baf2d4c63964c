/* comanda saga: the number of orders per state, and what the oldest pending orders wait for. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/json_object.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"
#include "ctl/lib/services.h"
#include "ctl/order/order_state.h"
#include "ctl/order/waiting.h"
#include "orders/service.h"

struct saga_options {
	int64_t limit;
	bool json;
};

static const struct sql count_states = {
	"saga_counts",
	"SELECT state, count(*) FROM orders GROUP BY state ORDER BY state",
};

/* An open order has a deadline. An ended order has one for a second or two. So this reads few rows of many orders. */
static const struct sql find_open = {
	"saga_open",
	"SELECT orders.id, orders.state, orders.created_at, orders.expires_at"
	" FROM deadlines_all AS deadline JOIN orders ON orders.id = deadline.subject"
	" WHERE deadline.type = 'order.deadline' AND orders.state < 3 ORDER BY orders.created_at, orders.id LIMIT $1",
};

static void print_counts(const struct rows *rows, bool json)
{
	int64_t open = 0;

	for (int row = 0; row < rows->count; row++) {
		const int64_t state = row_int(rows, row, 0), count = row_int(rows, row, 1);
		struct json_object object;

		open += state < CONFIRMED ? count : 0;
		if (json) {
			json_object_open(&object);
			json_object_text(&object, "state", order_state_names[state]);
			json_object_int(&object, "orders", count);
			json_object_print(&object);
		} else {
			printf("  %s%-10s%s %10lld\n",
			       tint(state <= CONFIRMED ? order_state_tint((enum order_state)state) : TINT_NONE),
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

static void print_open_json(const struct order_wait *wait, int64_t expires)
{
	struct json_object object;

	json_object_open(&object);
	json_object_id(&object, "order_id", &wait->order);
	json_object_text(&object, "state", order_state_names[wait->state]);
	json_object_timestamp(&object, "created", wait->created_us);
	json_object_timestamp(&object, "expires", expires);
	json_object_text(&object, "waits_for", wait->service);
	json_object_text(&object, "place", *wait->place == '\0' ? NULL : wait->place);
	json_object_text(&object, "command", *wait->command == '\0' ? NULL : wait->command);
	json_object_print(&object);
}

static void print_open(const struct order_wait *wait, int64_t expires)
{
	const int64_t now = timestamp_now();
	char text[UUID_TEXT + 1], age[24], left[24];

	uuid_text(&wait->order, text);
	format_period(now - wait->created_us, age, sizeof(age));
	format_period(expires > now ? expires - now : 0, left, sizeof(left));
	printf("  %s  %7s  %7s  %s%s%s\n", text, age, left, tint(TINT_NOTICE), wait->service, tint(TINT_NONE));
	if (*wait->place != '\0')
		printf("    %s\n", wait->place);
	if (*wait->command != '\0')
		printf("      %s\n", wait->command);
}

static void print_orders(const struct rows *rows, bool json)
{
	const size_t count = (size_t)rows->count;
	struct order_wait *waits = mem_new(count + 1, sizeof(*waits));

	for (int row = 0; row < rows->count; row++)
		waits[row] = (struct order_wait){
			.order = row_uuid(rows, row, 0),
			.state = (enum order_state)row_int(rows, row, 1),
			.created_us = row_timestamp(rows, row, 2),
		};
	order_waits_find(waits, count);
	if (count > 0 && !json)
		printf("  %s%-36s  %7s  %7s  waits for%s\n", tint(TINT_DIM), "order", "age", "left", tint(TINT_NONE));
	for (size_t i = 0; i < count; i++) {
		const int64_t expires = row_timestamp(rows, (int)i, 3);

		if (json)
			print_open_json(&waits[i], expires);
		else
			print_open(&waits[i], expires);
	}
	free(waits);
}

/* The queues through which the answers come: how many events wait, and how many consumers there are. */
static void print_queues(void)
{
	struct broker *broker = connect_broker("saga", false);
	struct queue_depth depth;
	struct arena arena;

	if (broker == NULL)
		return;
	arena_init(&arena);
	printf("\n");
	for (const struct service *const *service = services; *service != NULL; service++) {
		const char *queue = event_queue_of(*service, &arena);

		if (broker_depth(broker, queue, &depth) == OK)
			printf("  %-16s %6lld waiting   %s%lld consumer%s%s\n", queue, (long long)depth.waiting,
			       depth.consumers == 0 ? tint(TINT_BAD) : "", (long long)depth.consumers,
			       depth.consumers == 1 ? "" : "s", depth.consumers == 0 ? tint(TINT_NONE) : "");
	}
	arena_done(&arena);
	broker_close(broker);
	broker_free(broker);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct saga_options options = {.limit = 10};
	struct rows rows;

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	struct db *db = connect_database(&orders_service);
	if (db == NULL)
		return EXIT_FAILED;
	bool fine = query_database(db, &count_states, &rows);
	if (fine)
		print_counts(&rows, options.json);
	if (fine) {
		arg_int(db_args(db), options.limit);
		fine = query_database(db, &find_open, &rows);
	}
	if (fine)
		print_orders(&rows, options.json);
	const bool any = fine && rows.count > 0;
	db_free(db);
	if (any && !options.json)
		print_queues();
	return fine ? EXIT_DONE : EXIT_FAILED;
}

static const struct option table[] = {
	OPTION("--limit", option_limit, struct saga_options, limit, "N", "at most so many pending orders (10)"),
	JSON_OPTION(struct saga_options),
	END_OF_OPTIONS,
};

const struct command cmd_saga = {
	.name = "saga",
	.meaning = "the number of orders per state, and what the oldest pending orders wait for",
	.options = table,
	.run = run,
	.examples = "comanda saga\n"
		    "comanda saga --limit 100 --json | jq -r 'select(.waits_for) | .order_id'\n",
};
