/* The HTTP server: civetweb, and the checks that civetweb does not make.
 *
 * begin_request answers every request, and there is no document root. So civetweb's code that serves files is never
 * reached (CVE-2025-55763 is in it). Its header parser accepts input about whose end two programs can disagree (request
 * smuggling, RFC 9112 section 11.2). So the parsed headers are compared with the bytes that were received. */
#include "http/http.h"

#include <assert.h>
#include <civetweb.h>
#include <stdio.h>
#include <string.h>

#include "core/timestamp.h"
#include "http/exchange.h"
#include "http/slow_writer.h"
#include "http/tls.h"
#include "telemetry/log.h"

enum {
	/* civetweb answers 400 to headers that do not fit into its buffer. Its buffer is much larger than our limits,
	 * so that our checks refuse them first, with the right status. Unused pages of the buffer take no memory. */
	BUFFER_SLACK = 128 * 1024,
};

static struct http_server *server_of(const struct mg_connection *connection)
{
	return mg_get_user_data(mg_get_context(connection));
}

static int connection_opened(const struct mg_connection *connection, void **ret_data)
{
	*ret_data = connection_state_new(server_of(connection)->guard);
	return 0;
}

static int log_message(const struct mg_connection *connection, const char *message)
{
	(void)connection;
	log_debug("http.server", kv_text("detail", message));
	return 1;
}

/* The checks before the program sees the request, in this order. */
static struct http_refusal check_request(struct http_exchange *exchange)
{
	const struct http_config *config = &exchange->server->config;
	const struct http_request *request = &exchange->request;
	size_t uri_bytes = strlen(request->path) + (request->query != NULL ? strlen(request->query) + 1 : 0);
	struct http_refusal refusal = {0};

	if (connection_is_over_limit(exchange->state->guarded))
		return (struct http_refusal){429, "comes over one connection too many from its address"};
	if (uri_bytes > (size_t)config->uri_max)
		return (struct http_refusal){414, "has a longer URI than is accepted"};
	if (http_header_bytes(request) > (size_t)config->header_bytes_max ||
	    request->header_count > config->headers_max)
		return (struct http_refusal){431, "has more or longer headers than are accepted"};
	if (!http_headers_whole(request))
		return (struct http_refusal){400, "has header lines that are not as RFC 9112 says"};
	refusal = http_read_framing(request, exchange->http_11, &exchange->framing);
	if (refusal.status != 0)
		return refusal;
	if (exchange->framing.length > config->body_max)
		return (struct http_refusal){413, "has a longer body than is accepted"};
	return refusal;
}

/* ---- civetweb's callbacks ---- */

/* civetweb sets the path and query only before begin_request. Before, they point to the previous request's, which may
 * be another client's. */
static void set_target(struct http_exchange *exchange)
{
	const struct mg_request_info *info = mg_get_request_info(exchange->civetweb);

	if (info->local_uri_raw != NULL)
		exchange->request.path = info->local_uri_raw;
	exchange->request.query = info->query_string;
}

static struct http_exchange *begin(struct mg_connection *connection)
{
	return exchange_begin(server_of(connection), connection, mg_get_user_connection_data(connection));
}

static int begin_request(struct mg_connection *connection)
{
	struct http_exchange *exchange = begin(connection);
	struct http_refusal refusal;

	set_target(exchange);
	if (exchange->state->cut)
		return exchange_give_up(exchange);
	refusal = check_request(exchange);
	if (refusal.status == 0 && atomic_load(&exchange->server->stopping))
		refusal = (struct http_refusal){503, "came while the server is stopping"};
	if (refusal.status == 0)
		refusal = exchange_read_body(exchange);
	if (refusal.status == 0)
		return exchange_answer(exchange);
	exchange_refuse(exchange, refusal.status, refusal.detail);
	return refusal.status;
}

static int refuse_request(struct mg_connection *connection, int status, const char *message)
{
	struct http_exchange *exchange = begin(connection);
	const bool aborted = connection_is_aborted(exchange->state->guarded);
	const struct http_refusal refusal = http_refusal_of_civetweb(&exchange->request, aborted ? 408 : status);

	(void)message;
	exchange->state->refused = true;
	exchange_refuse(exchange, refusal.status, refusal.detail);
	return 0;
}

/* civetweb calls this before it closes the socket, and also when a TLS handshake failed. Then there is no state. */
static void connection_closes(const struct mg_connection *connection)
{
	struct connection_state *state = mg_get_user_connection_data(connection);
	const struct mg_request_info *info = NULL;

	if (state == NULL)
		return;
	/* civetweb closes the connection without an answer when the target is not a path ("*", "http://elsewhere/"). */
	info = mg_get_request_info(connection);
	/* The callback's parameter is const, but the connection can still be written to. */
	if (info != NULL && info->request_uri != NULL && info->local_uri_raw == NULL && !state->refused)
		exchange_refuse(begin((struct mg_connection *)(uintptr_t)connection), 400,
				"is for something else than a path of this server");
	connection_state_free(state, server_of(connection)->guard);
}

/* ---- starting and stopping ---- */

/* Returns 1: civetweb uses the context as it is. */
static int give_tls_context(void **ret_context, void *user_data)
{
	const struct http_server *server = user_data;

	*ret_context = server->tls;
	return 1;
}

