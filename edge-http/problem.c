/* Problems: the tables of codes and texts, and the JSON. */
#include "edge/problem.h"

#include <string.h>

#include "comanda/rpc.h"

static const struct {
	int status;
	const char *code, *detail;
} http_problems[] = {
	{400, "bad_request", "The request cannot be read."},
	{404, "not_found", "There is nothing at this path."},
	{405, "method_not_allowed", "This path does not know this method; the Allow header names those it knows."},
	{408, "request_timeout", "The request did not arrive in time."},
	{411, "length_required", "A body needs a Content-Length."},
	{413, "content_too_large", "The body is longer than is accepted."},
	{414, "uri_too_long", "The URI is longer than is accepted."},
	{415, "unsupported_media_type", "This Content-Type is not accepted here."},
	{417, "expectation_failed", "Only \"Expect: 100-continue\" can be met."},
	{429, "too_many_requests", "Too many requests: try again after the time in Retry-After."},
	{431, "headers_too_large", "The headers are more or longer than is accepted."},
	{500, "internal", "Something is broken on our side."},
	{501, "not_implemented", "This server does not know what is asked for."},
	{503, "unavailable", "Not available at present: try again."},
	{505, "version_not_supported", "This server speaks HTTP/1.1 and HTTP/1.0."},
};

/* The default text of a status. */
static const char *const status_details[STATUS_COUNT] = {
	[E_MALFORMED] = "The request cannot be read.",
	[E_INVALID] = "The request is well formed, and not acceptable.",
	[E_UNAUTHENTICATED] = "Sign in first: this needs a valid access token.",
	[E_FORBIDDEN] = "You are signed in, and may not do this.",
	[E_NOT_FOUND] = "There is no such thing, or it is not yours to see.",
	[E_CONFLICT] = "The present state does not allow this.",
	[E_PRECONDITION] = "It was changed in the meantime: fetch it again, then decide.",
	[E_KEY_REUSED] = "This Idempotency-Key was used for another request: use a new one.",
	[E_EXPIRED] = "It came too late to be done, and was not done: try again.",
	[E_BUSY] = "Too much is in progress: try again after the time in Retry-After.",
	[E_UNAVAILABLE] = "What is needed for this is not available at present: try again.",
	[E_TIMEOUT] = "There was no answer in time.",
	[E_RETRY] = "This could not be finished: try again.",
	[E_UNKNOWN_TYPE] = "This is being rolled out and not known everywhere yet: try again.",
	[E_INTERNAL] = "Something is broken on our side; X-Request-Id helps to find out what.",
};

/* The text after a timeout, when the edge does not know whether the service did the work. */
static const char *const unknown_outcome[] = {
	[READS] = "There was no answer in time: try again.",
	[WRITES] = "There was no answer in time. Whether it was done is not known: look before you repeat it.",
	[WRITES_WITH_KEY] = ("There was no answer in time. Whether it was done is not known: "
			     "repeat it with the same Idempotency-Key, and it will not be done twice."),
};

struct problem problem_http(int status, const char *detail)
{
	for (size_t i = 0; i < sizeof(http_problems) / sizeof(http_problems[0]); i++)
		if (http_problems[i].status == status)
			return (struct problem){.status = status,
						.code = http_problems[i].code,
						.detail = detail != NULL ? detail : http_problems[i].detail};
	return (struct problem){.status = status, .code = "refused", .detail = detail};
}

struct problem problem_of(enum status status, const char *detail)
{
	const struct status_rule *rule = status_rule(status);

	/* A status below 400 is not an error, so this is a bug of the caller. */
	if (rule->http < 400)
		return problem_of(E_INTERNAL, NULL);
	return (struct problem){
		.status = rule->http, .code = rule->code, .detail = detail != NULL ? detail : status_details[status]};
}

static void add_fault(struct buffer *out, const char *field, const char *message)
{
	buffer_text(out, out->size == 0 ? "[" : ",");
	buffer_text(out, "{\"field\":");
	json_quote(out, field);
	buffer_text(out, ",\"message\":");
	json_quote(out, message);
	buffer_text(out, "}");
}

