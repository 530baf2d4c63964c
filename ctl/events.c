/* comanda events: reads events.log, a stream, over AMQP 0-9-1. Looking changes nothing: a stream keeps what is read. */
#include "events.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "broker.h"
#include "command.h"

#define LOG_QUEUE "events.log"
/* The broker sends what it has at once; silence for this long is the log's end. */
#define END_US (1 * SECOND_US)

enum { PREFETCH = 500 };

struct event_options {
	struct event_filter filter;
	int64_t from; /* stream offset; -1 first, -2 next */
	int limit;
	bool follow;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static bool read_number(const char *text, int64_t *ret_number)
{
	char *end;
	const long long number = strtoll(text, &end, 10);

	if (*text == '\0' || *end != '\0' || number < 0)
		return false;
	*ret_number = number;
	return true;
}

/* Takes one option; returns how many words it took, 0 where it is wrong. */
static int read_option(int argc, char **argv, struct event_options *options)
{
	int64_t number = 0;

	if (strcmp(argv[0], "--json") == 0) {
		options->filter.json = true;
		return 1;
	}
	if (argc < 2)
		return 0;
	if (strcmp(argv[0], "--type") == 0)
		options->filter.type = argv[1];
	else if (strcmp(argv[0], "--order") == 0)
		options->filter.order = argv[1];
	else if (strcmp(argv[0], "--from") == 0 && read_number(argv[1], &number))
		options->from = number;
	else if (strcmp(argv[0], "--limit") == 0 && read_number(argv[1], &number) && number <= INT_MAX)
		options->limit = (int)number;
	else
		return 0;
	return 2;
}

static bool read_options(int argc, char **argv, struct event_options *options)
{
	struct uuid id;

	for (int i = 0; i < argc;) {
		const int taken = read_option(argc - i, argv + i, options);

		if (taken == 0) {
			fprintf(stderr, "comanda: %s is no option of events, or lacks its value; see comanda --help\n",
				argv[i]);
			return false;
		}
		i += taken;
	}
	if (options->filter.order != NULL &&
	    uuid_parse(options->filter.order, strlen(options->filter.order), &id) != OK) {
		fprintf(stderr, "comanda: --order takes an order's id, not \"%s\"\n", options->filter.order);
		return false;
	}
	return true;
}

static struct broker *open_log(const struct event_options *options)
{
	const char *url = getenv("COMANDA_BROKER_URL");

	if (url == NULL) {
		fprintf(stderr,
			"comanda: COMANDA_BROKER_URL must be set, as in amqp://user:password@127.0.0.1:5672/comanda\n");
		return NULL;
	}
	struct broker *broker = broker_new(&(struct broker_config){
		.url = url, .program = "comanda", .lane = "events", .heartbeat_us = 10 * SECOND_US});
	enum status status = broker_ensure(broker);
	if (status == OK)
		status = broker_consume(broker, &(struct broker_consume){.queue = LOG_QUEUE,
									 .prefetch = PREFETCH,
									 .stream = true,
									 .stream_offset = options->from});
	if (status == OK)
		return broker;
	if (status == E_NOT_FOUND)
		fprintf(stderr, "comanda: there is no %s on this broker; comanda topology apply makes it\n", LOG_QUEUE);
	else
		fprintf(stderr, "comanda: %s cannot be read: %s\n", LOG_QUEUE, broker_detail(broker));
	broker_free(broker);
	return NULL;
}

static int read_log(struct broker *broker, const struct event_options *options)
{
	int left = options->limit;
	struct arena arena;

	arena_init(&arena);
	enum status status = OK;
	while (left > 0 && !interrupted) {
		struct delivery delivery;

		arena_reset(&arena);
		status = broker_next(broker, END_US, &arena, &delivery);
		if (status == E_TIMEOUT && options->follow)
			continue;
		if (status != OK)
			break;
		if (delivery.stream_offset >= options->from) /* a stream starts at the chunk that holds the offset */
			left -= print_events(delivery.body, &options->filter, delivery.stream_offset, left);
		status = broker_ack(broker, delivery.tag, false);
	}
	arena_done(&arena);
	if (status != OK && status != E_TIMEOUT) {
		fprintf(stderr, "comanda: the broker went away: %s\n", broker_detail(broker));
		return EXIT_FAILED;
	}
	return EXIT_SAME;
}

static int run_events(int argc, char **argv, struct event_options *options)
{
	if (!read_options(argc, argv, options))
		return EXIT_USAGE;
	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	struct broker *broker = open_log(options);
	if (broker == NULL)
		return EXIT_FAILED;
	const int code = read_log(broker, options);
	broker_close(broker);
	broker_free(broker);
	return code;
}

int run_events_list(int argc, char **argv)
{
	struct event_options options = {.from = -1, .limit = INT_MAX};

	return run_events(argc, argv, &options);
}

int run_events_tail(int argc, char **argv)
{
	struct event_options options = {.from = -2, .limit = INT_MAX, .follow = true};

	return run_events(argc, argv, &options);
}
