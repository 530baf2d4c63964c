/* An exchange from its beginning to its end. */
#include "http/exchange.h"

#include <assert.h>
#include <string.h>

#include "http/slow_writer.h"
#include "telemetry/metrics.h"

static struct metric deferrals = {.name = "comanda_http_deferred_total",
				  .help = "Requests whose answer another thread wrote when the reply arrived",
				  .type = COUNTER};

/* ---- request buffers ---- */

static struct request_buffers *buffers_acquire(struct http_server *server)
{
	struct request_buffers *buffers = NULL;

	pthread_mutex_lock(&server->lock);
	server->running++;
	buffers = server->free_buffers;
	if (buffers != NULL)
		server->free_buffers = buffers->next;
	pthread_mutex_unlock(&server->lock);
	if (buffers != NULL)
		return buffers;
	buffers = mem_new(1, sizeof(*buffers));
	arena_init(&buffers->arena);
	buffer_init(&buffers->out);
	return buffers;
}

/* http_stop may free the server as soon as the last buffers are released. */
static void buffers_release(struct http_server *server, struct request_buffers *buffers)
{
	arena_reset(&buffers->arena);
	pthread_mutex_lock(&server->lock);
	buffers->next = server->free_buffers; /* last in, first out: the memory is still in the processor's cache */
	server->free_buffers = buffers;
	if (--server->running == 0 && atomic_load(&server->stopping))
		pthread_cond_signal(&server->idle);
	pthread_mutex_unlock(&server->lock);
}

void request_buffers_free(struct http_server *server)
{
	while (server->free_buffers != NULL) {
		struct request_buffers *buffers = server->free_buffers;

		server->free_buffers = buffers->next;
		arena_done(&buffers->arena);
		buffer_done(&buffers->out);
		free(buffers);
	}
}

