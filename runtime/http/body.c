/* Reading the body of a request. */
#include "http/exchange.h"

enum {
	/* mg_read waits until it has all the bytes, and its timeout begins anew with every byte. With small pieces, the
	 * timeout of the whole body is checked often enough. Most bodies are already in civetweb's buffer, and then a
	 * piece costs no system call. */
	PIECE_BYTES = 8,
};

/* The guard measures the time of the whole body. */
static bool is_timed_out(const struct http_exchange *exchange)
{
	return connection_is_aborted(exchange->state->guarded);
}

/* The body is incomplete: the timeout has passed, the client is gone, or a chunk is malformed. */
static struct http_refusal refuse_incomplete(const struct http_exchange *exchange)
{
	if (is_timed_out(exchange))
		return (struct http_refusal){408, "did not arrive in time"};
	return (struct http_refusal){400, "has a body that ends early or is not chunked as it should be"};
}

static struct http_refusal read_sized(struct http_exchange *exchange, char *body)
{
	int64_t have = 0;

	while (have < exchange->framing.length) {
		int64_t rest = exchange->framing.length - have;
		int got = mg_read(exchange->civetweb, body + have, rest < PIECE_BYTES ? (size_t)rest : PIECE_BYTES);

		if (got <= 0 || (got < rest && is_timed_out(exchange)))
			return refuse_incomplete(exchange);
		have += got;
	}
	exchange->request.body = (struct span){body, (size_t)have};
	return (struct http_refusal){0};
}

static struct http_refusal read_chunks(struct http_exchange *exchange, struct buffer *body)
{
	const struct http_config *config = &exchange->server->config;
	char piece[PIECE_BYTES];
	int got = 0;

	while ((got = mg_read(exchange->civetweb, piece, sizeof(piece))) > 0) {
		buffer_add(body, piece, (size_t)got);
		if (is_timed_out(exchange))
			return refuse_incomplete(exchange);
		if (body->size > (size_t)config->body_max)
			return (struct http_refusal){413, "has a longer body than is accepted"};
	}
	if (got < 0)
		return refuse_incomplete(exchange);
	exchange->request.body =
		(struct span){arena_copy(exchange->request.arena, body->bytes, body->size), body->size};
	return (struct http_refusal){0};
}

struct http_refusal exchange_read_body(struct http_exchange *exchange)
{
	static const char continue_response[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const struct http_framing *framing = &exchange->framing;
	struct http_refusal refusal = {0};
	struct buffer chunks;

	if (!framing->chunked && framing->length == 0)
		return refusal;
	if (framing->expects_continue)
		exchange_write(exchange, continue_response, sizeof(continue_response) - 1);
	connection_await_body(exchange->server->guard, exchange->state->guarded);
	if (!framing->chunked)
		return read_sized(exchange, arena_new(exchange->request.arena, (size_t)framing->length + 1, 1));
	/* civetweb may misread the last chunk and its trailers. So no request is read after them. */
	exchange->close = true;
	buffer_init(&chunks);
	refusal = read_chunks(exchange, &chunks);
	buffer_done(&chunks);
	return refusal;
}
