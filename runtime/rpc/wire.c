/* Writing requests and replies as JSON, and reading requests. rpc/reply.c reads replies. */
#include "rpc/wire.h"

#include <assert.h>
#include <string.h>

/* ---- bundles: the text begins with '[', which is left out when there is only one item ---- */

void rpc_bundle_init(struct rpc_bundle *bundle)
{
	buffer_init(&bundle->text);
	rpc_bundle_clear(bundle);
}

void rpc_bundle_done(struct rpc_bundle *bundle)
{
	buffer_done(&bundle->text);
	bundle->count = 0;
}

void rpc_bundle_clear(struct rpc_bundle *bundle)
{
	buffer_clear(&bundle->text);
	buffer_add(&bundle->text, "[", 1);
	bundle->count = 0;
}

static void bundle_next(struct rpc_bundle *bundle)
{
	if (bundle->count++ > 0)
		buffer_add(&bundle->text, ",", 1);
}

void rpc_bundle_add(struct rpc_bundle *bundle, struct span item)
{
	bundle_next(bundle);
	buffer_add(&bundle->text, item.bytes, item.size);
}

struct span rpc_bundle_body(struct rpc_bundle *bundle)
{
	assert(bundle->count > 0);
	if (bundle->count == 1)
		return (struct span){bundle->text.bytes + 1, bundle->text.size - 1};
	buffer_add(&bundle->text, "]", 1);
	return (struct span){bundle->text.bytes, bundle->text.size};
}

/* ---- writing requests ---- */

static void write_uuid(struct buffer *out, const char *before, const struct uuid *id)
{
	char text[UUID_TEXT + 1];

	uuid_text(id, text);
	buffer_text(out, before);
	buffer_add(out, text, UUID_TEXT);
}

static void write_timestamp(struct buffer *out, const char *before, int64_t at_us)
{
	char text[TIMESTAMP_TEXT + 1];

	timestamp_text(at_us, text);
	buffer_text(out, before);
	buffer_add(out, text, TIMESTAMP_TEXT);
}

struct span rpc_request_write(struct buffer *out, const struct contract *contract, const struct rpc_request *request)
{
	static const char no_data[] = "{}";
	struct span data = {NULL, 0};

	assert(request->type >= 0 && request->type < contract->count);
	write_uuid(out, "{\"id\":\"", &request->id);
	buffer_text(out, "\",\"type\":\"");
	buffer_text(out, contract->types[request->type].name);
	write_timestamp(out, "\",\"time\":\"", request->time_us);
	write_timestamp(out, "\",\"deadline\":\"", request->deadline_us);
	if (!uuid_is_nil(&request->caller.user_id)) {
		write_uuid(out, "\",\"caller\":{\"user_id\":\"", &request->caller.user_id);
		if (!uuid_is_nil(&request->caller.session_id))
			write_uuid(out, "\",\"session_id\":\"", &request->caller.session_id);
		buffer_text(out, "\",\"role\":\"");
		buffer_text(out, contract->roles[request->caller.role]);
		buffer_text(out, "\"}");
	} else {
		buffer_text(out, "\"");
	}
	if (request->traceparent != NULL) {
		buffer_text(out, ",\"traceparent\":");
		json_quote(out, request->traceparent);
	}
	buffer_text(out, ",\"data\":");
	data.size = request->data.size > 0 ? request->data.size : sizeof(no_data) - 1;
	buffer_add(out, request->data.size > 0 ? request->data.bytes : no_data, data.size);
	buffer_text(out, "}");
	data.bytes = out->bytes + out->size - 1 - data.size;
	return data;
}

/* ---- writing replies ---- */

static void write_errors(struct buffer *out, const struct faults *faults)
{
	size_t kept = sizeof(faults->items) / sizeof(faults->items[0]);

	if (faults->count < kept)
		kept = faults->count;
	buffer_text(out, ",\"errors\":[");
	for (size_t i = 0; i < kept; i++) {
		buffer_text(out, i == 0 ? "{\"field\":" : ",{\"field\":");
		json_quote(out, faults->items[i].field);
		buffer_text(out, ",\"message\":");
		json_quote(out, faults->items[i].message);
		buffer_text(out, "}");
	}
	buffer_text(out, "]");
}

static void write_refusal(struct buffer *out, const struct rpc_answer *answer)
{
	static const struct refusal no_refusal;
	const struct refusal *refusal = answer->refusal != NULL ? answer->refusal : &no_refusal;
	const struct status_rule *rule = status_rule(answer->status);
	const char *detail = refusal->detail != NULL ? refusal->detail : rule->title;

	buffer_text(out, ",\"code\":");
	json_quote(out, refusal->code != NULL ? refusal->code : rule->code);
	buffer_text(out, ",\"detail\":");
	json_quote(out, detail);
	if (answer->faults != NULL && answer->faults->count > 0) {
		write_errors(out, answer->faults);
	} else if (refusal->field != NULL) {
		const struct faults one = {.items = {{refusal->field, detail}}, .count = 1};

		write_errors(out, &one);
	}
}

