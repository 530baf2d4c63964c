/* Formats findings. */
#include "ctl/sandbox/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/cli/json_object.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/services.h"
#include "proto/messages.h"
#include "json/value.h"

enum { DIGEST_SHOWN = 16, ROWS_SHOWN = 3 };

bool finding_is_same(const struct finding *finding)
{
	size_t different = finding->result.difference_count;

	for (size_t i = 0; i < finding->table_count; i++)
		different += finding->tables[i].different;
	return different == 0;
}

static double seconds(int64_t us)
{
	return (double)us / (double)SECOND_US;
}

/* The digest without dashes. */
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

static const char *type_name(const struct history_event *event)
{
	return event == NULL ? "a request or a timer" : comanda_contract.types[event->type].name;
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

static void print_first(const struct replay_result *result)
{
	const struct difference *first = &result->differences[0];

	printf("  %s%zu decided differently%s; the first, found after %.2f s, is decision %zu, on %s", tint(TINT_BAD),
	       result->difference_count, tint(TINT_NONE), seconds(first->after_us), first->index + 1,
	       type_name(first->input));
	if (first->input != NULL)
		printf(" at offset %" PRId64, first->input->offset);
	printf(":\n");
	if (first->recorded == NULL) {
		printf("    nothing is recorded there\n");
	} else {
		printf("    recorded at offset %" PRId64 "\n", first->recorded->offset);
		print_indented(first->recorded->text.bytes);
	}
	if (first->rebuilt != NULL) {
		printf("    this build\n");
		print_indented(first->rebuilt);
		return;
	}
	printf("    this build %s%s\n", first->refusal != NULL ? "refuses: " : "publishes nothing",
	       first->refusal != NULL ? first->refusal : "");
}

/* The columns in which two rows differ. */
static void print_columns(const struct json *live, const struct json *sandbox)
{
	struct buffer live_text, sandbox_text;

	buffer_init(&live_text);
	buffer_init(&sandbox_text);
	for (const struct json *column = json_first(live); column != NULL; column = json_next(column)) {
		const struct json *other = json_member(sandbox, json_name(column));

		buffer_clear(&live_text);
		buffer_clear(&sandbox_text);
		json_print(&live_text, column);
		if (other != NULL)
			json_print(&sandbox_text, other);
		if (strcmp(live_text.bytes, sandbox_text.bytes) != 0)
			printf("      %s: live %s, sandbox %s\n", json_name(column), live_text.bytes,
			       sandbox_text.bytes);
	}
	buffer_done(&live_text);
	buffer_done(&sandbox_text);
}

static void print_row(const struct row_difference *row)
{
	struct faults faults = {0};
	const struct json *live, *sandbox;
	char id[UUID_TEXT + 1];
	struct arena arena;

	uuid_text(&row->id, id);
	if (row->live == NULL || row->sandbox == NULL) {
		printf("    %s  only in %s\n", id, row->live == NULL ? "the sandbox" : "the live database");
		return;
	}
	printf("    %s\n", id);
	arena_init(&arena);
	if (json_parse(&arena, span_of(row->live), &faults, &live) == OK &&
	    json_parse(&arena, span_of(row->sandbox), &faults, &sandbox) == OK)
		print_columns(live, sandbox);
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
	if (state->changed_since > 0)
		printf(", %zu changed since", state->changed_since);
	printf("\n");
	for (size_t i = 0; i < state->kept && i < ROWS_SHOWN; i++)
		print_row(&state->first[i]);
}

static void print_finding(const struct finding *finding)
{
	const struct replay_result *result = &finding->result;
	const double took = seconds(result->took_us);

	printf("\n%s%s%s: %zu decisions, %zu events, %.2f s (%.0f events per second)\n", tint(TINT_STRONG),
	       finding->service->queue_prefix, tint(TINT_NONE), result->decisions, result->events, took,
	       took > 0 ? (double)result->events / took : 0.0);
	if (finding->waiting > 0)
		printf("  %zu events that it had not decided by then were left out\n", finding->waiting);
	if (finding->put_aside > 0)
		printf("  %zu dead letters were left out; comanda dead list shows them\n", finding->put_aside);
	if (result->envelopes > 0)
		printf("  %zu events differ from the recorded ones only in optional members of the envelope\n",
		       result->envelopes);
	if (result->difference_count == 0)
		printf("  %sall decided as recorded%s\n", tint(TINT_GOOD), tint(TINT_NONE));
	else
		print_first(result);
	for (size_t i = 0; i < finding->table_count; i++)
		print_table(&finding->tables[i]);
}

/* ---- for programs ---- */

static void add_difference(struct buffer *out, const struct difference *difference)
{
	struct json_object object;

	json_object_open(&object);
	json_object_int(&object, "decision", (int64_t)difference->index + 1);
	json_object_int(&object, "after_us", difference->after_us);
	json_object_text(&object, "input", difference->input == NULL ? NULL : type_name(difference->input));
	json_object_int(&object, "offset", difference->recorded == NULL ? INT_ABSENT : difference->recorded->offset);
	if (difference->recorded != NULL)
		json_object_json(&object, "recorded", difference->recorded->text);
	if (difference->rebuilt != NULL)
		json_object_json(&object, "now", span_of(difference->rebuilt));
	json_object_text(&object, "refused", difference->refusal);
	json_object_append(&object, out);
}

static void add_row(struct buffer *out, const struct row_difference *row)
{
	struct json_object object;

	json_object_open(&object);
	json_object_id(&object, "id", &row->id);
	json_object_json(&object, "live", span_of(row->live == NULL ? "null" : row->live));
	json_object_json(&object, "sandbox", span_of(row->sandbox == NULL ? "null" : row->sandbox));
	json_object_append(&object, out);
}

static void add_table(struct buffer *out, const struct table_state *state)
{
	struct json_object object;
	struct buffer rows;
	char digest[UUID_TEXT + 1];

	digest_text(&state->digest, digest);
	buffer_init(&rows);
	buffer_text(&rows, "[");
	for (size_t i = 0; i < state->kept; i++)
		add_row(&rows, &state->first[i]);
	buffer_text(&rows, "]");
	json_object_open(&object);
	json_object_text(&object, "aggregate", state->table->name);
	json_object_int(&object, "rows", (int64_t)state->rows);
	json_object_text(&object, "digest", digest);
	json_object_int(&object, "different", (int64_t)state->different);
	json_object_int(&object, "changed_since", (int64_t)state->changed_since);
	json_object_json(&object, "rows_that_differ", (struct span){rows.bytes, rows.size});
	json_object_append(&object, out);
	buffer_done(&rows);
}

static void json_finding(const struct finding *finding)
{
	const struct replay_result *result = &finding->result;
	struct buffer differences, tables;
	struct json_object object;
	char digest[UUID_TEXT + 1];

	buffer_init(&differences);
	buffer_init(&tables);
	buffer_text(&differences, "[");
	buffer_text(&tables, "[");
	for (size_t i = 0; i < result->kept; i++)
		add_difference(&differences, &result->differences[i]);
	for (size_t i = 0; i < finding->table_count; i++)
		add_table(&tables, &finding->tables[i]);
	buffer_text(&differences, "]");
	buffer_text(&tables, "]");
	digest_text(&finding->digest, digest);
	json_object_open(&object);
	json_object_text(&object, "service", finding->service->queue_prefix);
	json_object_bool(&object, "same", finding_is_same(finding));
	json_object_text(&object, "digest", digest);
	json_object_int(&object, "decisions", (int64_t)result->decisions);
	json_object_int(&object, "events", (int64_t)result->events);
	json_object_int(&object, "waiting", (int64_t)finding->waiting);
	json_object_int(&object, "put_aside", (int64_t)finding->put_aside);
	json_object_int(&object, "envelope_differs", (int64_t)result->envelopes);
	json_object_int(&object, "took_us", result->took_us);
	json_object_int(&object, "decided_differently", (int64_t)result->difference_count);
	json_object_json(&object, "differences", (struct span){differences.bytes, differences.size});
	json_object_json(&object, "state", (struct span){tables.bytes, tables.size});
	json_object_print(&object);
	buffer_done(&differences);
	buffer_done(&tables);
}

/* ---- both ---- */

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
		printf("  %" PRId64 " events are not from a service: left out\n", history->unknown);
	if (history->repeated > 0)
		printf("  %" PRId64 " are in the log more than once: taken once\n", history->repeated);
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
	if (kept == NULL)
		return;
	for (const struct service *const *service = services; *service != NULL; service++)
		if (service == services)
			printf("Kept: comanda_sandbox_%s_%s", kept, (*service)->queue_prefix);
		else
			printf(", _%s", (*service)->queue_prefix);
	printf("; comanda sandbox --drop %s ends them.\n", kept);
}
