/* The drawing. A line is an array of cells, each of which holds one character of UTF-8. */
#include "ctl/order/draw.h"

#include <stdio.h>
#include <string.h>

#include "ctl/cli/terminal.h"
#include "ctl/lib/event_line.h"

enum { WIDTH = 62, CELL = 5, TIME_WIDTH = 9 };

/* Where each service's column stands. */
static const struct {
	const char *service_name;
	int at;
} columns[] = {{"orders", 10}, {"users", 34}, {"products", 58}};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct connection_state {
	char cells[WIDTH][CELL];
};

static int column_of(const char *service_name)
{
	for (int i = 0; i < COLUMNS; i++)
		if (strcmp(columns[i].service_name, service_name) == 0)
			return columns[i].at;
	return -1;
}

static void put(struct connection_state *line, int at, const char *character)
{
	if (at >= 0 && at < WIDTH)
		snprintf(line->cells[at], CELL, "%s", character);
}

static void put_word(struct connection_state *line, int at, const char *word)
{
	for (; *word != '\0'; word++)
		put(line, at++, (const char[]){*word, '\0'});
}

static void blank(struct connection_state *line)
{
	for (int i = 0; i < WIDTH; i++)
		put(line, i, " ");
	for (int i = 0; i < COLUMNS; i++)
		put(line, columns[i].at, "│");
}

static void print_cells(const struct connection_state *line, int from, int to)
{
	for (int i = from; i < to; i++)
		fputs(line->cells[i], stdout);
}

/* The stroke from one column to the next in its direction, with an arrow's head before the column that hears it. */
static void draw_stroke(struct connection_state *line, int from, int to, bool heard)
{
	const int step = to > from ? 1 : -1;

	for (int at = from + step; at != to; at += step)
		put(line, at, strcmp(line->cells[at], "│") == 0 ? "┼" : "─");
	if (heard)
		put(line, to - step, to > from ? "►" : "◄");
}

/* Beside its teller: to the right of it where there is room, otherwise to the left. */
static void draw_name(struct connection_state *line, int from, bool rightwards, const char *type)
{
	const int size = (int)strlen(type), at = rightwards ? from + 3 : from - 2 - size;

	put(line, at - 1, " ");
	put_word(line, at, type);
	put(line, at + size, " ");
}

static void draw_event(struct connection_state *line, const struct step *step)
{
	const int from = column_of(step->service_name);
	bool rightwards = from == columns[0].at;

	for (size_t i = 0; i < step->receiver_count; i++) {
		const int to = column_of(step->receivers[i].service_name);

		if (to >= 0 && to != from)
			draw_stroke(line, from, to, true);
	}
	for (size_t i = 0; i < step->receiver_count; i++) { /* a head that another stroke has gone over */
		const int to = column_of(step->receivers[i].service_name);

		if (to > from)
			put(line, to - 1, "►");
	}
	if (step->receiver_count == 0)
		put(line, rightwards ? from + 1 : from - 1, "─");
	put(line, from, "●");
	draw_name(line, from, rightwards, step->event->type);
}

/* "4.2 ms", "93.0 s", "12 min": in a static log_position, good until the third call after. */
static const char *period(int64_t us)
{
	static char texts[3][32];
	static int next;
	char *text = texts[next = (next + 1) % 3];

	if (us < 10 * SECOND_US)
		snprintf(text, sizeof(texts[0]), "%.1f ms", (double)us / 1000);
	else if (us < 10 * MINUTE_US)
		snprintf(text, sizeof(texts[0]), "%.1f s", (double)us / 1e6);
	else
		snprintf(text, sizeof(texts[0]), "%lld min", (long long)(us / MINUTE_US));
	return text;
}

static void print_time(int64_t since_us)
{
	printf("%*s ", TIME_WIDTH, period(since_us));
}

static enum tint state_tint(const char *state)
{
	if (strcmp(state, order_state_names[CONFIRMED]) == 0)
		return TINT_GOOD;
	for (int end = REJECTED; end < ORDER_STATES; end++)
		if (strcmp(state, order_state_names[end]) == 0)
			return TINT_BAD;
	return TINT_NOTICE;
}

