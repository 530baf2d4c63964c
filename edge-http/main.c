/* edge-http: the REST API. Creates the parts and connects them. */
#include <string.h>

#include "comanda/program.h"
#include "edge/call.h"
#include "edge/rate_limits.h"
#include "proto/messages.h"

/* A browser may be made to open an answer as a page. These headers forbid it to run, frame or reinterpret the answer.
 */
#define SECURITY_HEADERS                                                                                               \
	"X-Content-Type-Options: nosniff\r\n"                                                                          \
	"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"                                      \
	"Referrer-Policy: no-referrer\r\n"

static const struct program edge_program = {.name = "edge-http",
					    .about = "the REST API of Comanda: forwards each request to a service",
					    .settings = edge_settings_table,
					    .settings_size = sizeof(struct edge_settings),
					    .log_level = offsetof(struct edge_settings, log_level),
					    .admin_port = offsetof(struct edge_settings, admin_port),
					    .otlp_url = offsetof(struct edge_settings, otlp_url),
					    .allow_debugger = offsetof(struct edge_settings, allow_debugger),
					    .print_option = "--routes",
					    .print_help = "print the routes: method, path, access, message, queue",
					    .print = routes_print};

/* Fetches the keys that sign access tokens from svc-users. */
static enum status fetch_keys(void *context, struct arena *arena, struct span *ret_jwks)
{
	struct edge *edge = context;
	int64_t now_us = timestamp_now();
	struct rpc_request request = {.type = USERS_KEYS,
				      .id = uuid_new(now_us),
				      .time_us = now_us,
				      .deadline_us = now_us + edge->settings->rpc_deadline_us,
				      .mergeable = true};
	struct rpc_reply reply;
	enum status status = rpc_call(edge->rpc, &request, arena, &reply);

	if (status == OK)
		*ret_jwks = reply.data;
	return status;
}

/* The edge is ready when it listens and has the keys of access tokens. It stays ready while svc-users or the broker is
 * away: it then answers 503. A load balancer that removed every edge would hide the cause. */
static bool edge_ready(void *context, struct buffer *why)
{
	struct edge *edge = context;
	const bool listens = atomic_load(&edge->listening) && !atomic_load(&edge->stopping);
	const bool has_keys = auth_has_keys(edge->auth);

	if (!listens)
		buffer_text(why, "not listening\n");
	if (!has_keys)
		buffer_text(why, "no keys of access tokens from svc-users yet\n");
	return listens && has_keys;
}

static struct rpc *rpc_of(const struct edge_settings *settings)
{
	const struct rpc_config config = {.broker_url = settings->broker_url,
					  .program = "edge-http",
					  .contract = &comanda_contract,
					  .heartbeat_us = settings->broker_heartbeat_us,
					  .window = (int)settings->rpc_window,
					  .in_flight_max = (int)settings->rpc_in_flight,
					  .breaker_after = (int)settings->rpc_breaker_after,
					  .breaker_pause_us = 500 * MS_US};

	return rpc_new(&config);
}

static bool has_tls(const struct edge_settings *settings)
{
	return settings->tls_certificate[0] != '\0';
}

static struct http_config http_config_of(struct edge *edge)
{
	const struct edge_settings *settings = edge->settings;

	return (struct http_config){.address = settings->http_address,
				    .port = (int)settings->http_port,
				    .certificate = has_tls(settings) ? settings->tls_certificate : NULL,
				    .key = settings->tls_key,
				    .threads = (int)settings->http_threads,
				    .body_max = settings->http_body_max,
				    .uri_max = settings->http_uri_max,
				    .header_bytes_max = settings->http_header_bytes,
				    .headers_max = (int)settings->http_headers,
				    .connections_per_address = (int)settings->http_max_connections_per_ip,
				    .exempt_addresses = edge->exempt_addresses,
				    .header_timeout_us = settings->http_header_timeout_us,
				    .body_timeout_us = settings->http_body_timeout_us,
				    .idle_timeout_us = settings->http_idle_timeout_us,
				    .overload_timeout_us = settings->http_overload_timeout_us,
				    .stop_timeout_us = settings->shutdown_timeout_us / 2,
				    .extra_headers = edge->extra_headers,
				    .answer = call_answer,
				    .refuse = call_refuse,
				    .context = edge};
}

