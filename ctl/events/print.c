/* Prints one line per event. */
#include "ctl/events/print.h"

#include "ctl/cli/command.h"
#include "ctl/lib/event_line.h"

static int print_events(struct event_log *log, const struct event_filter *filter, bool json)
{
	struct log_event event;
	enum log_step step;
	int64_t printed = 0;

	if (!json)
		event_line_heading();
	while ((step = event_log_next(log, &event)) == LOG_EVENT) {
		if (!filter_passes(filter, &event))
			continue;
		if (json)
			event_json_line(&event);
		else
			event_line(&event);
		if (++printed == filter->limit)
			break;
	}
	return step == LOG_FAILED ? EXIT_FAILED : EXIT_DONE;
}

int events_print(const struct event_filter *filter, bool follow, bool json)
{
	const struct log_range range = {.from = filter->from, .until = filter->until, .follow = follow};
	struct event_log *log;

	interrupts_watch();
	if (!event_log_open(&range, &log))
		return EXIT_FAILED;
	const int code = print_events(log, filter, json);
	event_log_free(log);
	return code;
}
