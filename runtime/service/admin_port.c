/* Three paths, two threads. */
#include "comanda/program.h"

#include <string.h>

#include "core/timestamp.h"
#include "http/http.h"
#include "telemetry/metrics.h"
#include "telemetry/process.h"

struct admin_port {
	struct http_server *server;
	bool (*ready)(void *context, struct buffer *why);
	void *context;
};

static void respond(const struct http_request *request, struct http_response *response, int status, struct buffer *text)
{
	response->status = status;
	response->body = (struct span){arena_copy(request->arena, text->bytes, text->size), text->size};
	http_add_header(response, request->arena, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	buffer_done(text);
}

static void answer(void *context, const struct http_request *request, struct http_response *ret_response)
{
	struct admin_port *admin = context;
	struct buffer text;
	int status = 200;

	buffer_init(&text);
	if (strcmp(request->path, "/healthz") == 0) {
		buffer_text(&text, "alive\n");
	} else if (strcmp(request->path, "/readyz") == 0) {
		if (admin->ready(admin->context, &text))
			buffer_text(&text, "ready\n");
		else
			status = 503;
	} else if (strcmp(request->path, "/metrics") == 0) {
		process_measure();
		metrics_print(&text);
	} else {
		status = 404;
		buffer_text(&text, "there are /healthz, /readyz and /metrics\n");
	}
	respond(request, ret_response, status, &text);
}

static void refuse(void *context, int status, const char *detail, const struct http_request *request,
		   struct http_response *ret_response)
{
	struct buffer text;

	(void)context;
	buffer_init(&text);
	buffer_format(&text, "%s\n", detail);
	respond(request, ret_response, status, &text);
}

enum status admin_port_start(const char *address, int port, bool (*ready)(void *context, struct buffer *why),
			     void *context, struct admin_port **ret_admin)
{
	struct admin_port *admin = mem_new(1, sizeof(*admin));

	admin->ready = ready;
	admin->context = context;
	const struct http_config config = {
		.address = address,
		.port = port,
		.threads = 2,
		.body_max = 1024,
		.uri_max = 1024,
		.header_bytes_max = 8192,
		.headers_max = 32,
		.header_timeout_us = 5 * SECOND_US,
		.body_timeout_us = 5 * SECOND_US,
		.idle_timeout_us = 5 * SECOND_US,
		.overload_timeout_us = SECOND_US,
		.stop_timeout_us = 2 * SECOND_US,
		.answer = answer,
		.refuse = refuse,
		.context = admin,
	};
	const enum status status = http_start(&config, &admin->server);
	if (status != OK) {
		free(admin);
		return status;
	}
	*ret_admin = admin;
	return OK;
}

int admin_port_number(const struct admin_port *admin)
{
	return http_port(admin->server);
}

void admin_port_stop(struct admin_port *admin)
{
	if (admin == NULL)
		return;
	http_stop(admin->server);
	free(admin);
}
