/* Stubs of services and keys: rpc_call, rpc_call_async, auth_remembers and auth_verify replace those of
 * runtime/rpc/rpc.c and auth.c. All other code is the edge's own. */
#include "tests/fuzz/stubs.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "http/message.h"
#include "proto/messages.h"
#include "rpc/wire.h"
#include "telemetry/log.h"
#include "tests/fuzz/fuzz.h"

#define ID "01930000-0000-7000-8000-000000000001"

struct edge played_edge;

static struct edge_settings settings;
static _Atomic unsigned chosen;

static const struct answer {
	enum status status;
	const char *data, *code, *errors;
} answers[] = {
	{OK, "{\"id\":\"" ID "\",\"status\":\"confirmed\",\"version\":3}", NULL, NULL},
	{OK, "{\"id\":\"" ID "\",\"status\":\"rejected\",\"reason\":{\"code\":\"out_of_stock\"}}", NULL, NULL},
	{OK, "{}", NULL, NULL},
	{E_NOT_FOUND, "", "not_found", NULL},
	{E_INVALID, "", NULL, "[{\"field\":\"name\",\"message\":\"is required\"}]"},
	{E_TIMEOUT, "", NULL, NULL},
};

void played_begin(void)
{
	json_init();
	log_level_set(LOG_ERROR);
	settings = (struct edge_settings){
		.cors_origins = "https://shop.example", .http_threads = 8, .rpc_deadline_us = 2 * SECOND_US};
	played_edge = (struct edge){.settings = &settings};
}

void played_choose(unsigned answer)
{
	atomic_store(&chosen, answer % (sizeof(answers) / sizeof(answers[0])));
}

/* The service must be able to read the request; its consumer parses it in this way. */
static void check_readable(const struct rpc_request *request)
{
	const struct schema *schema = comanda_contract.types[request->type].schema;
	struct faults faults = {.count = 0};
	struct rpc_items read;
	struct buffer text;
	struct arena arena;

	arena_init(&arena);
	buffer_init(&text);
	rpc_request_write(&text, &comanda_contract, request);
	const struct span body = {text.bytes, text.size};
	must(rpc_wire_read_requests(body, &comanda_contract, &arena, &read) == OK);
	must(read.count == 1 && read.items[0].status == OK);
	must(read.items[0].message.type == request->type);
	must(uuid_equal(&read.items[0].message.id, &request->id));
	must(uuid_equal(&read.items[0].message.caller.user_id, &request->caller.user_id));
	must(read.items[0].message.caller.role == request->caller.role);
	if (schema != NULL) {
		void *data = arena_new(&arena, 1, schema->size);

		schema_blank(schema, data);
		must(json_read(read.items[0].data, schema, UNKNOWN_REFUSED, &arena, &faults, data) == OK);
	}
	buffer_done(&text);
	arena_done(&arena);
}

enum status rpc_call(struct rpc *rpc, const struct rpc_request *request, struct arena *arena,
		     struct rpc_reply *ret_reply)
{
	(void)rpc, (void)arena;
	check_readable(request);
	const struct answer *answer = &answers[atomic_load(&chosen)];
	*ret_reply = (struct rpc_reply){.status = answer->status,
					.data = span_of(answer->data),
					.code = answer->code,
					.errors = span_of(answer->errors != NULL ? answer->errors : ""),
					.sent = true};
	return answer->status;
}

void rpc_call_async(struct rpc *rpc, const struct rpc_request *request, struct arena *arena, rpc_done *done,
		    void *context)
{
	struct rpc_reply reply;

	(void)!rpc_call(rpc, request, arena, &reply);
	done(context, &reply);
}

/* Tokens are names here; tests/fuzz/token.c tests real tokens. */
bool auth_remembers(struct auth *auth, const char *token, struct caller *ret_caller)
{
	(void)auth, (void)token, (void)ret_caller;
	return false;
}

enum status auth_verify(struct auth *auth, const char *token, struct arena *arena, struct caller *ret_caller)
{
	(void)auth, (void)arena;
	if (strcmp(token, "admin") != 0 && strcmp(token, "ann") != 0)
		return E_UNAUTHENTICATED;
	*ret_caller = (struct caller){.user_id = {{(uint8_t)token[1]}},
				      .role = token[1] == 'd' ? CALLER_ADMIN : CALLER_CUSTOMER};
	return OK;
}

static void check_header(const struct http_header *header)
{
	for (const char *at = header->value; *at != '\0'; at++)
		must((unsigned char)*at >= ' ' && *at != 0x7f);
}

void played_check(const struct http_request *request, const struct http_response *response)
{
	const struct http_request seen = {.headers = response->headers, .header_count = response->header_count};
	const char *type = http_header(&seen, "Content-Type");
	struct faults faults = {.count = 0};
	const struct json *json;
	struct buffer out;

	must(response->status >= 200 && response->status <= 599 && response->status != 500);
	for (int i = 0; i < response->header_count; i++)
		check_header(&response->headers[i]);
	if (type != NULL && strstr(type, "json") != NULL)
		must(json_parse(request->arena, response->body, &faults, &json) == OK);
	buffer_init(&out);
	http_print_response(&out, response, request->method, "Sat, 01 Jan 2028 00:00:00 GMT", true);
	buffer_done(&out);
}
