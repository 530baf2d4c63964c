/* The HTTP server: civetweb, and what must be checked because it does not.
 *
 * Every request is answered in begin_request, and there is no document root: nothing of civetweb's own file serving is
 * ever reached (CVE-2025-55763 lies there). Its header parser is lenient in ways that let two programs disagree about
 * where a request ends (request smuggling, RFC 9112 section 11.2), so what it parsed is held against the bytes. */
#include "http.h"

#include <assert.h>
#include <civetweb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "http_door.h"
#include "http_message.h"
#include "http_tls.h"
#include "log.h"
#include "moment.h"

enum {
	/* civetweb's buffer is far larger than our limits together, so that it is we who refuse, with the right status:
	 * civetweb itself only says 400 to a request head that does not fit. What is not used takes no memory. */
	BUFFER_SLACK = 128 * 1024,
	WORKER_THREAD = 1, /* civetweb's thread_type */
	/* mg_read waits until it has all it was asked for, and begins to wait anew with every byte: only small pieces
	 * let the time for the whole be looked at. Most bodies are in its buffer by then, and cost no system call. */
	READ_PIECE = 8,
};

struct http_server {
	struct http_config config;
	struct mg_context *civetweb;
	struct http_door *door;
	struct ssl_ctx_st *tls; /* NULL: plain HTTP */
	atomic_int running;     /* requests being answered */
	atomic_bool stopping;
	pthread_mutex_t lock; /* with `idle`: http_stop waits until nothing is running */
	pthread_cond_t idle;
};

/* What a worker thread keeps between requests. */
struct worker {
	struct arena arena;
	struct buffer out;
	time_t date_of;
	char date[32];
};

/* One request on its way through the server. */
struct exchange {
	struct http_server *server;
	struct mg_connection *connection;
	struct door_guest *guest;
	struct worker *worker;
	struct http_request request;
	struct http_response response;
	struct http_framing framing;
	bool http_11;
	bool close; /* whatever the client wants */
};

static void *worker_start(const struct mg_context *context, int thread_type)
{
	struct worker *worker = NULL;

	(void)context;
	if (thread_type != WORKER_THREAD)
		return NULL;
	worker = mem_new(1, sizeof(*worker));
	arena_init(&worker->arena);
	buffer_init(&worker->out);
	return worker;
}

static void worker_end(const struct mg_context *context, int thread_type, void *thread_pointer)
{
	struct worker *worker = thread_pointer;

	(void)context, (void)thread_type;
	if (worker == NULL)
		return;
	arena_done(&worker->arena);
	buffer_done(&worker->out);
	free(worker);
}

static struct http_server *server_of(const struct mg_connection *connection)
{
	return mg_get_user_data(mg_get_context(connection));
}

static int connection_opened(const struct mg_connection *connection, void **ret_data)
{
	*ret_data = door_enter(server_of(connection)->door);
	return 0;
}

static int log_message(const struct mg_connection *connection, const char *message)
{
	(void)connection;
	log_debug("http.server", kv_text("detail", message));
	return 1;
}

