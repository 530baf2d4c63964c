/* Decoding a request. Each part is checked by a function of its own, in the order that the API promises. */
#include "edge/request_decode.h"

#include <assert.h>
#include <string.h>

#include "edge/headers.h"
#include "edge/urlencoded.h"
#include "proto/messages.h"

static const struct problem none = {.status = 0};

/* ---- schemas ---- */

/* The fields that the edge fills: the id from the path, the version from If-Match. */
static const char *const edge_fields[] = {"id", "expected_version"};

static bool is_edge_field(const char *name)
{
	for (size_t i = 0; i < sizeof(edge_fields) / sizeof(edge_fields[0]); i++)
		if (strcmp(edge_fields[i], name) == 0)
			return true;
	return false;
}

static size_t count_fields(const struct schema *schema)
{
	size_t count = 0;

	while (schema->fields[count].name != NULL)
		count++;
	return count;
}

const struct schema *public_schema(struct arena *arena, const struct schema *schema, const struct field *extra)
{
	struct schema *made = arena_new(arena, 1, sizeof(*made));
	struct field *fields = arena_new(arena, count_fields(schema) + 2, sizeof(*fields));
	size_t count = 0;

	for (const struct field *field = schema->fields; field->name != NULL; field++)
		if (!is_edge_field(field->name))
			fields[count++] = *field;
	*made = (struct schema){.name = schema->name, .size = schema->size, .fields = fields};
	if (extra != NULL) {
		fields[count] = *extra;
		fields[count].offset = schema->size;
		made->size += sizeof(void *);
	}
	return made;
}

/* A form or a query as JSON, in the arena. */
static struct problem form_text(struct call *call, struct span form, const struct schema *schema, struct span *ret_json)
{
	struct buffer text;
	enum status status = OK;

	buffer_init(&text);
	status = urlencoded_to_json(form, schema, &text);
	*ret_json = (struct span){arena_copy(call->arena, text.bytes, text.size), text.size};
	buffer_done(&text);
	if (status != OK)
		return problem_of(status, "The query or form is not percent-encoded UTF-8.");
	return none;
}

struct problem call_decode(struct call *call, struct span json, const struct schema *schema, void **ret_body)
{
	const char *what = (call->route->options & QUERY) != 0 ? "The query" : "The body";
	struct faults faults = {.count = 0};
	enum status status = json_decode(json, schema, UNKNOWN_REFUSED, call->arena, &faults, ret_body);

	return status == OK ? none : problem_of_faults(status, what, &faults, call->arena);
}

static struct problem refuse_query(struct call *call)
{
	const char *query = call->request->query;

	if (query == NULL || *query == '\0')
		return none;
	return problem_of(E_MALFORMED, "This path takes no query.");
}

/* A query names fields of the message. Every fault of a query is a 400, because the query is a part of the URI. */
static struct problem read_query(struct call *call, const struct schema *schema, void **ret_body)
{
	const char *query = call->request->query != NULL ? call->request->query : "";
	struct span text = {NULL, 0};
	struct problem problem = form_text(call, span_of(query), schema, &text);

	if (problem.status == 0 && json_scan_member(text, "limit").size == 0) {
		query = arena_format(call->arena, "limit=%d&%s", PAGE_DEFAULT, query);
		problem = form_text(call, span_of(query), schema, &text);
	}
	if (problem.status == 0)
		problem = call_decode(call, text, schema, ret_body);
	if (problem.status != 0) {
		struct problem plain = problem_of(E_MALFORMED, NULL);

		problem.status = plain.status;
		problem.code = plain.code;
	}
	return problem;
}

/* ---- bodies ---- */

static const char json_type[] = "application/json";
static const char patch_type[] = "application/merge-patch+json";
static const char form_type[] = "application/x-www-form-urlencoded";

static bool is_form(const struct call *call)
{
	const char *type = http_header(call->request, "Content-Type");

	return (call->route->options & FORM) != 0 && type != NULL && header_media_type_is(type, form_type);
}

static struct problem check_media_type(struct call *call)
{
	const char *type = http_header(call->request, "Content-Type");
	bool patch = strcmp(call->route->method, "PATCH") == 0;

	/* Without a body there is no media type to check. */
	if ((call->route->options & (BODY | BODY_OPTIONAL)) == 0 || call->request->body.size == 0)
		return none;
	if (type != NULL && (header_media_type_is(type, json_type) || is_form(call) ||
			     (patch && header_media_type_is(type, patch_type))))
		return none;
	http_add_header(call->response, call->arena, patch ? "Accept-Patch" : "Accept-Post",
			patch                                ? "application/json, application/merge-patch+json"
			: (call->route->options & FORM) != 0 ? "application/json, application/x-www-form-urlencoded"
							     : json_type);
	return problem_http(415, NULL);
}

struct problem call_read_body_text(struct call *call, const struct schema *schema, struct span *ret_json)
{
	struct span body = call->request->body;

