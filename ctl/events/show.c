/* comanda events show: whole events, set out to be read. */
#include <stdio.h>

#include "ctl/cli/commands.h"
#include "ctl/lib/event_filter.h"
#include "ctl/lib/event_line.h"

struct show_options {
	struct log_position which;
	bool json;
};

static void show(const struct logged *event, const struct show_options *options)
{
	struct buffer line, wide;

	if (options->json) {
		event_json_line(event);
		return;
	}
	buffer_init(&line);
	buffer_init(&wide);
	json_print(&line, event->json);
	json_indent(&wide, (struct span){line.bytes, line.size});
	printf("%soffset %lld%s\n%s\n", tint(TINT_DIM), (long long)event->offset, tint(TINT_NONE), wide.bytes);
	buffer_done(&line);
	buffer_done(&wide);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct show_options options = {0};
	struct eventlog *log;
	struct logged event;
	enum log_step step;

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	if (options.which.kind == PLACE_TIME) {
		complain("events show takes an offset or an event's id; comanda events list --from TIME finds them");
		return EXIT_COULD_NOT;
	}
	const struct log_range range = {.from = options.which, .until = options.which};
	if (!eventlog_open(&range, &log))
		return EXIT_COULD_NOT;
	while ((step = eventlog_next(log, &event)) == LOG_EVENT)
		show(&event, &options);
	eventlog_free(log);
	return step == LOG_FAILED ? EXIT_COULD_NOT : EXIT_DONE;
}

static const struct option table[] = {
	{"EVENT", OPTION_LOG_POSITION, offsetof(struct show_options, which), NULL,
	 "an event's id, or an offset: all that is there"},
	JSON_OPTION(struct show_options),
	{.name = NULL},
};

const struct command cmd_events_show = {
	.name = "events show",
	.meaning = "one event, whole",
	.options = table,
	.run = run,
	.examples = "comanda events show 4\n"
		    "comanda events show 01a2010f-0847-78db-883b-5a6e21181252\n",
};
