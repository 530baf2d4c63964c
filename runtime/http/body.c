/* A request's body, as far as it comes. */
#include "http/exchange.h"

enum {
	/* mg_read waits until it has all it was asked for, and begins to wait anew with every byte: only small pieces
	 * let the time for the whole be looked at. Most bodies are in its buffer by then, and cost no system call. */
	READ_PIECE = 8,
};

/* A client that sends a byte now and then must not hold a thread for ever: the guard has the time for the whole. */
static bool is_late(const struct http_exchange *exchange)
{
	return connection_abort(connection_state_connection(exchange->line));
}

/* A body that did not come whole: the time is up, or the client has gone or breaks the rules of chunks. */
static struct http_refusal body_cut_short(const struct http_exchange *exchange)
{
	if (is_late(exchange))
		return (struct http_refusal){408, "did not arrive in time"};
	return (struct http_refusal){400, "has a body that ends early or is not chunked as it should be"};
}

static struct http_refusal read_known(struct http_exchange *exchange, char *body)
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

static struct http_refusal read_chunks(struct http_exchange *exchange, struct buffer *body)
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
		(struct span){arena_copy(exchange->request.arena, body->bytes, body->size), body->size};
	return (struct http_refusal){0};
}

struct http_refusal exchange_read_body(struct http_exchange *exchange)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const struct http_framing *framing = &exchange->framing;
	struct http_refusal refusal = {0};
	struct buffer chunks;

	if (!framing->chunked && framing->length == 0)
		return refusal;
	connection_await_body(exchange->server->guard, connection_state_connection(exchange->line));
	if (framing->expects_continue)
		(void)mg_write(exchange->connection, go_on, sizeof(go_on) - 1);
	if (!framing->chunked)
		return read_known(exchange, arena_new(exchange->request.arena, (size_t)framing->length + 1, 1));
	/* Whatever civetweb makes of the last chunk and its trailers, no request is read after them. */
	exchange->close = true;
	buffer_init(&chunks);
	refusal = read_chunks(exchange, &chunks);
	buffer_done(&chunks);
	return refusal;
}