/* What the picture cannot show of one receiver. */
static void describe_receiver(const struct step *step, const struct receiver *receiver)
{
	const int64_t told = step->event->time_us;

	printf("%*s%s", columns[0].at + 2, "", tint(TINT_DIM));
	if (receiver->dead.service_name != NULL) {
		printf("%s%s%s put it aside after %lld attempt%s: %.40s", tint(TINT_NONE), tint(TINT_BAD),
		       receiver->service_name, (long long)receiver->attempts, receiver->attempts == 1 ? "" : "s",
		       receiver->dead.code);
	} else if (!receiver_done(receiver)) {
		printf("%s%s%s has not %s it yet", tint(TINT_NONE), tint(TINT_NOTICE), receiver->service_name,
		       strcmp(receiver->service_name, "users") == 0 ? "answered" : "handled");
	} else if (receiver->processed_us == INT_ABSENT) {
		printf("%s answered after %s", receiver->service_name, period(receiver->decided_us - told));
	} else {
		printf("%s took it after %s", receiver->service_name, period(receiver->processed_us - told));
		if (receiver->answered)
			printf(", decided in %s", period(receiver->decided_us - receiver->processed_us));
		if (receiver->attempts > 1)
			printf(", %lld attempts", (long long)receiver->attempts);
	}
	printf("%s\n", tint(TINT_NONE));
}

static void draw_step(const struct step *step, int64_t start_us)
{
	struct connection_state line;

	blank(&line);
	draw_event(&line, step);
	print_time(step->event->time_us - start_us);
	fputs(tint(event_tint(step->event->type)), stdout);
	print_cells(&line, columns[0].at, columns[COLUMNS - 1].at + 1);
	printf("%s", tint(TINT_NONE));
	if (step->state != NULL)
		printf("  %s%s%s", tint(state_tint(step->state)), step->state, tint(TINT_NONE));
	putchar('\n');
	for (size_t i = 0; i < step->receiver_count; i++)
		describe_receiver(step, &step->receivers[i]);
}

static void draw_head(const struct order_timeline *timeline)
{
	char id[UUID_TEXT + 1], user[UUID_TEXT + 1];

	uuid_text(&timeline->id, id);
	uuid_text(&timeline->user, user);
	printf("order %s%s%s", tint(TINT_STRONG), id, tint(TINT_NONE));
	if (timeline->known) {
		const char *state = order_state_names[timeline->state];

		printf("  %s%s%s", tint(state_tint(state)), state, tint(TINT_NONE));
		if (timeline->total_cents != INT_ABSENT)
			printf("  %lld.%02lld %s", (long long)timeline->total_cents / 100,
			       (long long)timeline->total_cents % 100, timeline->currency);
		printf("\nbuyer %s", user);
		if (timeline->reason != NULL)
			printf("\n%s%s%s", tint(TINT_BAD), timeline->reason, tint(TINT_NONE));
	}
	printf("\n\n");
}

static int64_t start_of(const struct order_timeline *timeline)
{
	return timeline->asked_us != INT_ABSENT ? timeline->asked_us : timeline->steps[0].event->time_us;
}

static void draw_request(const struct order_timeline *timeline)
{
	char time[TIMESTAMP_TEXT + 1];
	struct connection_state line;

	printf("%*s%s%-24s%-24s%s%s\n", columns[0].at, "", tint(TINT_STRONG), "orders", "users", "products",
	       tint(TINT_NONE));
	timestamp_text(start_of(timeline), time);
	if (timeline->asked_us != INT_ABSENT) {
		blank(&line);
		put(&line, columns[0].at, "○");
		put_word(&line, columns[0].at + 3, "asked to log_position it");
		print_time(0);
		print_cells(&line, columns[0].at, columns[COLUMNS - 1].at + 1);
		printf("  %s%.12s%s\n", tint(TINT_DIM), time + 11, tint(TINT_NONE));
	}
}

static bool has_dead_letters(const struct order_timeline *timeline)
{
	for (size_t i = 0; i < timeline->count; i++)
		for (size_t h = 0; h < timeline->steps[i].receiver_count; h++)
			if (timeline->steps[i].receivers[h].dead.service_name != NULL)
				return true;
	return false;
}

static void draw_foot(const struct order_timeline *timeline)
{
	static const char *const waits_for[] = {
		[PENDING] = "users and products", [USER_KNOWN] = "products", [STOCK_HELD] = "users"};
	char time[TIMESTAMP_TEXT + 1], id[UUID_TEXT + 1];

	uuid_text(&timeline->id, id);
	if (!timeline->known) {
		printf("\nThe orders database does not have it.\n");
	} else if (has_dead_letters(timeline)) {
		printf("\nWhat was put aside is handed in again by\n  comanda dead redrive --order %s\n", id);
	} else if (!saga_ended(timeline->state)) {
		timestamp_text(timeline->expires_us, time);
		printf("\nIt waits for %s, until %.8s UTC.\n", waits_for[timeline->state], time + 11);
	}
	if (timeline->count == 0)
		printf("The log holds none of its events: it has been cut since, or they are on their way.\n");
}

void timeline_draw(const struct order_timeline *timeline)
{
	draw_head(timeline);
	if (timeline->count > 0)
		draw_request(timeline);
	for (size_t i = 0; i < timeline->count; i++)
		draw_step(&timeline->steps[i], start_of(timeline));
	draw_foot(timeline);
}
