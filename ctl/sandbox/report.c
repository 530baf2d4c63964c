/* Printing. */
#include "ctl/sandbox/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/cli/json_line.h"
#include "ctl/cli/terminal.h"
#include "proto/messages.h"
#include "json/value.h"

enum { DIGEST_SHOWN = 16, ROWS_SHOWN = 3 };

bool finding_is_same(const struct finding *finding)
{
	size_t different = finding->replayed.difference_count;

	for (size_t i = 0; i < finding->table_count; i++)
		different += finding->tables[i].different;
	return different == 0;
}

static double seconds(int64_t us)
{
	return (double)us / (double)SECOND_US;
}

/* An id without its dashes. */
static void digest_text(const struct uuid *digest, char ret_text[static UUID_TEXT + 1])
{
	char text[UUID_TEXT + 1];
	size_t size = 0;

	uuid_text(digest, text);
	for (const char *at = text; *at != '\0'; at++)
		if (*at != '-')
			ret_text[size++] = *at;
	ret_text[size] = '\0';
}

static const char *type_name(const struct happened *event)
{
	return event == NULL ? "a request or a note" : comanda_contract.types[event->type].name;
}

/* ---- for a person ---- */

static void print_indented(const char *json)
{
	struct buffer text;

	buffer_init(&text);
	json_indent(&text, span_of(json));
	for (const char *line = text.bytes; *line != '\0';) {
		const size_t size = strcspn(line, "\n");

		printf("      %.*s\n", (int)size, line);
		line += size + (line[size] == '\n');
	}
	buffer_done(&text);
}

static void print_first(const struct replayed *replayed)
{
	const struct difference *first = &replayed->differences[0];

	printf("  %s%zu said differently%s; the first, found after %.2f s, is decision %zu, on %s", tint(TINT_BAD),
	       replayed->difference_count, tint(TINT_NONE), seconds(first->after_us), first->log_position + 1,
	       type_name(first->input));
	if (first->input != NULL)
		printf(" at offset %" PRId64, first->input->offset);
	printf(":\n");
	if (first->recorded == NULL) {
		printf("    the line says nothing there\n");
	} else {
		printf("    recorded at offset %" PRId64 "\n", first->recorded->offset);
		print_indented(first->recorded->text.bytes);
	}
	if (first->now != NULL) {
		printf("    this build\n");
		print_indented(first->now);
		return;
	}
	printf("    this build %s%s\n", first->why != NULL ? "refuses: " : "says nothing",
	       first->why != NULL ? first->why : "");
}

/* Of two rows, the columns that differ. */
static void print_columns(const struct json *live, const struct json *here)
{
	struct buffer theirs, mine;

	buffer_init(&theirs);
	buffer_init(&mine);
	for (const struct json *column = json_first(live); column != NULL; column = json_next(column)) {
		const struct json *other = json_member(here, json_name(column));

		buffer_clear(&theirs);
		buffer_clear(&mine);
		json_print(&theirs, column);
		if (other != NULL)
			json_print(&mine, other);
		if (strcmp(theirs.bytes, mine.bytes) != 0)
			printf("      %s: live %s, sandbox %s\n", json_name(column), theirs.bytes, mine.bytes);
	}
	buffer_done(&theirs);
	buffer_done(&mine);
}

static void print_row(const struct row_difference *row)
{
	struct faults faults = {0};
	const struct json *live, *here;
	char id[UUID_TEXT + 1];
	struct arena arena;

	uuid_text(&row->id, id);
	if (row->live == NULL || row->here == NULL) {
		printf("    %s  only in %s\n", id, row->live == NULL ? "the sandbox" : "the live database");
		return;
	}
	printf("    %s\n", id);
	arena_init(&arena);
	if (json_parse(&arena, span_of(row->live), &faults, &live) == OK &&
	    json_parse(&arena, span_of(row->here), &faults, &here) == OK)
		print_columns(live, here);
	arena_done(&arena);
}

static void print_table(const struct table_state *state)
{
	char digest[UUID_TEXT + 1];

	digest_text(&state->digest, digest);
	printf("  %-13s %8zu  %.*s  ", state->table->name, state->rows, DIGEST_SHOWN, digest);
	if (state->different > 0)
		printf("%s%zu not as live%s", tint(TINT_BAD), state->different, tint(TINT_NONE));
	else
		printf("%sas live%s", tint(TINT_GOOD), tint(TINT_NONE));
	if (state->moved_on > 0)
		printf(", %zu changed since", state->moved_on);
	printf("\n");
	for (size_t i = 0; i < state->kept && i < ROWS_SHOWN; i++)
		print_row(&state->first[i]);
}

static void print_finding(const struct finding *finding)
{
	const struct replayed *replayed = &finding->replayed;
	const double took = seconds(replayed->took_us);

	printf("\n%s%s%s: %zu decisions, %zu events, %.2f s (%.0f events a second)\n", tint(TINT_STRONG),
	       finding->service_name, tint(TINT_NONE), replayed->decisions, replayed->events, took,
	       took > 0 ? (double)replayed->events / took : 0.0);
	if (finding->waiting > 0)
		printf("  %zu events that it had not decided by then were left out\n", finding->waiting);
	if (replayed->difference_count == 0)
		printf("  %sall said as recorded%s\n", tint(TINT_GOOD), tint(TINT_NONE));
	else
		print_first(replayed);
	for (size_t i = 0; i < finding->table_count; i++)
		print_table(&finding->tables[i]);
}