static struct mg_context *start_civetweb(struct http_server *server)
{
	const struct http_config *config = &server->config;
	const struct mg_callbacks callbacks = {.begin_request = begin_request,
					       .http_error = refuse_request,
					       .log_message = log_message,
					       .init_connection = connection_opened,
					       .connection_close = connection_closes,
					       .external_ssl_ctx = give_tls_context};
	char listen[128], threads[16], buffer[24], receive[24], idle[24];
	/* clang-format off */
	const char *options[] = {
		"listening_ports",          listen,
		"num_threads",              threads,
		"enable_keep_alive",        "yes",
		"keep_alive_timeout_ms",    idle,
		"request_timeout_ms",       receive,
		"max_request_size",         buffer,
		"tcp_nodelay",              "1",
		"decode_url",               "no",
		"listen_backlog",           "511",
		"connection_queue",         "128",
		"enable_auth_domain_check", "no",
		NULL,
	};
	/* clang-format on */
	struct mg_init_data init = {.callbacks = &callbacks, .user_data = server, .configuration_options = options};

	/* The guard closes idle connections. civetweb does not know about deferred answers, so its own idle timeout
	 * must never come first. Its other timeout is per part of a request or answer, and the guard's is shorter. */
	const int64_t idle_us = config->idle_timeout_us + HOUR_US;

	snprintf(listen, sizeof(listen), strchr(config->address, ':') != NULL ? "[%s]:%d%s" : "%s:%d%s",
		 config->address, config->port, server->tls != NULL ? "s" : "");
	snprintf(threads, sizeof(threads), "%d", config->threads);
	snprintf(buffer, sizeof(buffer), "%lld",
		 (long long)(config->uri_max + config->header_bytes_max + BUFFER_SLACK));
	snprintf(receive, sizeof(receive), "%lld", (long long)((write_timeout_us(config) + SECOND_US) / MS_US));
	snprintf(idle, sizeof(idle), "%lld", (long long)(idle_us / MS_US));
	return mg_start2(&init, NULL);
}

static struct connection_guard_config guard_config_of(const struct http_server *server)
{
	const struct http_config *config = &server->config;

	return (struct connection_guard_config){.connections_max = config->threads,
						.connections_per_address = config->connections_per_address,
						.exempt_addresses = config->exempt_addresses,
						.header_timeout_us = config->header_timeout_us,
						.idle_timeout_us = config->idle_timeout_us,
						.body_timeout_us = config->body_timeout_us,
						.write_timeout_us = write_timeout_us(config),
						.overload_timeout_us = config->overload_timeout_us,
						.stop_timeout_us = config->stop_timeout_us / 2,
						.stop_us = &server->stop_us};
}

enum status http_start(const struct http_config *config, struct http_server **ret_server)
{
	struct http_server *server = mem_new(1, sizeof(*server));
	struct connection_guard_config guard_config;

	assert(config->headers_max < MG_MAX_HEADERS);
	server->config = *config;
	if (config->certificate != NULL && http_tls_new(config->certificate, config->key, &server->tls) != OK) {
		free(server);
		return E_INVALID;
	}
	guard_config = guard_config_of(server);
	server->guard = connection_guard_new(&guard_config);
	server->slow_writer = slow_writer_new();
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->idle, NULL);
	mg_init_library(server->tls != NULL ? MG_FEATURES_TLS : MG_FEATURES_DEFAULT);
	server->civetweb = start_civetweb(server);
	if (server->civetweb == NULL) {
		http_stop(server);
		return E_UNAVAILABLE;
	}
	connection_guard_open(server->guard, http_port(server));
	*ret_server = server;
	return OK;
}

bool http_supports_ipv6(void)
{
	return mg_check_feature(MG_FEATURES_IPV6) != 0;
}

int http_port(const struct http_server *server)
{
	struct mg_server_port port = {0};

	if (mg_get_server_ports(server->civetweb, 1, &port) < 1)
		return 0;
	return port.port;
}

void http_stop(struct http_server *server)
{
	if (server == NULL)
		return;
	/* civetweb stops sending as soon as mg_stop is called, so running requests are answered first. */
	atomic_store(&server->stop_us, monotonic_now());
	slow_writer_recheck(server->slow_writer);
	pthread_mutex_lock(&server->lock);
	atomic_store(&server->stopping, true);
	while (server->running > 0)
		pthread_cond_wait(&server->idle, &server->lock);
	pthread_mutex_unlock(&server->lock);
	/* civetweb's threads check only every two seconds whether they must stop. The guard wakes them. */
	connection_guard_close(server->guard);
	if (server->civetweb != NULL)
		mg_stop(server->civetweb);
	mg_exit_library();
	slow_writer_free(server->slow_writer);
	request_buffers_free(server);
	connection_guard_free(server->guard);
	http_tls_free(server->tls);
	pthread_cond_destroy(&server->idle);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

int http_get_status(int port, const char *path, int64_t timeout_us)
{
	char error[128];
	int status = 0;

	mg_init_library(0);
	struct mg_connection *connection = mg_connect_client("127.0.0.1", port, 0, error, sizeof(error));
	if (connection != NULL) {
		mg_printf(connection, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
		if (mg_get_response(connection, error, sizeof(error), (int)(timeout_us / MS_US)) > 0)
			status = mg_get_response_info(connection)->status_code;
		mg_close_connection(connection);
	}
	mg_exit_library();
	return status;
}