static struct span arena_span(struct arena *arena, const struct buffer *text)
{
	return (struct span){arena_copy(arena, text->bytes, text->size), text->size};
}

struct problem problem_of_faults(enum status status, const char *what, const struct faults *faults, struct arena *arena)
{
	size_t room = sizeof(faults->items) / sizeof(faults->items[0]);
	size_t shown = faults->count < room ? faults->count : room;
	const struct fault *first = &faults->items[0];
	struct problem problem = problem_of(status, NULL);
	struct buffer text;

	if (faults->count == 0)
		return problem;
	buffer_init(&text);
	for (size_t i = 0; i < shown; i++)
		add_fault(&text, faults->items[i].field, faults->items[i].message);
	buffer_text(&text, "]");
	/* A text that is not JSON has no fields. */
	if (status != E_MALFORMED || first->field[0] != '\0')
		problem.errors = arena_span(arena, &text);
	buffer_done(&text);
	if (faults->count > 1)
		problem.detail = arena_format(arena, "%s has %zu faults.", what, faults->count);
	else
		problem.detail = first->field[0] == '\0'
					 ? arena_format(arena, "%s %s.", what, first->message)
					 : arena_format(arena, "%s: \"%s\" %s.", what, first->field, first->message);
	return problem;
}

/* A refusal with a field becomes an error of this field. */
static struct span errors_of(const struct rpc_reply *reply, const char *detail, struct arena *arena)
{
	struct buffer text;
	struct span errors = reply->errors;

	if (errors.size > 0 || reply->field == NULL)
		return errors;
	buffer_init(&text);
	add_fault(&text, reply->field, detail);
	buffer_text(&text, "]");
	errors = arena_span(arena, &text);
	buffer_done(&text);
	return errors;
}

struct problem problem_of_reply(const struct rpc_reply *reply, enum request_effect effect, struct arena *arena)
{
	struct problem problem = problem_of(reply->status, NULL);
	bool unknown = reply->status == E_TIMEOUT ||
		       (reply->sent && (reply->status == E_UNAVAILABLE || reply->status == E_BUSY));

	/* The details of an internal error are only in the log. */
	if (problem.status == 500)
		return problem;
	if (reply->code != NULL)
		problem.code = reply->code;
	if (reply->detail != NULL)
		problem.detail = reply->detail;
	if (unknown && reply->code == NULL)
		problem.detail = unknown_outcome[effect];
	problem.errors = errors_of(reply, problem.detail, arena);
	return problem;
}

static void add_member(struct buffer *out, const char *name, const char *value)
{
	buffer_format(out, ",\"%s\":", name);
	json_quote(out, value);
}

void problem_respond(const struct problem *problem, const struct http_request *request,
		     struct http_response *ret_response)
{
	struct arena *arena = request->arena;
	struct buffer text;

	buffer_init(&text);
	buffer_text(&text, "{\"type\":\"about:blank\"");
	add_member(&text, "title", http_status_words(problem->status));
	buffer_format(&text, ",\"status\":%d", problem->status);
	add_member(&text, "detail", problem->detail);
	add_member(&text, "instance", request->path);
	add_member(&text, "code", problem->code);
	if (problem->errors.size > 0) {
		buffer_text(&text, ",\"errors\":");
		buffer_add(&text, problem->errors.bytes, problem->errors.size);
	}
	if (problem->members.size > 0) {
		buffer_text(&text, ",");
		buffer_add(&text, problem->members.bytes, problem->members.size);
	}
	buffer_text(&text, "}");
	ret_response->status = problem->status;
	ret_response->body = arena_span(arena, &text);
	buffer_done(&text);
	http_add_header(ret_response, arena, "Content-Type", "application/problem+json");
	http_add_header(ret_response, arena, "Cache-Control", "no-store");
	if (problem->status == 503 || problem->status == 429)
		http_add_header(ret_response, arena, "Retry-After",
				arena_format(arena, "%lld",
					     problem->retry_after_s > 0 ? (long long)problem->retry_after_s : 1LL));
	if (problem->status == 401)
		http_add_header(ret_response, arena, "WWW-Authenticate",
				http_header(request, "Authorization") != NULL ? "Bearer error=\"invalid_token\""
									      : "Bearer");
}