	if (is_form(call))
		return form_text(call, body, schema, ret_json);
	if (body.size == 0 && (call->route->options & BODY_OPTIONAL) == 0)
		return problem_of(E_MALFORMED, "A body is needed: a JSON object.");
	*ret_json = body.size > 0 ? body : span_of("{}");
	return none;
}

static struct problem read_body(struct call *call, const struct schema *schema, void **ret_body)
{
	struct span json = {NULL, 0};
	struct problem problem = call_read_body_text(call, schema, &json);

	return problem.status != 0 ? problem : call_decode(call, json, schema, ret_body);
}

/* ---- path and headers ---- */

static struct problem read_id(struct call *call)
{
	if (call->path_id.size > 0 && uuid_parse(call->path_id.bytes, call->path_id.size, &call->subject) != OK)
		return problem_of(E_MALFORMED, "The id in the path is not a UUID.");
	return none;
}

static struct problem read_if_match(struct call *call)
{
	const char *value = http_header_list(call->request, "If-Match");

	if (value == NULL || strcmp(call->route->method, "GET") == 0)
		return none;
	if (header_if_match(value, &call->expected_version) != OK)
		return problem_of(E_MALFORMED, "If-Match must be one entity tag, such as \"3\" with its quotes, or *.");
	if ((call->route->options & VERSIONED) == 0 && call->expected_version != INT_ABSENT)
		return problem_of(E_PRECONDITION, "This has no entity tag, so none can match.");
	return none;
}

/* The operation, the user and the key make the message's id, so that the service recognises a repeat. */
static struct problem read_key(struct call *call)
{
	const char *value = http_header(call->request, "Idempotency-Key"), *key = NULL, *text = NULL;
	char user[UUID_TEXT + 1] = "nobody", subject[UUID_TEXT + 1] = "";

	if ((call->route->options & (KEY_OPTIONAL | KEY_REQUIRED)) == 0)
		return none;
	if (value == NULL && (call->route->options & KEY_REQUIRED) != 0)
		return problem_of(E_MALFORMED, "An Idempotency-Key header is needed here, so that a repeat cannot do "
					       "it twice: any text that is new for each intent.");
	if (value == NULL)
		return none;
	if (header_idempotency_key(value, call->arena, &key) != OK)
		return problem_of(E_MALFORMED, "Idempotency-Key must be 1 to 255 visible ASCII characters, quoted or "
					       "not.");
	if (!uuid_is_nil(&call->caller.user_id))
		uuid_text(&call->caller.user_id, user);
	if (call->path_id.size > 0)
		uuid_text(&call->subject, subject);
	text = arena_format(call->arena, "%s %s\n%s\n%s\n%s", call->route->method, call->route->path, subject, user,
			    key);
	call->id = uuid_of_text("idempotency-key", text, strlen(text));
	call->has_key = true;
	return none;
}

void call_narrow_key(struct call *call, const char *subject)
{
	char before[UUID_TEXT + 1];
	const char *text = NULL;

	if (!call->has_key)
		return;
	uuid_text(&call->id, before);
	text = arena_format(call->arena, "%s\n%s", before, subject);
	call->id = uuid_of_text("idempotency-key-of", text, strlen(text));
}

struct problem call_read_headers(struct call *call)
{
	struct problem problem = check_media_type(call);

	if (problem.status == 0)
		problem = read_id(call);
	if (problem.status == 0)
		problem = read_if_match(call);
	if (problem.status == 0)
		problem = read_key(call);
	if (problem.status == 0 && (call->route->options & QUERY) == 0)
		problem = refuse_query(call);
	return problem;
}

static struct problem read_fields(struct call *call, const struct schema *schema, void **ret_body)
{
	if ((call->route->options & QUERY) != 0)
		return read_query(call, schema, ret_body);
	if ((call->route->options & (BODY | BODY_OPTIONAL)) != 0)
		return read_body(call, public_schema(call->arena, schema, NULL), ret_body);
	*ret_body = arena_new(call->arena, 1, schema->size);
	schema_blank(schema, *ret_body);
	return none;
}

/* Sets the fields that the edge fills. */
static void fill_edge_fields(const struct call *call, const struct schema *schema, void *body)
{
	assert(body != NULL);
	for (const struct field *field = schema->fields; field->name != NULL; field++) {
		char *place = (char *)body + field->offset;

		if (strcmp(field->name, "id") == 0)
			memcpy(place, &call->subject, sizeof(call->subject));
		else if (strcmp(field->name, "expected_version") == 0)
			memcpy(place, &call->expected_version, sizeof(call->expected_version));
	}
}

struct problem call_read_message(struct call *call, void **ret_body)
{
	const struct schema *schema = comanda_contract.types[call->route->type].schema;
	struct problem problem = call_read_headers(call);
	void *body = NULL;

	if (problem.status == 0 && schema != NULL)
		problem = read_fields(call, schema, &body);
	if (problem.status != 0)
		return problem;
	if (schema != NULL)
		fill_edge_fields(call, schema, body);
	*ret_body = body;
	return none;
}
