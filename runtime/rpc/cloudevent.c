/* The CloudEvents envelope, by a field table. */
#include "rpc/cloudevent.h"

#include <stdio.h>
#include <string.h>

/* The attributes in the order in which they are written. `data` follows them. It is JSON, which is the default when
 * there is no `datacontenttype` (JSON event format 1.0, section 3.1). */
struct envelope {
	const char *specversion;
	struct uuid id;
	const char *type, *source;
	struct uuid subject;
	int64_t time, sequence;
	struct uuid causationid;
	const char *traceparent;
};

static const struct schema envelope_schema = {
	.name = "cloudevent",
	.size = sizeof(struct envelope),
	.fields =
		(const struct field[]){
			field_text(struct envelope, specversion, REQUIRED, 1, 8),
			field_uuid(struct envelope, id, REQUIRED),
			field_text(struct envelope, type, REQUIRED, 1, 200),
			field_text(struct envelope, source, REQUIRED, 1, 200),
			field_uuid(struct envelope, subject, 0),
			field_timestamp(struct envelope, time, REQUIRED),
			field_int(struct envelope, sequence, 0, 0, 0),
			field_uuid(struct envelope, causationid, 0),
			field_text(struct envelope, traceparent, 0, 1, TRACEPARENT_MAX),
			field_end,
		},
};

static const char type_prefix[] = "comanda.";

void cloudevent_write(struct buffer *out, const struct cloudevent *event)
{
	char type[120], source[64];

	snprintf(type, sizeof(type), "%s%s.v%d", type_prefix, event->type->name, event->type->version);
	snprintf(source, sizeof(source), "/%s", event->source);
	const struct envelope envelope = {
		.specversion = "1.0",
		.id = event->id,
		.type = type,
		.source = source,
		.subject = event->subject,
		.time = event->time_us,
		.sequence = event->sequence,
		.causationid = event->cause,
		.traceparent = event->traceparent,
	};
	json_encode(out, &envelope_schema, &envelope);
	out->size--; /* without the closing brace: `data` is the last member */
	buffer_text(out, ",\"data\":");
	if (event->type->schema != NULL)
		json_encode(out, event->type->schema, event->body);
	else
		buffer_text(out, "{}");
	buffer_text(out, "}");
}

/* The contract's index of a CloudEvents type such as "comanda.order.placed.v1"; -1: this build does not know it. */
static int find_type(const struct contract *contract, const char *type)
{
	const size_t prefix = sizeof(type_prefix) - 1;
	const char *dot = strrchr(type, '.');
	char name[100];
	int version = 0;

	if (strncmp(type, type_prefix, prefix) != 0 || dot == NULL || dot < type + prefix || dot[1] != 'v')
		return -1;
	const size_t size = (size_t)(dot - type) - prefix;
	if (size == 0 || size >= sizeof(name))
		return -1;
	for (const char *digit = dot + 2; *digit != '\0'; digit++) {
		if (*digit < '0' || *digit > '9' || version > 999)
			return -1;
		version = version * 10 + (*digit - '0');
	}
	memcpy(name, type + prefix, size);
	name[size] = '\0';
	return version == 0 ? -1 : contract_find(contract, name, version);
}

enum status cloudevent_read(const struct json *json, const struct contract *contract, struct arena *arena,
			    struct faults *faults, struct message *ret_message, const struct json **ret_data)
{
	struct envelope envelope;

	schema_blank(&envelope_schema, &envelope);
	const enum status status = json_read(json, &envelope_schema, UNKNOWN_IGNORED, arena, faults, &envelope);
	if (status != OK)
		return status;
	if (strcmp(envelope.specversion, "1.0") != 0) {
		faults_add(faults, arena, "specversion", "must be 1.0, the only version of CloudEvents known here");
		return E_INVALID;
	}
	*ret_message = (struct message){
		.type = find_type(contract, envelope.type),
		.id = envelope.id,
		.subject = envelope.subject,
		.sequence = envelope.sequence == INT_ABSENT ? 0 : envelope.sequence,
		.time_us = envelope.time,
		.deadline_us = INT64_MAX,
		.traceparent = envelope.traceparent,
	};
	*ret_data = json_member(json, "data");
	if (ret_message->type >= 0 && contract->types[ret_message->type].kind != REQUEST)
		return OK;
	faults_add(faults, arena, "type", "%s is not an event that this build knows", envelope.type);
	return E_UNKNOWN_TYPE;
}
