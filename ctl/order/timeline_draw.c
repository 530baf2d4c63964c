/* Draws a timeline. A line is an array of cells, each with one character of UTF-8. */
#include "ctl/order/timeline_print.h"

#include <stdio.h>
#include <string.h>

#include "core/money/currency.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/event_line.h"
#include "ctl/order/order_state.h"
#include "orders/service.h"

enum { CELL = 5, TIME_WIDTH = 9, FIRST_COLUMN = 10, COLUMN_DISTANCE = 24 };

struct cell {
	char character[CELL];
};

/* One line of the drawing; allocated with it. */
struct drawing {
	struct arena arena;
	int last_column; /* position of the last service's column */
	int width;
	struct cell *cells;
};

/* ---- columns: orders first, then the other services ---- */

static int column_of(const struct service *service)
{
	int at = FIRST_COLUMN;

	if (service == &orders_service)
		return at;
	for (const struct service *const *other = services; *other != NULL; other++) {
		if (*other == &orders_service)
			continue;
		at += COLUMN_DISTANCE;
		if (*other == service)
			return at;
	}
	return -1;
}

static void drawing_init(struct drawing *drawing)
{
	*drawing = (struct drawing){.last_column = FIRST_COLUMN};
	for (const struct service *const *service = services; *service != NULL; service++)
		if (column_of(*service) > drawing->last_column)
			drawing->last_column = column_of(*service);
	drawing->width = drawing->last_column + 1;
	arena_init(&drawing->arena);
	drawing->cells = arena_new(&drawing->arena, (size_t)drawing->width, sizeof(*drawing->cells));
}

static void drawing_done(struct drawing *drawing)
{
	arena_done(&drawing->arena);
}

static void put(struct drawing *drawing, int at, const char *character)
{
	if (at >= 0 && at < drawing->width)
		snprintf(drawing->cells[at].character, CELL, "%s", character);
}

static void put_word(struct drawing *drawing, int at, const char *word)
{
	for (; *word != '\0'; word++)
		put(drawing, at++, (const char[]){*word, '\0'});
}

/* An empty line: only the columns. */
static void clear(struct drawing *drawing)
{
	for (int i = 0; i < drawing->width; i++)
		put(drawing, i, " ");
	for (const struct service *const *service = services; *service != NULL; service++)
		put(drawing, column_of(*service), "│");
}

/* From the first column to the last. */
static void print_cells(const struct drawing *drawing)
{
	for (int i = FIRST_COLUMN; i <= drawing->last_column; i++)
		fputs(drawing->cells[i].character, stdout);
}

/* ---- one event ---- */

/* The head of an arrow; ✗ where the receiver put the event aside. */
static const char *head_of(const struct receiver *receiver, bool rightwards)
{
	return receiver->dead_code != NULL ? "✗" : rightwards ? "►" : "◄";
}

/* A line from the producer's column to the receiver's, with an arrow's head before it. */
static void draw_arrow(struct drawing *drawing, int from, int to, const char *head)
{
	const int step = to > from ? 1 : -1;

	for (int at = from + step; at != to; at += step)
		put(drawing, at, strcmp(drawing->cells[at].character, "│") == 0 ? "┼" : "─");
	put(drawing, to - step, head);
}

/* Beside the producer's column: to its right or to its left. */
static void draw_type(struct drawing *drawing, int from, bool rightwards, const char *type)
{
	const int size = (int)strlen(type), at = rightwards ? from + 3 : from - 2 - size;

	put(drawing, at - 1, " ");
	put_word(drawing, at, type);
	put(drawing, at + size, " ");
}

static void draw_event(struct drawing *drawing, const struct step *step)
{
	const int from = column_of(step->producer);
	const bool rightwards = from == FIRST_COLUMN;

	for (size_t i = 0; i < step->receiver_count; i++) {
		const int to = column_of(step->receivers[i].service);

		if (to >= 0 && to != from)
			draw_arrow(drawing, from, to, head_of(&step->receivers[i], to > from));
	}
	for (size_t i = 0; i < step->receiver_count; i++) { /* a longer arrow has drawn over a head */
		const int to = column_of(step->receivers[i].service);

		if (to > from)
			put(drawing, to - 1, head_of(&step->receivers[i], true));
	}
	if (step->receiver_count == 0)
		put(drawing, rightwards ? from + 1 : from - 1, "─");
	put(drawing, from, "●");
	draw_type(drawing, from, rightwards, step->event->type);
}

/* "4.2 ms", "93.0 s", "12 min": in a static buffer, good until the third call after. */
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

/* From one clock to another. Clocks differ, so that a time may seem to lie before its cause: that is no time. */
static const char *period_between(int64_t from_us, int64_t to_us)
{
	return period(to_us > from_us ? to_us - from_us : 0);
}

static void print_time(int64_t since_us)
{
	printf("%*s ", TIME_WIDTH, period(since_us));
}

