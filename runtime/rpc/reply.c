/* Reading replies. The RPC thread only cuts a message into replies, by brackets and quotes, because all callers wait
 * for that thread. The thread of each caller reads the caller's own reply. */
#include "rpc/wire.h"

#include <string.h>

#include "json/scan.h"

static bool is_quoted(struct span text)
{
	return text.size >= 2 && text.bytes[0] == '"';
}

static enum status slice_item(struct span text, struct rpc_slice *ret_slice)
{
	struct span id = json_scan_member(text, "id");

	if (!is_quoted(id) || uuid_parse(id.bytes + 1, id.size - 2, &ret_slice->id) != OK)
		return E_MALFORMED;
	ret_slice->text = text;
	return OK;
}

static void add_slice(struct span text, struct arena *arena, struct rpc_slices *slices)
{
	/* The array is full at each power of two, and its size doubles then. */
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
	const char *end = body.bytes + body.size, *at = json_scan_space(body.bytes, end);
	struct rpc_slices slices = {.count = 0};
	bool list = at < end && *at == '[';

	for (at += list; (at = json_scan_space(at, end)) < end && *at == '{'; at++) {
		const char *start = at;

		at = json_scan_brackets(at, end);
		if (at == NULL)
			return E_MALFORMED;
		add_slice((struct span){start, (size_t)(at - start)}, arena, &slices);
		at = json_scan_space(at, end);
		if (at == end || *at != ',')
			break;
	}
	if (slices.count + slices.skipped == 0)
		return E_MALFORMED;
	if (list ? at == end || *at != ']' || json_scan_space(at + 1, end) != end : at != end)
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
	errors = json_scan_member(text, "errors");
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
	if (!text_is(json_scan_member(text, "status"), status_rule(OK)->code))
		return read_refusal(text, arena, ret_reply);
	data = json_scan_member(text, "data");
	ret_reply->status = OK;
	ret_reply->data = (struct span){arena_copy(arena, data.size > 0 ? data.bytes : "", data.size), data.size};
	ret_reply->code = ret_reply->detail = ret_reply->field = NULL;
	ret_reply->errors = (struct span){NULL, 0};
	return OK;
}
