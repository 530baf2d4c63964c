/* POST /v1/auth/token: one path, two messages, by grant_type (RFC 6749 sections 4.3 and 6). */
#include "edge/call.h"
#include "edge/rate_limits.h"
#include "edge/request_decode.h"
#include "proto/messages.h"

#include <string.h>

static const char *const grant_names[] = {"password", "refresh_token", NULL};
static const struct field grant_field = {.name = "grant_type", .type = F_ENUM, .rules = REQUIRED, .names = grant_names};

/* The body holds grant_type and the fields of a message. grant_type decides which message it is. */
static struct problem choose_message(struct call *call, struct span text, int *ret_type)
{
	const struct json *json = NULL;
	const char *grant = NULL;
	struct faults faults = {.count = 0};
	enum status status = json_parse(call->arena, text, &faults, &json);

	if (status != OK)
		return problem_of_faults(status, "The body", &faults, call->arena);
	grant = json_text(json_member(json, grant_field.name));
	if (grant != NULL && strcmp(grant, "password") == 0)
		*ret_type = TOKENS_GRANT;
	else if (grant != NULL && strcmp(grant, "refresh_token") == 0)
		*ret_type = TOKENS_REFRESH;
	else
		faults_add(&faults, call->arena, grant_field.name, "must be \"password\" or \"refresh_token\"");
	return faults.count == 0 ? (struct problem){.status = 0}
				 : problem_of_faults(E_INVALID, "The body", &faults, call->arena);
}

struct problem grant_token(struct call *call)
{
	int type = TOKENS_GRANT;
	struct span text = {NULL, 0};
	void *body = NULL;
	struct attempt attempt = {.counted = false};
	struct rpc_reply reply;
	struct problem problem = call_read_headers(call);

	if (problem.status == 0)
		problem = call_read_body_text(call, comanda_contract.types[type].schema, &text);
	if (problem.status == 0)
		problem = choose_message(call, text, &type);
	if (problem.status == 0)
		problem = call_decode(call, text,
				      public_schema(call->arena, comanda_contract.types[type].schema, &grant_field),
				      &body);
	if (problem.status == 0 && type == TOKENS_GRANT)
		problem = rate_limits_begin_attempt(call, ((const struct tokens_grant *)body)->email, &attempt);
	if (problem.status != 0)
		return problem;
	problem = call_forward(call, type, body, NULL, &reply);
	rate_limits_end_attempt(call, &attempt, &problem, 401);
	if (problem.status == 0)
		call_pass_reply(call, &reply);
	return problem;
}