/* A line below the event, with times and attempts of one receiver. */
static void describe_receiver(const struct step *step, const struct receiver *receiver)
{
	const int64_t since = step->event->time_us;
	const char *name = receiver->service->queue_prefix;

	printf("%*s%s", FIRST_COLUMN + 2, "", tint(TINT_DIM));
	if (receiver->dead_code != NULL) {
		printf("%s%s%s put it aside after %lld attempt%s: %.40s", tint(TINT_NONE), tint(TINT_BAD), name,
		       (long long)receiver->attempts, receiver->attempts == 1 ? "" : "s", receiver->dead_code);
	} else if (!receiver_done(receiver)) {
		printf("%s%s%s has not %s it yet", tint(TINT_NONE), tint(TINT_NOTICE), name,
		       service_has_inbox(receiver->service) ? "handled" : "answered");
	} else if (receiver->processed_us == INT_ABSENT || receiver->repeated) {
		printf("%s answered after %s", name, period_between(since, receiver->decided_us));
		if (receiver->repeated)
			printf(", took it again after %s", period_between(since, receiver->processed_us));
	} else {
		printf("%s took it after %s", name, period_between(since, receiver->processed_us));
		if (receiver->answered)
			printf(", decided in %s", period_between(receiver->processed_us, receiver->decided_us));
		if (receiver->attempts > 1)
			printf(", %lld attempts", (long long)receiver->attempts);
	}
	printf("%s\n", tint(TINT_NONE));
}

static bool is_put_aside(const struct step *step)
{
	for (size_t i = 0; i < step->receiver_count; i++)
		if (step->receivers[i].dead_code != NULL)
			return true;
	return false;
}

static void draw_step(struct drawing *drawing, const struct step *step, int64_t start_us)
{
	clear(drawing);
	draw_event(drawing, step);
	print_time(step->event->time_us > start_us ? step->event->time_us - start_us : 0);
	fputs(tint(is_put_aside(step) ? TINT_BAD : event_tint(step->event->type)), stdout);
	print_cells(drawing);
	printf("%s", tint(TINT_NONE));
	if (step->state != STATE_UNKNOWN)
		printf("  %s%s%s", tint(order_state_tint((enum order_state)step->state)),
		       order_state_names[step->state], tint(TINT_NONE));
	putchar('\n');
	for (size_t i = 0; i < step->receiver_count; i++)
		describe_receiver(step, &step->receivers[i]);
}

/* ---- head and foot ---- */

static void draw_head(const struct order_timeline *timeline)
{
	char id[UUID_TEXT + 1], user[UUID_TEXT + 1], total[MONEY_TEXT];

	uuid_text(&timeline->id, id);
	uuid_text(&timeline->user, user);
	printf("order %s%s%s", tint(TINT_STRONG), id, tint(TINT_NONE));
	if (timeline->known) {
		printf("  %s%s%s", tint(order_state_tint(timeline->state)), order_state_names[timeline->state],
		       tint(TINT_NONE));
		if (timeline->total_cents != INT_ABSENT && timeline->currency != NULL) {
			money_text(timeline->total_cents, timeline->currency, total);
			printf("  %s", total);
		}
		printf("\nbuyer %s", user);
		if (timeline->reason != NULL)
			printf("\n%s%s%s", tint(TINT_BAD), timeline->reason, tint(TINT_NONE));
	}
	printf("\n\n");
}

static int64_t start_of(const struct order_timeline *timeline)
{
	return timeline->requested_us != INT_ABSENT ? timeline->requested_us : timeline->steps[0].event->time_us;
}

static void draw_names(const struct drawing *drawing)
{
	printf("%*s%s", FIRST_COLUMN, "", tint(TINT_STRONG));
	for (int at = FIRST_COLUMN; at <= drawing->last_column; at += COLUMN_DISTANCE)
		for (const struct service *const *service = services; *service != NULL; service++)
			if (column_of(*service) == at)
				printf("%-*s", at < drawing->last_column ? COLUMN_DISTANCE : 0,
				       (*service)->queue_prefix);
	printf("%s\n", tint(TINT_NONE));
}

static void draw_request(struct drawing *drawing, const struct order_timeline *timeline)
{
	char time[TIMESTAMP_TEXT + 1];

	if (timeline->requested_us == INT_ABSENT)
		return;
	timestamp_text(timeline->requested_us, time);
	clear(drawing);
	put(drawing, FIRST_COLUMN, "○");
	put_word(drawing, FIRST_COLUMN + 3, "asked to place it");
	print_time(0);
	print_cells(drawing);
	printf("  %s%.12s UTC%s\n", tint(TINT_DIM), time + 11, tint(TINT_NONE));
}

static bool has_dead_letters(const struct order_timeline *timeline)
{
	for (size_t i = 0; i < timeline->count; i++)
		if (is_put_aside(&timeline->steps[i]))
			return true;
	return false;
}

static void draw_foot(const struct order_timeline *timeline)
{
	char time[TIMESTAMP_TEXT + 1], id[UUID_TEXT + 1];

	uuid_text(&timeline->id, id);
	if (!timeline->known) {
		printf("\nThe orders database does not have it.\n");
	} else if (has_dead_letters(timeline)) {
		printf("\nSend its dead letters again with\n  comanda dead redrive --order %s\n", id);
	} else if (!saga_ended(timeline->state)) {
		timestamp_text(timeline->expires_us, time);
		printf("\nIt waits for %s, until %.8s UTC.\n", timeline->wait.service, time + 11);
		if (timeline->wait.place[0] != '\0')
			printf("%s.\n", timeline->wait.place);
		if (timeline->wait.command[0] != '\0')
			printf("  %s\n", timeline->wait.command);
	}
	if (timeline->count == 0)
		printf("The log holds none of its events: retention has dropped them, or they have not arrived yet.\n");
}

void timeline_draw(const struct order_timeline *timeline)
{
	struct drawing drawing;

	drawing_init(&drawing);
	draw_head(timeline);
	if (timeline->count > 0) {
		draw_names(&drawing);
		draw_request(&drawing, timeline);
	}
	for (size_t i = 0; i < timeline->count; i++)
		draw_step(&drawing, &timeline->steps[i], start_of(timeline));
	draw_foot(timeline);
	drawing_done(&drawing);
}
