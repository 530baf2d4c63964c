/* The contract, against a sample of every message in proto/golden: each is read and written again, and must come out as
 * it went in. A sample that changes is a new version of the message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/messages.h"
#include "rpc/cloudevent.h"

enum { SAMPLE_MAX = 65536 };

struct sample {
	struct arena arena;
	const struct json *json;
	struct buffer text; /* on one line */
};

static bool open_sample(struct sample *sample, const char *name)
{
	static char bytes[SAMPLE_MAX];
	struct faults faults = {0};
	char path[400];

	snprintf(path, sizeof(path), "%s/%s.json", GOLDEN_DIRECTORY, name);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	const size_t size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	arena_init(&sample->arena);
	buffer_init(&sample->text);
	assert_int_equal(json_parse(&sample->arena, (struct span){bytes, size}, &faults, &sample->json), OK);
	json_print(&sample->text, sample->json);
	return true;
}

static void close_sample(struct sample *sample)
{
	buffer_done(&sample->text);
	arena_done(&sample->arena);
}

static void print_faults(const char *name, const struct faults *faults)
{
	for (size_t i = 0; i < faults->count && i < 16; i++)
		print_error("%s: %s %s\n", name, faults->items[i].field, faults->items[i].message);
}

static void check_schema(const char *name, const struct schema *schema)
{
	struct faults faults = {0};
	struct buffer written;
	struct sample sample;

	if (!open_sample(&sample, name)) {
		fail_msg("there is no sample %s.json", name);
		return;
	}
	void *body = arena_new(&sample.arena, 1, schema->size);
	schema_blank(schema, body);
	const enum status status = json_read(sample.json, schema, UNKNOWN_REFUSED, &sample.arena, &faults, body);
	print_faults(name, &faults);
	assert_int_equal(status, OK);
	buffer_init(&written);
	json_encode(&written, schema, body);
	assert_string_equal(written.bytes, sample.text.bytes);
	buffer_done(&written);
	close_sample(&sample);
}

static void check_event(const char *name, const struct message_type *type)
{
	struct faults faults = {0};
	struct message message;
	const struct json *data;
	struct buffer written;
	struct sample sample;
	struct uuid cause;

	if (!open_sample(&sample, name)) {
		fail_msg("there is no sample %s.json", name);
		return;
	}
	const enum status status =
		cloudevent_read(sample.json, &comanda_contract, &sample.arena, &faults, &message, &data);
	print_faults(name, &faults);
	assert_int_equal(status, OK);
	assert_ptr_equal(&comanda_contract.types[message.type], type);
	void *body = arena_new(&sample.arena, 1, type->schema->size);
	schema_blank(type->schema, body);
	const enum status read = json_read(data, type->schema, UNKNOWN_REFUSED, &sample.arena, &faults, body);
	print_faults(name, &faults);
	assert_int_equal(read, OK);
	const char *causation = json_text(json_member(sample.json, "causationid"));
	assert_int_equal(uuid_parse(causation, strlen(causation), &cause), OK);
	buffer_init(&written);
	cloudevent_write(&written, &(struct cloudevent){.id = message.id,
							.type = type,
							.source = type->producer,
							.subject = message.subject,
							.sequence = message.sequence,
							.time_us = message.time_us,
							.cause = cause,
							.traceparent = message.traceparent,
							.body = body});
	assert_string_equal(written.bytes, sample.text.bytes);
	buffer_done(&written);
	close_sample(&sample);
}

static void every_message_is_read_and_written_as_its_sample(void **state)
{
	(void)state;
	for (int i = 0; i < comanda_contract.count; i++) {
		const struct message_type *type = &comanda_contract.types[i];
		char name[120];

		snprintf(name, sizeof(name), "%s.v%d", type->name, type->version);
		if (type->kind != REQUEST)
			check_event(name, type);
		else if (type->schema != NULL)
			check_schema(name, type->schema);
		snprintf(name, sizeof(name), "%s.v%d.reply", type->name, type->version);
		if (type->reply != NULL)
			check_schema(name, type->reply);
	}
}

static void every_row_of_the_contract_is_filled(void **state)
{
	(void)state;
	for (int i = 0; i < comanda_contract.count; i++) {
		const struct message_type *type = &comanda_contract.types[i];

		assert_non_null(type->name);
		assert_non_null(type->producer);
		assert_true(type->version >= 1);
		assert_int_equal(contract_find(&comanda_contract, type->name, type->version), i);
		assert_true(type->kind == REQUEST ? type->queue != NULL : type->schema != NULL);
	}
}

static void an_event_of_a_version_to_come_is_not_taken_for_ours(void **state)
{
	static const char text[] = "{\"specversion\":\"1.0\",\"id\":\"01930a3e-7c00-7b1a-8f00-000000000050\","
				   "\"type\":\"comanda.order.placed.v2\",\"source\":\"/svc-orders\","
				   "\"time\":\"2026-11-22T01:20:28Z\",\"data\":{}}";
	struct faults faults = {0};
	struct message message;
	const struct json *json, *data;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(json_parse(&arena, span_of(text), &faults, &json), OK);
	assert_int_equal(cloudevent_read(json, &comanda_contract, &arena, &faults, &message, &data), E_UNKNOWN_TYPE);
	assert_false(uuid_is_nil(&message.id));
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_is_read_and_written_as_its_sample),
		cmocka_unit_test(every_row_of_the_contract_is_filled),
		cmocka_unit_test(an_event_of_a_version_to_come_is_not_taken_for_ours),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
