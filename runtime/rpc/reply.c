/* Reading replies. They come from services that write JSON well, in large lists, to a thread that must not linger: a
 * list is cut into items by looking for brackets and quotes alone, and each item is read by the thread that asked. */
#include "rpc/wire.h"

#include <string.h>

static const char *after_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

/* `at` is on the opening quote. */
static const char *after_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : NULL;
}

/* `at` is on the opening bracket. */
static const char *after_brackets(const char *at, const char *end)
{
	int depth = 0;

	while (at < end) {
		if (*at == '"') {
			at = after_string(at, end);
			if (at == NULL)
				return NULL;
			continue;
		}
		if (*at == '{' || *at == '[')
			depth++;
		if (*at == '}' || *at == ']')
			depth--;
		at++;
		if (depth == 0)
			return at;
	}
	return NULL;
}

/* The end of the value that starts at `at`; NULL where there is none. */
static const char *after_value(const char *at, const char *end)
{
	const char *start = at;

	if (at >= end)
		return NULL;
	if (*at == '"')
		return after_string(at, end);
	if (*at == '{' || *at == '[')
		return after_brackets(at, end);
	while (at < end && strchr(",]} \t\r\n", *at) == NULL)
		at++;
	return at > start ? at : NULL;
}

/* The text of a member's value, at the top of an object; empty where there is none. */
static struct span member_text(struct span object, const char *name)
{
	const char *at = object.bytes + 1, *end = object.bytes + object.size;
	size_t length = strlen(name);

	while ((at = after_space(at, end)) < end && *at == '"') {
		const char *key = at + 1, *value;
		bool found;

		at = after_string(at, end);
		if (at == NULL)
			break;
		found = (size_t)(at - 1 - key) == length && memcmp(key, name, length) == 0;
		at = after_space(at, end);
		if (at >= end || *at != ':')
			break;
		value = after_space(at + 1, end);
		at = after_value(value, end);
		if (at == NULL)
			break;
		if (found)
			return (struct span){value, (size_t)(at - value)};
		at = after_space(at, end);
		if (at >= end || *at != ',')
			break;
		at++;
	}
	return (struct span){NULL, 0};
}

static bool is_quoted(struct span text)
{
	return text.size >= 2 && text.bytes[0] == '"';
}

static enum status slice_item(struct span text, struct rpc_slice *ret_slice)
{
	struct span id = member_text(text, "id");

	if (!is_quoted(id) || uuid_parse(id.bytes + 1, id.size - 2, &ret_slice->id) != OK)
		return E_MALFORMED;
	ret_slice->text = text;
	return OK;
}

static void keep_slice(struct span text, struct arena *arena, struct rpc_slices *slices)
{
	/* Doubles at each power of two. */
	if ((slices->count & (slices->count - 1)) == 0) {
		size_t room = slices->count == 0 ? 1 : slices->count * 2;
		struct rpc_slice *larger = arena_new(arena, room, sizeof(*larger));

		if (slices->count > 0)
			memcpy(larger, slices->items, slices->count * sizeof(*larger));
		slices->items = larger;
	}
	if (slice_item(text, &slices->items[slices->count]) == OK)
		slices->count++;
	else
		slices->skipped++;
}

enum status rpc_wire_slice(struct span body, struct arena *arena, struct rpc_slices *ret_slices)
{
	const char *end = body.bytes + body.size, *at = after_space(body.bytes, end);
	struct rpc_slices slices = {.count = 0};
	bool list = at < end && *at == '[';

	for (at += list; (at = after_space(at, end)) < end && *at == '{'; at++) {
		const char *start = at;

		at = after_brackets(at, end);
		if (at == NULL)
			return E_MALFORMED;
		keep_slice((struct span){start, (size_t)(at - start)}, arena, &slices);
		at = after_space(at, end);
		if (at == end || *at != ',')
			break;
	}
	if (slices.count + slices.skipped == 0)
		return E_MALFORMED;
	if (list ? at == end || *at != ']' || after_space(at + 1, end) != end : at != end)
		return E_MALFORMED;
	*ret_slices = slices;
	return OK;
}

static bool text_is(struct span quoted, const char *text)
{
	size_t length = strlen(text);

	return is_quoted(quoted) && quoted.size == length + 2 && memcmp(quoted.bytes + 1, text, length) == 0;
}

static enum status read_refusal(struct span text, struct arena *arena, struct rpc_reply *ret_reply)
{
	struct faults faults = {.count = 0};
	const struct json *json = NULL;
	const char *status_code;
	struct span errors;

	if (json_parse(arena, text, &faults, &json) != OK)
		return E_MALFORMED;
	status_code = json_text(json_member(json, "status"));
	if (status_code == NULL)
		return E_MALFORMED;
	errors = member_text(text, "errors");
	ret_reply->status = status_of_code(status_code);
	ret_reply->data = (struct span){NULL, 0};
	ret_reply->code = arena_text(arena, json_text(json_member(json, "code")));
	ret_reply->detail = arena_text(arena, json_text(json_member(json, "detail")));
	ret_reply->field = NULL;
	ret_reply->errors = (struct span){NULL, 0};
	if (errors.size > 0 && json_count(json_member(json, "errors")) > 0) {
		const struct json *first = json_item(json_member(json, "errors"), 0);

		ret_reply->field = arena_text(arena, json_text(json_member(first, "field")));
		ret_reply->errors = (struct span){arena_copy(arena, errors.bytes, errors.size), errors.size};
	}
	return OK;
}

enum status rpc_answer_read(struct span text, struct arena *arena, struct rpc_reply *ret_reply)
{
	struct span data;

	if (text.size == 0 || text.bytes[0] != '{')
		return E_MALFORMED;
	if (!text_is(member_text(text, "status"), status_rule(OK)->code))
		return read_refusal(text, arena, ret_reply);
	data = member_text(text, "data");
	ret_reply->status = OK;
	ret_reply->data = (struct span){arena_copy(arena, data.size > 0 ? data.bytes : "", data.size), data.size};
	ret_reply->code = ret_reply->detail = ret_reply->field = NULL;
	ret_reply->errors = (struct span){NULL, 0};
	return OK;
}