/* ---- for programs ---- */

static void add_difference(struct buffer *out, const struct difference *difference)
{
	struct json_line line;

	json_line_open(&line);
	json_line_int(&line, "decision", (int64_t)difference->log_position + 1);
	json_line_int(&line, "after_us", difference->after_us);
	json_line_text(&line, "heard", difference->input == NULL ? NULL : type_name(difference->input));
	json_line_int(&line, "offset", difference->recorded == NULL ? INT_ABSENT : difference->recorded->offset);
	if (difference->recorded != NULL)
		json_line_json(&line, "recorded", difference->recorded->text);
	if (difference->now != NULL)
		json_line_json(&line, "now", span_of(difference->now));
	json_line_text(&line, "refused", difference->why);
	struct buffer text = json_line_take(&line);
	buffer_text(out, out->size > 1 ? "," : "");
	buffer_add(out, text.bytes, text.size);
	buffer_done(&text);
}

static void add_row(struct buffer *out, const struct row_difference *row)
{
	struct json_line line;

	json_line_open(&line);
	json_line_id(&line, "id", &row->id);
	json_line_json(&line, "live", span_of(row->live == NULL ? "null" : row->live));
	json_line_json(&line, "sandbox", span_of(row->here == NULL ? "null" : row->here));
	struct buffer text = json_line_take(&line);
	buffer_text(out, out->size > 1 ? "," : "");
	buffer_add(out, text.bytes, text.size);
	buffer_done(&text);
}

static void add_table(struct buffer *out, const struct table_state *state)
{
	struct json_line line;
	struct buffer rows;
	char digest[UUID_TEXT + 1];

	digest_text(&state->digest, digest);
	buffer_init(&rows);
	buffer_text(&rows, "[");
	for (size_t i = 0; i < state->kept; i++)
		add_row(&rows, &state->first[i]);
	buffer_text(&rows, "]");
	json_line_open(&line);
	json_line_text(&line, "aggregate", state->table->name);
	json_line_int(&line, "rows", (int64_t)state->rows);
	json_line_text(&line, "digest", digest);
	json_line_int(&line, "different", (int64_t)state->different);
	json_line_int(&line, "changed_since", (int64_t)state->moved_on);
	json_line_json(&line, "rows_that_differ", (struct span){rows.bytes, rows.size});
	struct buffer text = json_line_take(&line);
	buffer_text(out, out->size > 1 ? "," : "");
	buffer_add(out, text.bytes, text.size);
	buffer_done(&text);
	buffer_done(&rows);
}

static void json_finding(const struct finding *finding)
{
	const struct replayed *replayed = &finding->replayed;
	struct buffer differences, tables;
	struct json_line line;
	char digest[UUID_TEXT + 1];

	buffer_init(&differences);
	buffer_init(&tables);
	buffer_text(&differences, "[");
	buffer_text(&tables, "[");
	for (size_t i = 0; i < replayed->kept; i++)
		add_difference(&differences, &replayed->differences[i]);
	for (size_t i = 0; i < finding->table_count; i++)
		add_table(&tables, &finding->tables[i]);
	buffer_text(&differences, "]");
	buffer_text(&tables, "]");
	digest_text(&finding->digest, digest);
	json_line_open(&line);
	json_line_text(&line, "service", finding->service_name);
	record_bool(&line, "same", finding_is_same(finding));
	json_line_text(&line, "digest", digest);
	json_line_int(&line, "decisions", (int64_t)replayed->decisions);
	json_line_int(&line, "events", (int64_t)replayed->events);
	json_line_int(&line, "waiting", (int64_t)finding->waiting);
	json_line_int(&line, "took_us", replayed->took_us);
	json_line_int(&line, "said_differently", (int64_t)replayed->difference_count);
	json_line_json(&line, "differences", (struct span){differences.bytes, differences.size});
	json_line_json(&line, "state", (struct span){tables.bytes, tables.size});
	json_line_print(&line);
	buffer_done(&differences);
	buffer_done(&tables);
}

/* ---- either ---- */

void report_start(const struct history *history, const char *name, bool json)
{
	char time[TIMESTAMP_TEXT + 1] = "";

	if (json)
		return;
	if (history->cut_us > 0)
		timestamp_text(history->cut_us, time);
	printf("sandbox %s: %zu events, up to offset %" PRId64 "%s%s\n", name, history->before, history->cut_offset,
	       *time == '\0' ? "" : ", ", time);
	if (history->unknown > 0)
		printf("  %" PRId64 " events are not of the services' own: left out\n", history->unknown);
	if (history->repeated > 0)
		printf("  %" PRId64 " stand in the log more than once: taken once\n", history->repeated);
	fflush(stdout);
}

void report_finding(const struct finding *finding, bool json)
{
	if (json)
		json_finding(finding);
	else
		print_finding(finding);
	fflush(stdout);
}

void report_end(bool same, const char *kept, bool json)
{
	if (json)
		return;
	printf("\n%s%s%s\n", tint(same ? TINT_GOOD : TINT_BAD),
	       same ? "Equal: this build decides as recorded, and the live databases hold what follows." : "Different.",
	       tint(TINT_NONE));
	if (kept != NULL)
		printf("Kept: comanda_sandbox_%s_users, _products, _orders; comanda sandbox --drop %s ends them.\n",
		       kept, kept);
}
