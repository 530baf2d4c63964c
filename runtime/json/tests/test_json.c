/* JSON: accepted and refused texts, the reported faults, and that written texts can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json/json.h"

struct connection_state {
	struct uuid product_id;
	int64_t quantity;
	const char *name;
};

struct sample {
	const char *text, *code, *note;
	int64_t number, at;
	enum tristate flag;
	struct uuid id;
	int kind;
	struct connection_state *line;
	struct list items, tags;
	const char *raw;
};

static const char *const kinds[] = {"active", "withdrawn", NULL};

static const struct field line_fields[] = {
	field_uuid(struct connection_state, product_id, REQUIRED),
	field_int(struct connection_state, quantity, REQUIRED, 1, 10000),
	field_text(struct connection_state, name, NULLABLE, 0, 0),
	field_end,
};
static const struct schema line_schema = {"line", sizeof(struct connection_state), line_fields};

static const struct field sample_fields[] = {
	field_text(struct sample, text, REQUIRED | TRIMMED | PRINTABLE, 1, 5),
	field_format(struct sample, code, TRIMMED | LOWER, "email", 0),
	field_text(struct sample, note, NULLABLE, 0, 0),
	field_int(struct sample, number, 0, 0, 0),
	field_timestamp(struct sample, at, 0),
	field_bool(struct sample, flag, 0),
	field_uuid(struct sample, id, 0),
	field_enum(struct sample, kind, 0, kinds),
	field_object(struct sample, line, 0, &line_schema),
	field_array(struct sample, items, 0, &line_schema, 0, 3),
	{.name = "tags", .type = F_TEXTS, .offset = offsetof(struct sample, tags), .max = 2},
	field_json(struct sample, raw, 0),
	field_end,
};
static const struct schema sample_schema = {"sample", sizeof(struct sample), sample_fields};

#define SOME_ID "\"0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5b\""

struct fixture {
	struct arena arena;
	struct faults faults;
};

static int make(void **state)
{
	struct fixture *fixture = mem_new(1, sizeof *fixture);

	arena_init(&fixture->arena);
	*state = fixture;
	return 0;
}

static int drop(void **state)
{
	struct fixture *fixture = *state;

	arena_done(&fixture->arena);
	free(fixture);
	return 0;
}

/* The struct, or NULL after a fault. */
static const struct sample *decoded(struct fixture *fixture, const char *text)
{
	void *body = NULL;
	enum status status = E_INTERNAL;

	fixture->faults = (struct faults){0};
	status = json_decode(span_of(text), &sample_schema, UNKNOWN_REFUSED, &fixture->arena, &fixture->faults, &body);
	assert_int_equal(status == OK, fixture->faults.count == 0);
	return body;
}

static enum status parsed(struct fixture *fixture, struct span text)
{
	const struct json *json = NULL;
	enum status status = E_INTERNAL;

	fixture->faults = (struct faults){0};
	status = json_parse(&fixture->arena, text, &fixture->faults, &json);
	assert_int_equal(fixture->faults.count, status == OK ? 0 : 1);
	assert_int_equal(json != NULL, status == OK);
	return status;
}

static void is_malformed(struct fixture *fixture, const char *text, const char *because)
{
	if (parsed(fixture, span_of(text)) != E_MALFORMED)
		fail_msg("took %s", text);
	assert_string_equal(fixture->faults.items[0].field, "");
	if (strstr(fixture->faults.items[0].message, because) == NULL)
		fail_msg("of %s it was said: %s", text, fixture->faults.items[0].message);
}

static void is_fault(struct fixture *fixture, const char *text, const char *field, const char *message)
{
	assert_null(decoded(fixture, text));
	assert_int_equal(fixture->faults.count, 1);
	assert_string_equal(fixture->faults.items[0].field, field);
	assert_string_equal(fixture->faults.items[0].message, message);
}

/* ---- the grammar ---- */