/* The Date header (RFC 9110 section 5.6.7), formatted at most once per second. */
static const char *buffers_date(struct request_buffers *buffers)
{
	time_t now = time(NULL);
	struct tm parts;

	if (now != buffers->date_second && gmtime_r(&now, &parts) != NULL) {
		strftime(buffers->date, sizeof(buffers->date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
		buffers->date_second = now;
	}
	return buffers->date;
}

/* ---- connection states ---- */

struct connection_state *connection_state_new(struct connection_guard *guard)
{
	struct connection_state *state = mem_new(1, sizeof(*state));

	state->guarded = connection_guard_enter(guard);
	pthread_mutex_init(&state->lock, NULL);
	pthread_cond_init(&state->answered, NULL);
	return state;
}

static void wait_until_answered(struct connection_state *state)
{
	pthread_mutex_lock(&state->lock);
	while (state->deferred)
		pthread_cond_wait(&state->answered, &state->lock);
	pthread_mutex_unlock(&state->lock);
}

static void set_deferred(struct connection_state *state, bool deferred)
{
	pthread_mutex_lock(&state->lock);
	assert(state->deferred != deferred);
	state->deferred = deferred;
	if (!deferred)
		pthread_cond_signal(&state->answered);
	pthread_mutex_unlock(&state->lock);
}

void connection_state_free(struct connection_state *state, struct connection_guard *guard)
{
	wait_until_answered(state);
	connection_guard_leave(guard, state->guarded);
	pthread_cond_destroy(&state->answered);
	pthread_mutex_destroy(&state->lock);
	free(state);
}

/* ---- beginning ---- */

struct http_exchange *exchange_begin(struct http_server *server, struct mg_connection *civetweb,
				     struct connection_state *state)
{
	const struct mg_request_info *info = mg_get_request_info(civetweb);
	int count = info != NULL && info->num_headers > 0 ? info->num_headers : 0;
	struct http_exchange *exchange = NULL;
	struct http_header *headers = NULL;
	struct request_buffers *buffers = NULL;

	wait_until_answered(state);
	buffers = buffers_acquire(server);
	exchange = arena_new(&buffers->arena, 1, sizeof(*exchange));
	headers = arena_new(&buffers->arena, (size_t)count + 1, sizeof(*headers));
	for (int i = 0; i < count; i++)
		headers[i] = (struct http_header){info->http_headers[i].name, info->http_headers[i].value};
	exchange->server = server;
	exchange->civetweb = civetweb;
	exchange->state = state;
	exchange->buffers = buffers;
	exchange->request = (struct http_request){.method = "",
						  .path = "",
						  .headers = headers,
						  .header_count = count,
						  .peer = info != NULL ? info->remote_addr : "",
						  .arena = &buffers->arena,
						  .exchange = exchange};
	connection_serve(server->guard, state->guarded, exchange->request.peer, info != NULL ? info->remote_port : 0);
	if (info == NULL)
		return exchange;
	if (info->request_method != NULL)
		exchange->request.method = info->request_method;
	exchange->http_11 = info->http_version != NULL && strcmp(info->http_version, "1.1") == 0;
	return exchange;
}

/* ---- answering in the connection's thread ---- */

static void print_response(struct http_exchange *exchange, bool keep_alive)
{
	struct request_buffers *buffers = exchange->buffers;

	assert(exchange->response.status >= 200 && exchange->response.status <= 599);
	exchange->response.extra_headers = exchange->server->config.extra_headers;
	buffer_clear(&buffers->out);
	http_print_response(&buffers->out, &exchange->response, exchange->request.method, buffers_date(buffers),
			    keep_alive);
}

/* While all threads are busy, connections are closed after their answer, so that waiting ones get a thread. */
static bool stays_open(const struct http_exchange *exchange)
{
	return !exchange->close && !connection_guard_is_full(exchange->server->guard) &&
	       !atomic_load(&exchange->server->stopping) &&
	       http_wants_keep_alive(&exchange->request, exchange->http_11);
}

static void write_response(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;
	const struct request_buffers *buffers = exchange->buffers;
	const bool keep_alive = stays_open(exchange);

	print_response(exchange, keep_alive);
	exchange_write(exchange, buffers->out.bytes, buffers->out.size);
	if (!keep_alive || exchange->state->cut)
		mg_disable_connection_keep_alive(exchange->civetweb);
	connection_await_next(server->guard, exchange->state->guarded);
	buffers_release(server, exchange->buffers);
}

int exchange_give_up(struct http_exchange *exchange)
{
	mg_disable_connection_keep_alive(exchange->civetweb);
	buffers_release(exchange->server, exchange->buffers);
	return 400;
}

void exchange_refuse(struct http_exchange *exchange, int status, const char *detail)
{
	const struct http_config *config = &exchange->server->config;

	config->refuse(config->context, status, detail, &exchange->request, &exchange->response);
	/* Where the refused request ends is not known, so what follows cannot be read as a request. */
	exchange->close = true;
	write_response(exchange);
}

/* Copies the request's texts to the arena. A deferred request lives longer than civetweb's buffer, into which the next
 * request is read. The headers are one block in that buffer (http_headers_whole), and are copied as one. */
static void copy_texts(struct http_exchange *exchange)
{
	struct http_request *request = &exchange->request;
	struct arena *arena = request->arena;
	const size_t size = http_header_bytes(request);
	struct http_header *headers = NULL;
	const char *old = NULL, *copy = NULL;

	request->method = arena_text(arena, request->method);
	request->path = arena_text(arena, request->path);
	request->query = arena_text(arena, request->query);
	request->peer = arena_text(arena, request->peer);
	if (size == 0)
		return;
	old = request->headers[0].name;
	copy = arena_copy(arena, old, size);
	headers = arena_new(arena, (size_t)request->header_count, sizeof(*headers));
	for (int i = 0; i < request->header_count; i++)
		headers[i] = (struct http_header){copy + (request->headers[i].name - old),
						  copy + (request->headers[i].value - old)};
	request->headers = headers;
}

int exchange_answer(struct http_exchange *exchange)
{
	const struct http_server *server = exchange->server;
	const struct http_config *config = &server->config;
	bool deferred = false;
	int status = 0;

	connection_serve(server->guard, exchange->state->guarded, exchange->request.peer, 0);
	exchange->may_defer =
		server->tls == NULL && connection_socket(exchange->state->guarded) >= 0 && stays_open(exchange);
	exchange->ret_deferred = &deferred;
	if (exchange->may_defer)
		copy_texts(exchange);
	config->answer(config->context, &exchange->request, &exchange->response);
	if (deferred)
		return 200;
	status = exchange->response.status;
	write_response(exchange);
	return status;
}

/* ---- deferred answers ---- */

bool http_defer(const struct http_request *request)
{
	struct http_exchange *exchange = request->exchange;

	if (exchange == NULL || !exchange->may_defer)
		return false;
	exchange->may_defer = false;
	metric_add(&deferrals, NULL, 1);
	set_deferred(exchange->state, true);
	*exchange->ret_deferred = true;
	return true;
}

int exchange_socket(const struct http_exchange *exchange)
{
	return connection_socket(exchange->state->guarded);
}

void exchange_finish(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;
	struct connection_state *state = exchange->state;

	connection_await_next(server->guard, state->guarded);
	set_deferred(state, false);
	buffers_release(server, exchange->buffers);
}

void http_complete(const struct http_request *request)
{
	struct http_exchange *exchange = request->exchange;

	print_response(exchange, !atomic_load(&exchange->server->stopping));
	exchange_begin_write(exchange);
	if (exchange_write_some(exchange))
		exchange_finish(exchange);
	else
		slow_writer_add(exchange->server->slow_writer, exchange);
}