void rpc_answer_write(struct buffer *out, const struct rpc_answer *answer)
{
	buffer_text(out, "{\"status\":\"");
	buffer_text(out, status_rule(answer->status)->code);
	buffer_text(out, "\"");
	if (answer->status != OK) {
		write_refusal(out, answer);
	} else {
		buffer_text(out, ",\"data\":");
		if (answer->data.size == 0)
			buffer_text(out, "{}");
		else
			buffer_add(out, answer->data.bytes, answer->data.size);
	}
	buffer_text(out, "}");
}

void rpc_bundle_reply(struct rpc_bundle *bundle, const char *id, struct span answer)
{
	assert(answer.size > 2 && answer.bytes[0] == '{');
	bundle_next(bundle);
	buffer_text(&bundle->text, "{\"id\":");
	json_quote(&bundle->text, id);
	buffer_text(&bundle->text, ",");
	buffer_add(&bundle->text, answer.bytes + 1, answer.size - 1);
}

/* ---- reading requests ---- */

struct caller_object {
	struct uuid user_id, session_id;
	const char *role;
};

struct envelope {
	struct uuid id;
	const char *type;
	int64_t time, deadline;
	struct caller_object *caller;
	const char *traceparent;
};

static const struct schema caller_schema = {
	.name = "caller",
	.size = sizeof(struct caller_object),
	.fields = (const struct field[]){field_uuid(struct caller_object, user_id, REQUIRED),
					 field_uuid(struct caller_object, session_id, 0),
					 field_text(struct caller_object, role, REQUIRED, 1, 100), field_end}};

static const struct schema envelope_schema = {
	.name = "request",
	.size = sizeof(struct envelope),
	.fields = (const struct field[]){
		field_uuid(struct envelope, id, REQUIRED), field_text(struct envelope, type, REQUIRED, 1, 100),
		field_timestamp(struct envelope, time, REQUIRED), field_timestamp(struct envelope, deadline, REQUIRED),
		field_object(struct envelope, caller, 0, &caller_schema),
		field_text(struct envelope, traceparent, 0, 1, 100), field_end}};

static const struct json *empty_object(struct arena *arena)
{
	struct faults faults = {.count = 0};
	const struct json *json = NULL;
	enum status status = json_parse(arena, span_of("{}"), &faults, &json);

	assert(status == OK);
	return json;
}

static void copy_envelope(struct rpc_item *item, const struct envelope *envelope)
{
	struct message *message = &item->message;

	message->id = envelope->id;
	message->time_us = envelope->time;
	message->deadline_us = envelope->deadline;
	message->traceparent = envelope->traceparent;
}

static enum status copy_caller(struct message *message, const struct caller_object *caller,
			       const struct contract *contract)
{
	if (caller == NULL)
		return OK;
	message->caller = (struct caller){.user_id = caller->user_id,
					  .session_id = caller->session_id,
					  .role = contract_role(contract, caller->role)};
	return message->caller.role >= 0 ? OK : E_INVALID;
}

static enum status find_type(struct rpc_item *item, const struct contract *contract)
{
	int type = contract_find(contract, item->type_name, 0);

	if (type < 0 || contract->types[type].kind != REQUEST)
		return E_UNKNOWN_TYPE;
	item->message.type = type;
	return OK;
}

static void read_item(const struct json *json, const struct contract *contract, struct arena *arena,
		      struct rpc_item *ret_item)
{
	struct faults faults = {.count = 0};
	struct envelope envelope;

	ret_item->message.type = -1;
	ret_item->message.deadline_us = INT64_MAX;
	ret_item->id_text = json_text(json_member(json, "id"));
	ret_item->type_name = json_text(json_member(json, "type"));
	schema_blank(&envelope_schema, &envelope);
	ret_item->status = json_read(json, &envelope_schema, UNKNOWN_IGNORED, arena, &faults, &envelope);
	if (ret_item->status == OK) {
		ret_item->status = copy_caller(&ret_item->message, envelope.caller, contract);
		if (ret_item->status != OK)
			faults_add(&faults, arena, "caller.role", "must be a role of the contract");
	}
	if (ret_item->status != OK) {
		ret_item->faults = arena_new(arena, 1, sizeof(faults));
		*ret_item->faults = faults;
		return;
	}
	copy_envelope(ret_item, &envelope);
	ret_item->status = find_type(ret_item, contract);
	ret_item->data = json_member(json, "data");
	if (ret_item->data == NULL)
		ret_item->data = empty_object(arena);
}

enum status rpc_wire_read_requests(struct span body, const struct contract *contract, struct arena *arena,
				   struct rpc_items *ret_items)
{
	const struct json *json = NULL;
	struct rpc_items read = {.count = 1};
	enum status status;
	int count;

	ret_items->faults.count = 0;
	status = json_parse(arena, body, &ret_items->faults, &json);
	if (status != OK)
		return status;
	count = json_count(json);
	if (count == 0 || count > RPC_ITEMS_MAX) {
		faults_add(&ret_items->faults, arena, "", "must hold 1 to %d requests", (int)RPC_ITEMS_MAX);
		return E_MALFORMED;
	}
	if (count > 0)
		read.count = (size_t)count;
	read.items = arena_new(arena, read.count, sizeof(*read.items));
	for (size_t i = 0; i < read.count; i++)
		read_item(count < 0 ? json : json_item(json, (int)i), contract, arena, &read.items[i]);
	*ret_items = read;
	return OK;
}