static void takes_what_rfc_8259_allows(void **state)
{
	static const char *const good[] = {
		"null",
		" \t\r\n true \n",
		"\"\"",
		"-0",
		"0.5e-3",
		"1E+2",
		"[]",
		"[1,[2,[]],{}]",
		"{\"\":0}",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fc\\ud83c\\udf75\"",
		"\"\x7f\xc3\xbc\xf0\x9f\x8d\xb5\"",
		"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
		"[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]",
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (parsed(*state, span_of(good[i])) != OK)
			fail_msg("refused %s", good[i]);
}

static void reports_where_and_why_a_text_is_not_json(void **state)
{
	is_malformed(*state, "", "line 1, byte 1: the text ends too early");
	is_malformed(*state, "  ", "line 1, byte 3: the text ends too early");
	is_malformed(*state, "{\"a\":1,\n \"b\" 2}", "line 2, byte 6: a colon is expected");
	is_malformed(*state, "{\"a\":1 \"b\":2}", "a comma or } is expected");
	is_malformed(*state, "[1 2]", "a comma or ] is expected");
	is_malformed(*state, "[1,]", "a value is expected");
	is_malformed(*state, "{\"a\":1,}", "a string is expected");
	is_malformed(*state, "{a:1}", "a string is expected");
	is_malformed(*state, "{'a':1}", "a string is expected");
	is_malformed(*state, "[1", "a comma or ] is expected");
	is_malformed(*state, "\"abc", "a string is not closed");
	is_malformed(*state, "tru", "a value is expected");
	is_malformed(*state, "NaN", "a value is expected");
	is_malformed(*state, "\"\\q\"", "an escape that JSON does not have");
	is_malformed(*state, "\"\\u12g4\"", "four hexadecimal digits");
	is_malformed(*state, "\"a\tb\"", "a control character in a string");
	is_malformed(*state, "\xef\xbb\xbf{}", "a value is expected");
	is_malformed(*state, "/**/{}", "a value is expected");
}

static void refuses_text_after_the_value(void **state)
{
	is_malformed(*state, "{} {}", "something follows the JSON value");
	is_malformed(*state, "1 x", "something follows the JSON value");
	is_malformed(*state, "truex", "something follows the JSON value");
	assert_int_equal(parsed(*state, (struct span){"{}\0", 3}), E_MALFORMED);
	assert_int_equal(parsed(*state, (struct span){"{}\0", 2}), OK);
	assert_int_equal(parsed(*state, (struct span){NULL, 0}), E_MALFORMED);
}

static void refuses_numbers_that_json_does_not_have(void **state)
{
	static const char *const bad[] = {"01", "+1", ".5", "1.", "-", "1e", "1e+", "0x10", "--1", "1.e3", "Infinity"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is_malformed(*state, bad[i], "line 1");
	is_malformed(*state, "1e999", "a number is too large");
	is_malformed(*state, "[0,-1e999]", "a number is too large");
	is_malformed(*state, "1000000000000000000000000000000000000000000000000000000000000000000000",
		     "a number has too many digits");
}

static void refuses_text_that_is_not_utf8(void **state)
{
	is_malformed(*state, "\"\xff\"", "not valid UTF-8");
	is_malformed(*state, "\"\xc0\x80\"", "not valid UTF-8");
	is_malformed(*state, "\"\xed\xa0\x80\"", "not valid UTF-8");
	is_malformed(*state, "\"\xe2\x82\"", "not valid UTF-8");
	is_malformed(*state, "{\"\xc3\":1}", "not valid UTF-8");
}

/* At each position of a string, because strings are checked eight bytes at a time. */
static void finds_every_byte_that_is_not_allowed_in_a_string(void **state)
{
	struct fixture *fixture = *state;
	const struct json *json;

	for (int at = 1; at <= 18; at++) {
		for (int byte = 0; byte < 256; byte++) {
			char text[] = "\"xxxxxxxxxxxxxxxxxxx\"";
			const bool allowed = byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';

			text[at] = (char)byte;
			const struct span span = {text, sizeof(text) - 1};
			fixture->faults.count = 0;
			assert_int_equal(json_parse(&fixture->arena, span, &fixture->faults, &json) == OK, allowed);
		}
	}
}

static void refuses_nuls_and_lone_surrogates(void **state)
{
	is_malformed(*state, "\"a\\u0000b\"", "must not contain \\u0000");
	is_malformed(*state, "{\"a\\u0000\":1}", "must not contain \\u0000");
	is_malformed(*state, "\"\\ud800\"", "lacks its other half");
	is_malformed(*state, "\"\\udc00\"", "lacks its other half");
	is_malformed(*state, "\"\\udc00\\udc00\"", "lacks its other half");
	is_malformed(*state, "\"\\ud800\\u0041\"", "lacks its other half");
	is_malformed(*state, "\"\\ud800\\ud800\"", "lacks its other half");
	is_malformed(*state, "\"\\ud800x\"", "lacks its other half");
	assert_int_equal(parsed(*state, (struct span){"\"a\0b\"", 5}), E_MALFORMED);
}

static void refuses_a_text_that_is_too_deep(void **state)
{
	struct fixture *fixture = *state;
	char *deep = arena_new(&fixture->arena, 200001, 1);

	is_malformed(*state, "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "too many arrays and objects");
	memset(deep, '[', 200000);
	is_malformed(*state, deep, "too many arrays and objects");
}

static void refuses_a_field_that_is_there_twice(void **state)
{
	struct fixture *fixture = *state;
	struct buffer text;

	is_malformed(*state, "{\"a\":1,\"a\":1}", "the field \"a\" is there twice");
	is_malformed(*state, "[{\"x\":{\"b\":1,\"c\":2,\"\\u0062\":3}}]", "the field \"b\" is there twice");

	buffer_init(&text);
	for (int i = 0; i < 20000; i++)
		buffer_format(&text, "%s\"f%d\":0", i == 0 ? "{" : ",", i);
	buffer_text(&text, "}");
	assert_int_equal(parsed(fixture, (struct span){text.bytes, text.size}), OK);
	text.bytes[--text.size] = '\0';
	buffer_text(&text, ",\"f12345\":1}");
	is_malformed(fixture, text.bytes, "the field \"f12345\" is there twice");
	buffer_done(&text);
}

/* ---- reading by schema ---- */

static void reads_every_type_of_field(void **state)
{
	const struct sample *sample = decoded(
		*state, "{\"text\":\"  t\xc3\xa9 \",\"code\":\" Ann@Example.ORG\\n\",\"note\":\"n\",\"number\":-12,"
			"\"at\":\"2024-11-22T02:20:28.123456+01:00\",\"flag\":true,\"id\":" SOME_ID ","
			"\"kind\":\"withdrawn\",\"line\":{\"product_id\":" SOME_ID ",\"quantity\":10000},"
			"\"items\":[{\"quantity\":1,\"product_id\":" SOME_ID ",\"name\":\"x\"},"
			"{\"product_id\":" SOME_ID ",\"quantity\":2.0e1,\"name\":null}],"
			"\"tags\":[\"a\",\"b\"],\"raw\":{\"k\" : [1, null, \"\\u00fc\", 1.5e300, false]}}");
	const struct connection_state *items = NULL;

	assert_non_null(sample);
	assert_string_equal(sample->text, "t\xc3\xa9");
	assert_string_equal(sample->code, "ann@example.org");
	assert_string_equal(sample->note, "n");
	assert_int_equal(sample->number, -12);
	assert_true(sample->at == 1732238428123456);
	assert_int_equal(sample->flag, YES);
	assert_int_equal(sample->id.bytes[1], 0x93);
	assert_int_equal(sample->kind, 1);
	assert_int_equal(sample->line->quantity, 10000);
	assert_null(sample->line->name);
	assert_int_equal(sample->items.count, 2);
	items = sample->items.items;
	assert_string_equal(items[0].name, "x");
	assert_int_equal(items[1].quantity, 20);
	assert_null(items[1].name);
	assert_int_equal(sample->tags.count, 2);
	assert_string_equal(((const char *const *)sample->tags.items)[1], "b");
	assert_string_equal(sample->raw, "{\"k\":[1,null,\"\xc3\xbc\",1.5e+300,false]}");
}

static void a_field_that_is_left_out_is_absent(void **state)
{
	const struct sample *sample = decoded(*state, "{\"text\":\"x\"}");

	assert_non_null(sample);
	assert_null(sample->code);
	assert_true(sample->number == INT_ABSENT);
	assert_true(sample->at == INT_ABSENT);
	assert_int_equal(sample->flag, ABSENT);
	assert_true(uuid_is_nil(&sample->id));
	assert_int_equal(sample->kind, -1);
	assert_null(sample->line);
	assert_int_equal(sample->items.count, 0);
	assert_null(sample->raw);
}

static void reports_fields_that_are_missing_null_or_unknown(void **state)
{
	is_fault(*state, "{}", "text", "is required");
	is_fault(*state, "{\"text\":null}", "text", "must not be null");
	is_fault(*state, "{\"text\":\"x\",\"number\":null}", "number", "must not be null");
	is_fault(*state, "{\"text\":\"x\",\"items\":null}", "items", "must not be null");
	assert_non_null(decoded(*state, "{\"text\":\"x\",\"note\":null}"));
	is_fault(*state, "{\"text\":\"x\",\"line\":{\"product_id\":" SOME_ID ",\"quantity\":1,\"price\":1}}",
		 "line.price", "is not a known field; known are: product_id, quantity, name");
	is_fault(*state, "{\"text\":\"x\",\"items\":[{\"quantity\":1}]}", "items[0].product_id", "is required");
}

static void reports_faults_of_texts(void **state)
{
	is_fault(*state, "{\"text\":7}", "text", "must be a text");
	is_fault(*state, "{\"text\":\" \\t\\u3000\\n \"}", "text", "must not be empty");
	is_fault(*state, "{\"text\":\"123456\"}", "text", "must be 1 to 5 characters long");
	is_fault(*state, "{\"text\":\"a\\u0007b\"}", "text", "must not contain control characters");
	is_fault(*state, "{\"text\":\"a\\u0085b\"}", "text", "must not contain control characters");
	is_fault(*state, "{\"text\":\"x\",\"code\":\"ann\"}", "code", "must be an e-mail address");
	is_fault(*state, "{\"text\":\"x\",\"tags\":\"a\"}", "tags", "must be an array");
	is_fault(*state, "{\"text\":\"x\",\"tags\":[\"a\",\"b\",\"c\"]}", "tags", "must hold at most 2 items");
	is_fault(*state, "{\"text\":\"x\",\"tags\":[\"a\",1]}", "tags[1]", "must be a text");
	/* Five characters of four bytes each are five. */
	assert_non_null(decoded(
		*state, "{\"text\":\"\\ud83c\\udf75\\ud83c\\udf75\\ud83c\\udf75\\ud83c\\udf75\\ud83c\\udf75\"}"));
}

static void reports_faults_of_numbers(void **state)
{
	static const char *const bad[] = {
		"1.5", "\"1\"", "true", "[]", "1e300", "9007199254740992", "-9007199254740993"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is_fault(*state, arena_format(&fixture->arena, "{\"text\":\"x\",\"number\":%s}", bad[i]), "number",
			 "must be a whole number, at most 2^53 - 1 either way");
	assert_true(decoded(*state, "{\"text\":\"x\",\"number\":-0}")->number == 0);
	assert_true(decoded(*state, "{\"text\":\"x\",\"number\":9007199254740991}")->number == 9007199254740991);
	assert_true(decoded(*state, "{\"text\":\"x\",\"number\":-9007199254740991}")->number == -9007199254740991);
	is_fault(*state, "{\"text\":\"x\",\"line\":{\"product_id\":" SOME_ID ",\"quantity\":0}}", "line.quantity",
		 "must be a whole number between 1 and 10000");
	is_fault(*state, "{\"text\":\"x\",\"line\":{\"product_id\":" SOME_ID ",\"quantity\":10001}}", "line.quantity",
		 "must be a whole number between 1 and 10000");
}

static void reports_faults_of_other_values(void **state)
{
	is_fault(*state, "{\"text\":\"x\",\"flag\":\"true\"}", "flag", "must be true or false");
	is_fault(*state, "{\"text\":\"x\",\"id\":\"1\"}", "id",
		 "must be a UUID, such as 0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5b");
	is_fault(*state, "{\"text\":\"x\",\"id\":\"00000000-0000-0000-0000-000000000000\"}", "id",
		 "must be a UUID, such as 0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5b");
	is_fault(*state, "{\"text\":\"x\",\"at\":\"yesterday\"}", "at",
		 "must be an RFC 3339 date and time, such as 2026-01-31T12:34:56Z");
	is_fault(*state, "{\"text\":\"x\",\"kind\":\"gone\"}", "kind", "must be one of: active, withdrawn");
	is_fault(*state, "{\"text\":\"x\",\"kind\":0}", "kind", "must be one of: active, withdrawn");
	is_fault(*state, "{\"text\":\"x\",\"line\":[]}", "line", "must be an object");
	is_fault(*state, "{\"text\":\"x\",\"items\":{}}", "items", "must be an array");
	is_fault(*state, "{\"text\":\"x\",\"items\":[1]}", "items[0]", "must be an object");
	is_fault(*state, "{\"text\":\"x\",\"items\":[{},{},{},{}]}", "items", "must hold at most 3 items");
	is_fault(*state, "[]", "", "must be an object");
}

static void finds_all_faults_at_once(void **state)
{
	struct fixture *fixture = *state;

	assert_null(decoded(
		fixture, "{\"number\":\"x\",\"items\":[{\"quantity\":0},{\"product_id\":1,\"quantity\":1}],\"b\":1}"));
	assert_int_equal(fixture->faults.count, 6);
	assert_string_equal(fixture->faults.items[0].field, "number");
	assert_string_equal(fixture->faults.items[1].field, "items[0].quantity");
	assert_string_equal(fixture->faults.items[2].field, "items[0].product_id");
	assert_string_equal(fixture->faults.items[3].field, "items[1].product_id");
	assert_string_equal(fixture->faults.items[4].field, "b");
	assert_string_equal(fixture->faults.items[5].field, "text");
}

static void faults_beyond_the_limit_are_counted(void **state)
{
	struct fixture *fixture = *state;
	struct buffer text;

	buffer_init(&text);
	buffer_text(&text, "{\"text\":\"x\"");
	for (int i = 0; i < 10000; i++)
		buffer_format(&text, ",\"unknown%d\":0", i);
	buffer_text(&text, "}");
	assert_null(decoded(fixture, text.bytes));
	assert_int_equal(fixture->faults.count, 10000);
	buffer_done(&text);
}

static void events_may_have_fields_that_this_build_does_not_know(void **state)
{
	struct fixture *fixture = *state;
	void *body = NULL;

	assert_int_equal(json_decode(span_of("{\"new\":{\"a\":[1]},\"text\":\"x\"}"), &sample_schema, UNKNOWN_IGNORED,
				     &fixture->arena, &fixture->faults, &body),
			 OK);
	assert_string_equal(((const struct sample *)body)->text, "x");
}

static void a_message_without_a_schema_is_an_empty_object_or_nothing(void **state)
{
	struct fixture *fixture = *state;
	void *body = NULL;

	assert_int_equal(json_decode(span_of(""), NULL, UNKNOWN_REFUSED, &fixture->arena, &fixture->faults, &body), OK);
	assert_int_equal(json_decode(span_of(" {} "), NULL, UNKNOWN_REFUSED, &fixture->arena, &fixture->faults, &body),
			 OK);
	assert_int_equal(
		json_decode(span_of("{\"a\":1}"), NULL, UNKNOWN_REFUSED, &fixture->arena, &fixture->faults, &body),
		E_INVALID);
	assert_string_equal(fixture->faults.items[0].field, "a");
	assert_int_equal(json_decode(span_of("[]"), NULL, UNKNOWN_REFUSED, &fixture->arena, &fixture->faults, &body),
			 E_INVALID);
}

/* ---- writing ---- */

static const char *quoted(struct fixture *fixture, const char *text)
{
	struct buffer out;
	const char *copy = NULL;

	buffer_init(&out);
	json_quote(&out, text);
	copy = arena_copy(&fixture->arena, out.bytes, out.size);
	buffer_done(&out);
	return copy;
}

static const char *encoded(struct fixture *fixture, const struct sample *sample)
{
	struct buffer out;
	const char *copy = NULL;

	buffer_init(&out);
	json_encode(&out, &sample_schema, sample);
	copy = arena_copy(&fixture->arena, out.bytes, out.size);
	buffer_done(&out);
	return copy;
}

static void escapes_what_a_string_cannot_hold(void **state)
{
	assert_string_equal(quoted(*state, ""), "\"\"");
	assert_string_equal(quoted(*state, "a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	assert_string_equal(quoted(*state, "\b\f\n\r\t\x01\x1f\x7f"), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
	assert_string_equal(quoted(*state, "t\xc3\xa9\xf0\x9f\x8d\xb5"), "\"t\xc3\xa9\xf0\x9f\x8d\xb5\"");
}

static void writes_readable_json_even_of_text_that_is_not_utf8(void **state)
{
	struct fixture *fixture = *state;
	const char *text = quoted(fixture, "caf\xe9 \xff\xc3");

	assert_string_equal(text, "\"caf\\ufffd \\ufffd\\ufffd\"");
	assert_int_equal(parsed(fixture, span_of(text)), OK);
}

static void leaves_out_absent_fields_unless_they_are_nullable(void **state)
{
	struct sample sample;

	schema_blank(&sample_schema, &sample);
	assert_string_equal(encoded(*state, &sample), "{\"note\":null}");
	sample.flag = NO;
	sample.number = INT64_MIN + 1;
	sample.kind = 0;
	assert_string_equal(encoded(*state, &sample),
			    "{\"note\":null,\"number\":-9223372036854775807,\"flag\":false,\"kind\":\"active\"}");
}

struct page {
	struct list items;
	const char *next;
};

static void a_required_array_is_written_even_when_it_is_empty(void **state)
{
	(void)state;
	static const struct field fields[] = {
		field_array(struct page, items, REQUIRED, &line_schema, 0, 100),
		field_text(struct page, next, NULLABLE, 0, 0),
		field_end,
	};
	static const struct schema schema = {"page", sizeof(struct page), fields};
	static const struct schema empty_schema = {"empty", 0, fields + 2};
	struct page page = {0};
	struct buffer out;

	buffer_init(&out);
	json_encode(&out, &schema, &page);
	assert_string_equal(out.bytes, "{\"items\":[],\"next\":null}");
	buffer_clear(&out);
	json_encode(&out, &empty_schema, &page);
	assert_string_equal(out.bytes, "{}");
	buffer_done(&out);
}

static void a_written_struct_is_read_as_the_same(void **state)
{
	struct fixture *fixture = *state;
	static const char text[] =
		"{\"text\":\"t\xc3\xa9\",\"code\":\"ann@example.org\",\"note\":\"\\\"\\n\",\"number\":9007199254740991,"
		"\"at\":\"2024-11-22T01:20:28.123456Z\",\"flag\":false,\"id\":" SOME_ID ",\"kind\":\"withdrawn\","
		"\"line\":{\"product_id\":" SOME_ID ",\"quantity\":1,\"name\":null},"
		"\"items\":[{\"product_id\":" SOME_ID ",\"quantity\":7,\"name\":\"x\"},"
		"{\"product_id\":" SOME_ID ",\"quantity\":8,\"name\":\"y\"}],"
		"\"tags\":[\"a\",\"b\"],\"raw\":[1.25,{\"a\":null},-3,0.1]}";

	assert_string_equal(encoded(fixture, decoded(fixture, text)), text);
}

/* ---- values without a table ---- */

static void values_can_be_looked_at(void **state)
{
	struct fixture *fixture = *state;
	const struct json *json = NULL, *list = NULL;

	assert_int_equal(
		json_parse(&fixture->arena, span_of("{\"list\":[\"a\",[],3],\"text\":\"b\"}"), &fixture->faults, &json),
		OK);
	list = json_member(json, "list");
	assert_int_equal(json_count(json), -1);
	assert_int_equal(json_count(list), 3);
	assert_string_equal(json_text(json_item(list, 0)), "a");
	assert_int_equal(json_count(json_item(list, 1)), 0);
	assert_null(json_text(json_item(list, 2)));
	assert_string_equal(json_text(json_member(json, "text")), "b");
	assert_null(json_member(json, "Text"));
	assert_null(json_member(list, "a"));
}

static void indents_without_changing_anything_else(void **state)
{
	static const char text[] = "{\"a\":[1,{\"b\":\"x:{\\\",}\"}],\"c\":{},\"d\":[]}";
	static const char indented[] = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x:{\\\",}\"\n    }\n  ],\n"
				       "  \"c\": {},\n  \"d\": []\n}";
	struct buffer out;

	(void)state;
	buffer_init(&out);
	json_indent(&out, span_of(text));
	assert_string_equal(out.bytes, indented);
	buffer_done(&out);
}

int main(void)
{
#define held(test) cmocka_unit_test_setup_teardown(test, make, drop)
	const struct CMUnitTest tests[] = {
		held(takes_what_rfc_8259_allows),
		held(reports_where_and_why_a_text_is_not_json),
		held(refuses_text_after_the_value),
		held(refuses_numbers_that_json_does_not_have),
		held(refuses_text_that_is_not_utf8),
		held(finds_every_byte_that_is_not_allowed_in_a_string),
		held(refuses_nuls_and_lone_surrogates),
		held(refuses_a_text_that_is_too_deep),
		held(refuses_a_field_that_is_there_twice),
		held(reads_every_type_of_field),
		held(a_field_that_is_left_out_is_absent),
		held(reports_fields_that_are_missing_null_or_unknown),
		held(reports_faults_of_texts),
		held(reports_faults_of_numbers),
		held(reports_faults_of_other_values),
		held(finds_all_faults_at_once),
		held(faults_beyond_the_limit_are_counted),
		held(events_may_have_fields_that_this_build_does_not_know),
		held(a_message_without_a_schema_is_an_empty_object_or_nothing),
		held(escapes_what_a_string_cannot_hold),
		held(writes_readable_json_even_of_text_that_is_not_utf8),
		held(leaves_out_absent_fields_unless_they_are_nullable),
		held(a_required_array_is_written_even_when_it_is_empty),
		held(a_written_struct_is_read_as_the_same),
		held(values_can_be_looked_at),
		held(indents_without_changing_anything_else),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