/* RFC 9110 section 5.6.7, made once a second. */
static const char *worker_date(struct worker *worker)
{
	time_t now = time(NULL);
	struct tm parts;

	if (now != worker->date_of && gmtime_r(&now, &parts) != NULL) {
		strftime(worker->date, sizeof(worker->date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
		worker->date_of = now;
	}
	return worker->date;
}

/* ---- one request ---- */

static void exchange_begin(struct exchange *exchange, struct mg_connection *connection)
{
	const struct mg_request_info *info = mg_get_request_info(connection);
	struct worker *worker = mg_get_thread_pointer(connection);
	struct http_header *headers = NULL;
	int count = info != NULL && info->num_headers > 0 ? info->num_headers : 0;

	*exchange = (struct exchange){.server = server_of(connection),
				      .connection = connection,
				      .guest = mg_get_user_connection_data(connection),
				      .worker = worker};
	headers = arena_new(&worker->arena, (size_t)count + 1, sizeof(*headers));
	for (int i = 0; i < count; i++)
		headers[i] = (struct http_header){info->http_headers[i].name, info->http_headers[i].value};
	exchange->request = (struct http_request){.method = "",
						  .path = "",
						  .headers = headers,
						  .header_count = count,
						  .peer = info != NULL ? info->remote_addr : "",
						  .arena = &worker->arena};
	guest_serve(exchange->server->door, exchange->guest, exchange->request.peer,
		    info != NULL ? info->remote_port : 0);
	if (info == NULL)
		return;
	if (info->request_method != NULL)
		exchange->request.method = info->request_method;
	exchange->http_11 = info->http_version != NULL && strcmp(info->http_version, "1.1") == 0;
}

/* Sends the response, in one write: with one write the kernel makes one packet of a small one. */
static void exchange_end(struct exchange *exchange)
{
	struct http_server *server = exchange->server;
	struct worker *worker = exchange->worker;
	/* While every thread holds a connection, others wait in line: whoever is served goes to its end. */
	bool keep_alive = !exchange->close && !door_full(server->door) && !atomic_load(&server->stopping) &&
			  http_wants_keep_alive(&exchange->request, exchange->http_11);

	assert(exchange->response.status >= 200 && exchange->response.status <= 599);
	exchange->response.lines = server->config.headers;
	buffer_clear(&worker->out);
	http_print_response(&worker->out, &exchange->response, exchange->request.method, worker_date(worker),
			    keep_alive);
	if (!keep_alive)
		mg_disable_connection_keep_alive(exchange->connection);
	/* A client that went away does not get its answer: nothing else follows from it. */
	(void)mg_write(exchange->connection, worker->out.bytes, worker->out.size);
	arena_reset(&worker->arena);
	guest_await_next(server->door, exchange->guest);
}

static void exchange_refuse(struct exchange *exchange, int status, const char *detail)
{
	const struct http_config *config = &exchange->server->config;

	config->refuse(config->context, status, detail, &exchange->request, &exchange->response);
	/* What follows on this connection cannot be told apart from the refused request's body. */
	exchange->close = true;
	exchange_end(exchange);
}

/* The checks that come before any program sees the request, in this order. */
static struct http_refusal exchange_check(struct exchange *exchange)
{
	const struct http_config *config = &exchange->server->config;
	const struct http_request *request = &exchange->request;
	size_t uri_bytes = strlen(request->path) + (request->query != NULL ? strlen(request->query) + 1 : 0);
	struct http_refusal refusal = {0};

	if (guest_unwanted(exchange->guest))
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

/* ---- the body ---- */

/* A client that sends a byte now and then must not hold a thread for ever: the door has the time for the whole. */
static bool is_late(const struct exchange *exchange)
{
	return guest_cut(exchange->guest);
}

/* A body that did not come whole: the time is up, or the client has gone or breaks the rules of chunks. */
static struct http_refusal body_cut_short(const struct exchange *exchange)
{
	if (is_late(exchange))
		return (struct http_refusal){408, "did not arrive in time"};
	return (struct http_refusal){400, "has a body that ends early or is not chunked as it should be"};
}

static struct http_refusal read_known(struct exchange *exchange, char *body)
{
	int64_t have = 0;

	while (have < exchange->framing.length) {
		int64_t rest = exchange->framing.length - have;
		int got = mg_read(exchange->connection, body + have, rest < READ_PIECE ? (size_t)rest : READ_PIECE);

		if (got <= 0 || (got < rest && is_late(exchange)))
			return body_cut_short(exchange);
		have += got;
	}
	exchange->request.body = (struct span){body, (size_t)have};
	return (struct http_refusal){0};
}

static struct http_refusal read_chunks(struct exchange *exchange, struct buffer *body)
{
	const struct http_config *config = &exchange->server->config;
	char piece[READ_PIECE];
	int got = 0;

	while ((got = mg_read(exchange->connection, piece, sizeof(piece))) > 0) {
		buffer_add(body, piece, (size_t)got);
		if (is_late(exchange))
			return body_cut_short(exchange);
		if (body->size > (size_t)config->body_max)
			return (struct http_refusal){413, "has a longer body than is accepted"};
	}
	if (got < 0)
		return body_cut_short(exchange);
	exchange->request.body =
		(struct span){arena_copy(&exchange->worker->arena, body->bytes, body->size), body->size};
	return (struct http_refusal){0};
}

static struct http_refusal exchange_read_body(struct exchange *exchange)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const struct http_framing *framing = &exchange->framing;
	struct http_refusal refusal = {0};
	struct buffer chunks;

	if (!framing->chunked && framing->length == 0)
		return refusal;
	guest_await_body(exchange->server->door, exchange->guest);
	if (framing->expects_continue)
		(void)mg_write(exchange->connection, go_on, sizeof(go_on) - 1);
	if (!framing->chunked)
		return read_known(exchange, arena_new(&exchange->worker->arena, (size_t)framing->length + 1, 1));
	/* Whatever civetweb makes of the last chunk and its trailers, no request is read after them. */
	exchange->close = true;
	buffer_init(&chunks);
	refusal = read_chunks(exchange, &chunks);
	buffer_done(&chunks);
	return refusal;
}

/* ---- civetweb's callbacks ---- */

static void exchange_answer(struct exchange *exchange)
{
	const struct http_config *config = &exchange->server->config;
	struct http_refusal refusal = exchange_check(exchange);

	if (refusal.status == 0 && atomic_load(&exchange->server->stopping))
		refusal = (struct http_refusal){503, "came while the server is stopping"};
	if (refusal.status == 0)
		refusal = exchange_read_body(exchange);
	if (refusal.status != 0) {
		exchange_refuse(exchange, refusal.status, refusal.detail);
		return;
	}
	guest_serve(exchange->server->door, exchange->guest, exchange->request.peer, 0);
	config->answer(config->context, &exchange->request, &exchange->response);
	exchange_end(exchange);
}

/* Only here are these of this request: before, they still point to where those of the one before it were, which may be
 * another client's. */
static void exchange_take_target(struct exchange *exchange)
{
	const struct mg_request_info *info = mg_get_request_info(exchange->connection);

	if (info->local_uri_raw != NULL)
		exchange->request.path = info->local_uri_raw;
	exchange->request.query = info->query_string;
}

static int begin_request(struct mg_connection *connection)
{
	struct http_server *server = server_of(connection);
	struct exchange exchange;

	atomic_fetch_add(&server->running, 1);
	exchange_begin(&exchange, connection);
	exchange_take_target(&exchange);
	exchange_answer(&exchange);
	if (atomic_fetch_sub(&server->running, 1) == 1 && atomic_load(&server->stopping)) {
		pthread_mutex_lock(&server->lock);
		pthread_cond_signal(&server->idle);
		pthread_mutex_unlock(&server->lock);
	}
	return exchange.response.status;
}

static int server_refuses(struct mg_connection *connection, int status, const char *message)
{
	struct exchange exchange;
	struct http_refusal refusal;

	(void)message;
	exchange_begin(&exchange, connection);
	guest_refuse(exchange.guest);
	refusal = http_refusal_of_civetweb(&exchange.request, guest_cut(exchange.guest) ? 408 : status);
	exchange_refuse(&exchange, refusal.status, refusal.detail);
	return 0;
}

/* Called before the socket is closed; also for a connection on which TLS could not be agreed, which never entered. */
static void connection_closes(const struct mg_connection *connection)
{
	struct door_guest *guest = mg_get_user_connection_data(connection);
	const struct mg_request_info *info = NULL;

	if (guest == NULL)
		return;
	/* A target that is no path of this server ("*", "http://elsewhere/"): civetweb hangs up without a word. */
	info = mg_get_request_info(connection);
	if (info != NULL && info->request_uri != NULL && info->local_uri_raw == NULL && !guest_refused(guest)) {
		struct exchange exchange;

		/* The same connection as everywhere; the callback's type alone says that it cannot be written to. */
		exchange_begin(&exchange, (struct mg_connection *)(uintptr_t)connection);
		exchange_refuse(&exchange, 400, "is for something else than a path of this server");
	}
	door_leave(server_of(connection)->door, guest);
}

/* ---- starting and stopping ---- */

/* 1: the context is made, and civetweb leaves it as it is. */
static int take_tls(void **ret_context, void *user_data)
{
	const struct http_server *server = user_data;

	*ret_context = server->tls;
	return 1;
}

static struct mg_context *start_civetweb(struct http_server *server)
{
	const struct http_config *config = &server->config;
	const struct mg_callbacks callbacks = {.begin_request = begin_request,
					       .http_error = server_refuses,
					       .log_message = log_message,
					       .init_thread = worker_start,
					       .exit_thread = worker_end,
					       .init_connection = connection_opened,
					       .connection_close = connection_closes,
					       .external_ssl_ctx = take_tls};
	char listen[128], threads[16], buffer[24], receive[24], idle[24];
	const char *options[] = {"listening_ports",
				 listen,
				 "num_threads",
				 threads,
				 "enable_keep_alive",
				 "yes",
				 "keep_alive_timeout_ms",
				 idle,
				 "request_timeout_ms",
				 receive,
				 "max_request_size",
				 buffer,
				 "tcp_nodelay",
				 "1",
				 "decode_url",
				 "no",
				 "listen_backlog",
				 "511",
				 "connection_queue",
				 "128",
				 "enable_auth_domain_check",
				 "no",
				 NULL};
	struct mg_init_data init = {.callbacks = &callbacks, .user_data = server, .configuration_options = options};

	/* The door is stricter than civetweb, which takes this for each piece, and for an answer to be taken. */
	const int64_t longest_us = (config->head_us > config->body_us ? config->head_us : config->body_us) + SECOND_US;

	snprintf(listen, sizeof(listen), "%s:%d%s", config->address, config->port, server->tls != NULL ? "s" : "");
	snprintf(threads, sizeof(threads), "%d", config->threads);
	snprintf(buffer, sizeof(buffer), "%lld",
		 (long long)(config->uri_max + config->header_bytes_max + BUFFER_SLACK));
	snprintf(receive, sizeof(receive), "%lld", (long long)(longest_us / MS_US));
	snprintf(idle, sizeof(idle), "%lld", (long long)(config->idle_us / MS_US));
	return mg_start2(&init, NULL);
}

static struct door_config door_config_of(const struct http_config *config)
{
	return (struct door_config){.places = config->threads,
				    .address_max = config->address_max,
				    .exempt = config->exempt,
				    .head_us = config->head_us,
				    .idle_us = config->idle_us,
				    .body_us = config->body_us,
				    .patience_us = config->patience_us};
}

enum status http_start(const struct http_config *config, struct http_server **ret_server)
{
	const struct door_config door = door_config_of(config);
	struct http_server *server = mem_new(1, sizeof(*server));

	assert(config->headers_max < MG_MAX_HEADERS);
	server->config = *config;
	if (config->certificate != NULL && http_tls_new(config->certificate, config->key, &server->tls) != OK) {
		free(server);
		return E_INVALID;
	}
	server->door = door_new(&door);
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->idle, NULL);
	mg_init_library(server->tls != NULL ? MG_FEATURES_TLS : MG_FEATURES_DEFAULT);
	server->civetweb = start_civetweb(server);
	if (server->civetweb == NULL) {
		http_stop(server);
		return E_UNAVAILABLE;
	}
	door_open(server->door, http_port(server));
	*ret_server = server;
	return OK;
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
	/* civetweb stops sending as soon as it is told to stop: first let what runs be answered. */
	pthread_mutex_lock(&server->lock);
	atomic_store(&server->stopping, true);
	while (atomic_load(&server->running) > 0)
		pthread_cond_wait(&server->idle, &server->lock);
	pthread_mutex_unlock(&server->lock);
	/* civetweb's threads look only every two seconds whether they should stop: the door wakes them. */
	door_close(server->door);
	if (server->civetweb != NULL)
		mg_stop(server->civetweb);
	mg_exit_library();
	door_free(server->door);
	http_tls_free(server->tls);
	pthread_cond_destroy(&server->idle);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

int http_ask(int port, const char *path, int64_t wait_us)
{
	char error[128];
	int status = 0;

	mg_init_library(0);
	struct mg_connection *connection = mg_connect_client("127.0.0.1", port, 0, error, sizeof(error));
	if (connection != NULL) {
		mg_printf(connection, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
		if (mg_get_response(connection, error, sizeof(error), (int)(wait_us / MS_US)) > 0)
			status = mg_get_response_info(connection)->status_code;
		mg_close_connection(connection);
	}
	mg_exit_library();
	return status;
}