/* Serves until a signal stops the program. */
static enum status serve(struct edge *edge)
{
	const struct http_config config = http_config_of(edge);
	struct http_server *server = NULL;
	enum status status = http_start(&config, &server);

	if (status == E_UNAVAILABLE)
		log_error("http.start", kv_text("address", config.address), kv_int("port", config.port),
			  kv_text("detail", "cannot listen on this address and port: is the port in use? "
					    "COMANDA_HTTP_PORT sets it"));
	if (status != OK)
		return status;
	atomic_store(&edge->listening, true);
	log_info("http.start", kv_text("address", config.address), kv_int("port", http_port(server)));
	program_wait();
	program_end_within(edge->settings->shutdown_timeout_us);
	atomic_store(&edge->stopping, true);
	http_stop(server);
	return OK;
}

static bool check_own_address(const struct edge_settings *settings)
{
	if (strchr(settings->http_address, ':') == NULL || http_supports_ipv6())
		return true;
	log_error("settings.addresses", kv_text("setting", "COMANDA_HTTP_ADDRESS"),
		  kv_text("detail",
			  "the HTTP library of this system is built without IPv6: listen on an IPv4 address, and "
			  "let a proxy accept IPv6"));
	return false;
}

/* Checks the addresses, and logs their faults. */
static bool check_addresses(const struct edge_settings *settings)
{
	const struct {
		const char *name, *value;
	} lists[] = {{"COMANDA_HTTP_TRUSTED_PROXIES", settings->http_trusted_proxies},
		     {"COMANDA_LIMIT_EXEMPT", settings->limit_exempt}};
	bool fit = check_own_address(settings);

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *fault = address_list_fault(lists[i].value);

		if (fault != NULL)
			log_error("settings.addresses", kv_text("setting", lists[i].name), kv_text("detail", fault));
		fit = fit && fault == NULL;
	}
	return fit;
}

/* Addresses whose connections are not limited. The connections of a proxy belong to many clients. */
static char *exempt_addresses_of(const struct edge_settings *settings)
{
	struct buffer text;
	char *exempt_addresses = NULL;

	buffer_init(&text);
	buffer_format(&text, "%s,%s", settings->limit_exempt, settings->http_trusted_proxies);
	exempt_addresses = mem_text(text.bytes);
	buffer_done(&text);
	return exempt_addresses;
}

/* The header lines of every answer. */
static char *extra_headers_of(const struct edge_settings *settings)
{
	struct buffer text;
	char *headers = NULL;

	buffer_init(&text);
	buffer_text(&text, SECURITY_HEADERS);
	if (has_tls(settings) && settings->tls_hsts_us > 0)
		buffer_format(&text, "Strict-Transport-Security: max-age=%lld\r\n",
			      (long long)(settings->tls_hsts_us / SECOND_US));
	headers = mem_text(text.bytes);
	buffer_done(&text);
	return headers;
}

static int run(const struct edge_settings *settings)
{
	struct edge *edge = NULL;
	struct admin_port *admin = NULL;
	enum status status = OK;

	if (!check_addresses(settings))
		return 2;
	edge = mem_new(1, sizeof(*edge));
	edge->settings = settings;
	edge->exempt_addresses = exempt_addresses_of(settings);
	edge->extra_headers = extra_headers_of(settings);
	edge->rpc = rpc_of(settings);
	edge->auth = auth_new(fetch_keys, edge);
	edge->rate_limits = rate_limits_new(settings);
	status = admin_port_start(settings->admin_address, (int)settings->admin_port, edge_ready, edge, &admin);
	if (status == OK)
		status = serve(edge);
	else
		log_error("admin.start", kv_int("port", settings->admin_port),
			  kv_text("detail", "cannot listen on this port: is it in use? COMANDA_ADMIN_PORT sets it"));
	admin_port_stop(admin);
	auth_free(edge->auth);
	rate_limits_free(edge->rate_limits);
	free(edge->exempt_addresses);
	free(edge->extra_headers);
	rpc_free(edge->rpc);
	free(edge);
	return status == OK ? 0 : 1;
}

int main(int argc, char **argv)
{
	void *settings = NULL;
	int ended = program_begin(&edge_program, argc, argv, &settings);

	if (ended >= 0)
		return ended;
	json_init();
	ended = run(settings);
	program_end(settings);
	return ended;
}
