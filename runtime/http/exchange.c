/* An exchange from its beginning to its end. */
#include "http/exchange.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "http/slow_writer.h"
#include "telemetry/metrics.h"

static struct metric handed_over = {.name = "comanda_http_deferred_total",
				    .help = "Requests whose answer another thread wrote when the reply arrived",
				    .type = COUNTER};

/* ---- free_buffers, and how many are in use ---- */

static struct request_buffers *buffers_take(struct http_server *server)
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

/* After this the server may be gone. */
static void desk_leave(struct http_server *server, struct request_buffers *buffers)
{
	arena_reset(&buffers->arena);
	pthread_mutex_lock(&server->lock);
	buffers->next = server->free_buffers; /* the last first: it is in the processor's cache */
	server->free_buffers = buffers;
	if (--server->running == 0 && atomic_load(&server->stopping))
		pthread_cond_signal(&server->idle);
	pthread_mutex_unlock(&server->lock);
}

void buffers_free(struct http_server *server)
{
	while (server->free_buffers != NULL) {
		struct request_buffers *buffers = server->free_buffers;

		server->free_buffers = buffers->next;
		arena_done(&buffers->arena);
		buffer_done(&buffers->out);
		free(buffers);
	}
}

/* RFC 9110 section 5.6.7, made once a second. */
static const char *desk_date(struct request_buffers *buffers)
{
	time_t now = time(NULL);
	struct tm parts;

	if (now != buffers->date_of && gmtime_r(&now, &parts) != NULL) {
		strftime(buffers->date, sizeof(buffers->date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
		buffers->date_of = now;
	}
	return buffers->date;
}

/* ---- lines ---- */

struct connection_state {
	struct connection *connection;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool taken; /* a request that is not answered yet */
};

struct connection_state *connection_state_new(struct connection_guard *guard)
{
	struct connection_state *line = mem_new(1, sizeof(*line));

	line->connection = connection_guard_enter(guard);
	pthread_mutex_init(&line->lock, NULL);
	pthread_cond_init(&line->answered, NULL);
	return line;
}

struct connection *connection_state_connection(struct connection_state *line)
{
	return line->connection;
}

static void line_wait(struct connection_state *line)
{
	pthread_mutex_lock(&line->lock);
	while (line->taken)
		pthread_cond_wait(&line->answered, &line->lock);
	pthread_mutex_unlock(&line->lock);
}

static void line_set_taken(struct connection_state *line, bool taken)
{
	pthread_mutex_lock(&line->lock);
	assert(line->taken != taken);
	line->taken = taken;
	if (!taken)
		pthread_cond_signal(&line->answered);
	pthread_mutex_unlock(&line->lock);
}

void connection_state_free(struct connection_state *line, struct connection_guard *guard)
{
	line_wait(line);
	connection_guard_leave(guard, line->connection);
	pthread_cond_destroy(&line->answered);
	pthread_mutex_destroy(&line->lock);
	free(line);
}

/* ---- beginning ---- */

struct http_exchange *exchange_begin(struct http_server *server, struct mg_connection *connection,
				     struct connection_state *line)
{
	const struct mg_request_info *info = mg_get_request_info(connection);
	int count = info != NULL && info->num_headers > 0 ? info->num_headers : 0;
	struct http_exchange *exchange = NULL;
	struct http_header *headers = NULL;
	struct request_buffers *buffers = NULL;

	line_wait(line);
	buffers = buffers_take(server);
	exchange = arena_new(&buffers->arena, 1, sizeof(*exchange));
	headers = arena_new(&buffers->arena, (size_t)count + 1, sizeof(*headers));
	for (int i = 0; i < count; i++)
		headers[i] = (struct http_header){info->http_headers[i].name, info->http_headers[i].value};
	exchange->server = server;
	exchange->connection = connection;
	exchange->line = line;
	exchange->buffers = buffers;
	exchange->request = (struct http_request){.method = "",
						  .path = "",
						  .headers = headers,
						  .header_count = count,
						  .peer = info != NULL ? info->remote_addr : "",
						  .arena = &buffers->arena,
						  .exchange = exchange};
	connection_serve(server->guard, line->connection, exchange->request.peer, info != NULL ? info->remote_port : 0);
	if (info == NULL)
		return exchange;
	if (info->request_method != NULL)
		exchange->request.method = info->request_method;
	exchange->http_11 = info->http_version != NULL && strcmp(info->http_version, "1.1") == 0;
	return exchange;
}

/* ---- answering at once ---- */

static void print_response(struct http_exchange *exchange, bool keep_alive)
{
	struct request_buffers *buffers = exchange->buffers;

	assert(exchange->response.status >= 200 && exchange->response.status <= 599);
	exchange->response.lines = exchange->server->config.headers;
	buffer_clear(&buffers->out);
	http_print_response(&buffers->out, &exchange->response, exchange->request.method, desk_date(buffers),
			    keep_alive);
}

/* While every thread holds a connection, others wait in line: whoever is served goes to its end. */
static bool stays_open(const struct http_exchange *exchange)
{
	return !exchange->close && !connection_guard_is_full(exchange->server->guard) &&
	       !atomic_load(&exchange->server->stopping) &&
	       http_wants_keep_alive(&exchange->request, exchange->http_11);
}

/* Sends the response, in one write: with one write the kernel makes one packet of a small one. */
static void exchange_end(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;
	const struct request_buffers *buffers = exchange->buffers;
	const bool keep_alive = stays_open(exchange);

	print_response(exchange, keep_alive);
	if (!keep_alive)
		mg_disable_connection_keep_alive(exchange->connection);
	/* A client that went away does not get its answer: nothing else follows from it. */
	(void)mg_write(exchange->connection, buffers->out.bytes, buffers->out.size);
	connection_await_next(server->guard, exchange->line->connection);
	desk_leave(server, exchange->buffers);
}

void exchange_refuse(struct http_exchange *exchange, int status, const char *detail)
{
	const struct http_config *config = &exchange->server->config;

	config->refuse(config->context, status, detail, &exchange->request, &exchange->response);
	/* What follows on this connection cannot be told apart from the refused request's body. */
	exchange->close = true;
	exchange_end(exchange);
}

/* What is taken outlives civetweb's buffer, where the next request comes. The head's lines are whole there, one behind
 * the other (http_headers_whole). */
static void keep_head(struct http_exchange *exchange)
{
	struct http_request *request = &exchange->request;
	struct arena *arena = request->arena;
	const size_t size = http_header_bytes(request);
	struct http_header *kept = NULL;
	const char *old = NULL, *copy = NULL;

	request->method = arena_text(arena, request->method);
	request->path = arena_text(arena, request->path);
	request->query = arena_text(arena, request->query);
	request->peer = arena_text(arena, request->peer);
	if (size == 0)
		return;
	old = request->headers[0].name;
	copy = arena_copy(arena, old, size);
	kept = arena_new(arena, (size_t)request->header_count, sizeof(*kept));
	for (int i = 0; i < request->header_count; i++)
		kept[i] = (struct http_header){copy + (request->headers[i].name - old),
					       copy + (request->headers[i].value - old)};
	request->headers = kept;
}

int exchange_answer(struct http_exchange *exchange)
{
	const struct http_server *server = exchange->server;
	const struct http_config *config = &server->config;
	bool taken = false;
	int status = 0;

	connection_serve(server->guard, exchange->line->connection, exchange->request.peer, 0);
	exchange->may_be_taken =
		server->tls == NULL && connection_socket(exchange->line->connection) >= 0 && stays_open(exchange);
	exchange->ret_taken = &taken;
	if (exchange->may_be_taken)
		keep_head(exchange);
	config->answer(config->context, &exchange->request, &exchange->response);
	if (taken)
		return 200;
	status = exchange->response.status;
	exchange_end(exchange);
	return status;
}

/* ---- answering later ---- */

bool http_defer(const struct http_request *request)
{
	struct http_exchange *exchange = request->exchange;

	if (exchange == NULL || !exchange->may_be_taken)
		return false;
	exchange->may_be_taken = false;
	metric_add(&handed_over, NULL, 1);
	line_set_taken(exchange->line, true);
	*exchange->ret_taken = true;
	return true;
}

int exchange_socket(const struct http_exchange *exchange)
{
	return connection_socket(exchange->line->connection);
}

/* A client that went away does not get its answer, and half an answer is followed by nothing. */
static bool end_line(int fd)
{
	(void)shutdown(fd, SHUT_RDWR);
	return true;
}

bool exchange_send_some(struct http_exchange *exchange)
{
	const struct buffer *out = &exchange->buffers->out;
	const int fd = exchange_socket(exchange);

	while (exchange->sent < out->size) {
		const ssize_t sent =
			send(fd, out->bytes + exchange->sent, out->size - exchange->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0)
			exchange->sent += (size_t)sent;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return false;
		else if (errno != EINTR)
			return end_line(fd);
	}
	return true;
}

void exchange_leave(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;
	struct connection_state *line = exchange->line;

	connection_await_next(server->guard, line->connection);
	line_set_taken(line, false);
	desk_leave(server, exchange->buffers);
}

void http_complete(const struct http_request *request)
{
	struct http_exchange *exchange = request->exchange;

	print_response(exchange, !atomic_load(&exchange->server->stopping));
	if (exchange_send_some(exchange))
		exchange_leave(exchange);
	else
		slow_writer_add(exchange->server->rest, exchange);
}
