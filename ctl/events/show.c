/* comanda events show: whole events, indented. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/lib/event_filter.h"
#include "ctl/lib/event_line.h"

struct show_options {
	struct log_position which;
	bool json;
};

static void show(const struct log_event *event, const struct show_options *options)
{
	struct buffer compact, indented;

	if (options->json) {
		event_json_line(event);
		return;
	}
	buffer_init(&compact);
	buffer_init(&indented);
	json_print(&compact, event->json);
	json_indent(&indented, (struct span){compact.bytes, compact.size});
	printf("%soffset %lld%s\n%s\n", tint(TINT_DIM), (long long)event->offset, tint(TINT_NONE), indented.bytes);
	buffer_done(&compact);
	buffer_done(&indented);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct show_options options = {0};
	struct event_log *log;
	struct log_event event;
	enum log_step step;

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	if (options.which.kind == POSITION_TIME) {
		print_error("events show takes an offset or an event's id; comanda events list --from TIME finds them");
		return EXIT_FAILED;
	}
	const struct log_range range = {.from = options.which, .until = options.which};
	if (!event_log_open(&range, &log))
		return EXIT_FAILED;
	while ((step = event_log_next(log, &event)) == LOG_EVENT)
		show(&event, &options);
	event_log_free(log);
	return step == LOG_FAILED ? EXIT_FAILED : EXIT_DONE;
}

static const struct option table[] = {
	OPTION("EVENT", option_log_position, struct show_options, which, NULL,
	       "an event's id, or an offset: all events there"),
	JSON_OPTION(struct show_options),
	END_OF_OPTIONS,
};

const struct command cmd_events_show = {
	.name = "events show",
	.meaning = "one event, whole",
	.options = table,
	.run = run,
	.examples = "comanda events show 4\n"
		    "comanda events show 01a2010f-0847-78db-883b-5a6e21181252\n",
};
