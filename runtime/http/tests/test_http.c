/* The HTTP server through real sockets: raw bytes in, raw bytes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/timestamp.h"
#include "http/http.h"
#include "http/message.h"

enum { THREADS = 4 };

/* ---- a server that echoes requests ---- */

static struct http_server *server;
static atomic_int answered;
static sem_t slow_began, slow_may_end;

static void echo(void *context, const struct http_request *request, struct http_response *ret_response)
{
	char *text = arena_format(request->arena, "%s %s ?%s [%.*s]", request->method, request->path,
				  request->query != NULL ? request->query : "", (int)request->body.size,
				  request->body.bytes != NULL ? request->body.bytes : "");
	const char *wanted = http_header(request, "X-Echo");

	(void)context;
	atomic_fetch_add(&answered, 1);
	if (strcmp(request->path, "/slow") == 0) {
		sem_post(&slow_began);
		sem_wait(&slow_may_end);
	}
	ret_response->status = strcmp(request->path, "/unchanged") == 0 ? 304 : 200;
	if (wanted != NULL)
		http_add_header(ret_response, request->arena, "X-Echo", wanted);
	http_add_header(ret_response, request->arena, "X-Two-Lines", "a\r\nSet-Cookie: b");
	ret_response->body = span_of(text);
}

static void refuse(void *context, int status, const char *detail, const struct http_request *request,
		   struct http_response *ret_response)
{
	(void)context;
	ret_response->status = status;
	ret_response->body = span_of(arena_format(request->arena, "refused: %s at \"%s\"", detail, request->path));
}

static struct http_config config(void)
{
	return (struct http_config){.address = "127.0.0.1",
				    .threads = THREADS,
				    .body_max = 1000,
				    .uri_max = 200,
				    .header_bytes_max = 4000,
				    .headers_max = 60,
				    .header_timeout_us = 5 * SECOND_US,
				    .body_timeout_us = 5 * SECOND_US,
				    .idle_timeout_us = 5 * SECOND_US,
				    .overload_timeout_us = SECOND_US,
				    .stop_timeout_us = 2 * SECOND_US,
				    .answer = echo,
				    .refuse = refuse};
}

/* Starts a server and resets the counters. */
static int start_with(const struct http_config *wanted)
{
	atomic_store(&answered, 0);
	return http_start(wanted, &server) == OK ? 0 : -1;
}

static int start(void **state)
{
	struct http_config plain = config();

	(void)state;
	if (server != NULL) { /* one server for many tests, because civetweb takes a second to stop */
		atomic_store(&answered, 0);
		return 0;
	}
	sem_init(&slow_began, 0, 0);
	sem_init(&slow_may_end, 0, 0);
	return start_with(&plain);
}

static int start_impatient(void **state)
{
	struct http_config short_timeouts = config();

	(void)state;
	short_timeouts.header_timeout_us = short_timeouts.body_timeout_us = 200 * MS_US;
	short_timeouts.idle_timeout_us = 200 * MS_US;
	return start_with(&short_timeouts);
}

/* One thread, so that each request gets the buffer of the previous one. */
static int start_alone(void **state)
{
	struct http_config alone = config();

	(void)state;
	alone.threads = 1;
	return start_with(&alone);
}

static int stop(void **state)
{
	(void)state;
	http_stop(server);
	server = NULL;
	return 0;
}

/* ---- a client that sends bytes ---- */

static int dial(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(server))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void send_bytes(int fd, const char *bytes, size_t size)
{
	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void send_text(int fd, const char *text)
{
	send_bytes(fd, text, strlen(text));
}

/* Reads until `wanted` has arrived (NULL: until the server closes). False: the server closed, or 10 seconds passed. */
static bool receive(int fd, struct buffer *received, const char *wanted)
{
	char piece[4096];
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	while (wanted == NULL || received->size == 0 || strstr(received->bytes, wanted) == NULL) {
		ssize_t got = 0;

		if (poll(&waiting, 1, 10000) != 1)
			return false;
		got = recv(fd, piece, sizeof(piece), 0);
		if (got <= 0)
			return wanted == NULL;
		buffer_add(received, piece, (size_t)got);
	}
	return true;
}

/* Sends, reads until the server closes, and returns the status of the first answer. */
static int send_request_bytes(const char *bytes, size_t size, struct buffer *received)
{
	int fd = dial(), status = 0;

	buffer_clear(received);
	send_bytes(fd, bytes, size);
	assert_true(receive(fd, received, NULL));
	close(fd);
	if (received->size > 0)
		sscanf(received->bytes, "HTTP/1.1 %d ", &status);
	return status;
}

static int send_request(const char *text, struct buffer *received)
{
	return send_request_bytes(text, strlen(text), received);
}

#define HOST  "Host: test\r\n"
#define CLOSE "Connection: close\r\n"

/* ---- answers ---- */

static void passes_method_path_query_and_body_to_the_program(void **state)
{
	struct buffer received;

	(void)state;
	buffer_init(&received);
	assert_int_equal(send_request("POST /a%20b/../c?x=1&y HTTP/1.1\r\n" HOST CLOSE "Content-Length: 5\r\n\r\nhello",
				      &received),
			 200);
	assert_non_null(strstr(received.bytes, "POST /a%20b/../c ?x=1&y [hello]"));
	buffer_done(&received);
}

static void serves_pipelined_requests_in_order_on_one_connection(void **state)
{
	struct buffer received;

	(void)state;
	buffer_init(&received);
	assert_int_equal(send_request("POST /one HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
				      "GET /two HTTP/1.1\r\n" HOST "\r\n"
				      "GET /three HTTP/1.1\r\n" HOST CLOSE "\r\n",
				      &received),
			 200);
	assert_non_null(strstr(received.bytes, "POST /one ? [abc]"));
	assert_non_null(strstr(strstr(received.bytes, "GET /two ? []"), "GET /three ? []"));
	assert_int_equal(atomic_load(&answered), 3);
	buffer_done(&received);
}

static void reads_a_chunked_body_and_then_closes(void **state)
{
	struct buffer received;

	(void)state;
	buffer_init(&received);
	assert_int_equal(send_request("POST /c HTTP/1.1\r\n" HOST
				      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
				      "GET /next HTTP/1.1\r\n" HOST "\r\n",
				      &received),
			 200);
	assert_non_null(strstr(received.bytes, "[abcde]"));
	assert_non_null(strstr(received.bytes, "Connection: close"));
	assert_null(strstr(received.bytes, "/next"));
	buffer_done(&received);
}

static void sends_no_body_in_answer_to_head_and_with_304(void **state)
{
	struct buffer received;

	(void)state;
	buffer_init(&received);
	assert_int_equal(send_request("HEAD /h HTTP/1.1\r\n" HOST CLOSE "\r\n", &received), 200);
	assert_non_null(strstr(received.bytes, "Content-Length: 12\r\n"));
	assert_string_equal(received.bytes + received.size - 4, "\r\n\r\n");
	assert_int_equal(send_request("GET /unchanged HTTP/1.1\r\n" HOST CLOSE "\r\n", &received), 304);
	assert_null(strstr(received.bytes, "Content-Length"));
	assert_string_equal(received.bytes + received.size - 4, "\r\n\r\n");
	buffer_done(&received);
}

static void sends_100_continue_before_it_reads_an_announced_body(void **state)
{
	struct buffer received;
	int fd = dial();

	(void)state;
	buffer_init(&received);
	send_text(fd, "POST /e HTTP/1.1\r\n" HOST CLOSE "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	assert_true(receive(fd, &received, "100 Continue\r\n\r\n"));
	send_text(fd, "ok");
	assert_true(receive(fd, &received, "[ok]"));
	close(fd);
	buffer_done(&received);
}

static void removes_line_breaks_from_a_header(void **state)
{
	struct buffer received;

	(void)state;
	buffer_init(&received);
	assert_int_equal(send_request("GET / HTTP/1.1\r\n" HOST CLOSE "\r\n", &received), 200);
	assert_non_null(strstr(received.bytes, "X-Two-Lines: aSet-Cookie: b\r\n"));
	buffer_done(&received);
}

static void keeps_or_closes_the_connection_as_the_client_asks(void **state)
{
	static const struct {
		const char *request, *connection;
	} cases[] = {
		{"GET / HTTP/1.1\r\n" HOST "\r\n", "Connection: keep-alive"},
		{"GET / HTTP/1.1\r\n" HOST CLOSE "\r\n", "Connection: close"},
		{"GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n", "Connection: close"},
		{"GET / HTTP/1.0\r\n\r\n", "Connection: close"},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "Connection: keep-alive"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer received;
		int fd = dial();

		buffer_init(&received);
		send_text(fd, cases[i].request);
		assert_true(receive(fd, &received, "[]"));
		assert_non_null(strstr(received.bytes, cases[i].connection));
		close(fd);
		buffer_done(&received);
	}
}

static void accepts_every_form_of_a_host(void **state)
{
	static const char *const hosts[] = {"a",     "a.example:8080", "a:",     "127.0.0.1:80",
					    "[::1]", "[::1]:80",       "a_b-c~d"};
	struct buffer received;

	(void)state;
	buffer_init(&received);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		char text[200];

		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %s\r\n" CLOSE "\r\n", hosts[i]);
		if (send_request(text, &received) != 200)
			fail_msg("%s: %s", hosts[i], received.bytes);
	}
	buffer_done(&received);
}

/* ---- refusals ---- */

static const struct {
	const char *request;
	int status;
} refused[] = {
	/* two parsers could disagree about the end of these requests */
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc", 400},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc", 400},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc", 400},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\nabc", 400},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\nabc", 400},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 3 \r\n\r\nabc", 400},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\nabc", 400},
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 501},
	{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "X: a\r\n folded\r\nContent-Length: 3\r\n\r\nabc", 400},
	{"POST / HTTP/1.1\r\n" HOST "X: a\n\r\nContent-Length: 3\r\n\r\nabc", 400},
	{"POST / HTTP/1.1\r\n" HOST "X: a\nContent-Length: 3\r\n\r\nabc", 400},
	{"GET / HTTP/1.1\nHost: test\n\n", 400},
	{"GET / HTTP/1.1\r\n" HOST "No colon\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\n" HOST ": no name\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\n" HOST "X: a\001b\r\n\r\n", 400},
	/* malformed chunks */
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400},
	/* malformed requests */
	{"GET / HTTP/1.1\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
	{"GET / HTTP/2.0\r\n" HOST "\r\n", 505},
	{"GET / HTTP/1.2\r\n" HOST "\r\n", 505},
	{"GET nowhere HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /\r\n\r\n", 400},
	{"G@T / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"FETCH / HTTP/1.1\r\n" HOST "\r\n", 501},
	{"TRACE / HTTP/1.1\r\n" HOST "\r\n", 501},
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nExpect: miracles\r\n\r\nx", 417},
	/* hosts that are none */
	{"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: a b/c@d\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: <x>\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: a\xff\r\n\r\n", 400},
	{"GET / HTTP/1.0\r\nHost: <x>\r\n\r\n", 400},
	/* fields that may occur once */
	{"GET / HTTP/1.1\r\n" HOST "Authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\n" HOST "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\n" HOST "Idempotency-Key: a\r\nX: y\r\nIdempotency-Key: b\r\n\r\n", 400},
	/* a body that must be decoded first */
	{"POST / HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 415},
	{"POST / HTTP/1.1\r\n" HOST
	 "Content-Encoding: identity\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
	 415},
	{"POST / HTTP/1.1\r\n" HOST "Content-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 415},
	/* over a limit */
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n", 413},
};

static void refuses_an_ambiguous_request_and_reads_no_further(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct buffer received, sent;
		int status = 0;

		buffer_init(&received);
		buffer_init(&sent);
		buffer_text(&sent, refused[i].request);
		buffer_text(&sent, "GET /smuggled HTTP/1.1\r\n" HOST CLOSE "\r\n");
		status = send_request(sent.bytes, &received);
		if (status != refused[i].status || strstr(received.bytes, "refused:") == NULL)
			fail_msg("case %zu, %s: expected %d, got %d: %s", i, refused[i].request, refused[i].status,
				 status, received.size > 0 ? received.bytes : "nothing");
		assert_int_equal(atomic_load(&answered), 0);
		buffer_done(&received);
		buffer_done(&sent);
	}
}

static void fill(struct buffer *out, const char *before, size_t count, const char *after)
{
	buffer_clear(out);
	buffer_text(out, before);
	while (count-- > 0)
		buffer_text(out, "a");
	buffer_text(out, after);
}

static void answers_with_the_status_of_the_exceeded_limit(void **state)
{
	struct buffer received, sent;

	(void)state;
	buffer_init(&received);
	buffer_init(&sent);
	fill(&sent, "GET /", 200, " HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(send_request(sent.bytes, &received), 414);
	fill(&sent, "GET /?", 200, " HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(send_request(sent.bytes, &received), 414);
	fill(&sent, "GET / HTTP/1.1\r\n" HOST "X: ", 4000, "\r\n\r\n");
	assert_int_equal(send_request(sent.bytes, &received), 431);
	fill(&sent, "GET / HTTP/1.1\r\n" HOST "X: ", 30000, "\r\n\r\n");
	assert_int_equal(send_request(sent.bytes, &received), 431);
	fill(&sent, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 1001, "\r\n0\r\n\r\n");
	assert_int_equal(send_request(sent.bytes, &received), 413);
	assert_int_equal(atomic_load(&answered), 0);
	buffer_done(&received);
	buffer_done(&sent);
}

static void refuses_more_headers_than_civetweb_keeps(void **state)
{
	struct buffer received, sent;

	(void)state;
	buffer_init(&received);
	buffer_init(&sent);
	buffer_text(&sent, "POST / HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 70; i++)
		buffer_format(&sent, "X-%d: y\r\n", i);
	buffer_text(&sent, "Content-Length: 30\r\n\r\nGET /smuggled HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(send_request(sent.bytes, &received), 431);
	assert_int_equal(atomic_load(&answered), 0);
	buffer_done(&received);
	buffer_done(&sent);
}

/* civetweb keeps pointers to the previous request in its buffer. */
static void no_client_gets_data_of_another_clients_request(void **state)
{
	struct buffer received;

	(void)state;
	buffer_init(&received);
	assert_int_equal(send_request("DELETE /secret HTTP/1.1\r\n" HOST CLOSE "\r\n", &received), 200);
	assert_int_equal(send_request("\x01\r\n\r\n", &received), 400);
	assert_null(strstr(received.bytes, "secret"));
	buffer_done(&received);
}

/* For these targets civetweb closes the connection without an answer. */
static void answers_a_target_that_is_not_a_path_of_this_server(void **state)
{
	static const char *const targets[] = {"*", "http://elsewhere.example/", "https://elsewhere.example:1/x"};
	struct buffer received;

	(void)state;
	buffer_init(&received);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		char text[200];

		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "\r\n", targets[i]);
		assert_int_equal(send_request(text, &received), 400);
	}
	buffer_done(&received);
}

static void refuses_a_body_that_ends_early(void **state)
{
	struct buffer received;
	int fd = dial();

	(void)state;
	buffer_init(&received);
	send_text(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc");
	shutdown(fd, SHUT_WR);
	assert_true(receive(fd, &received, NULL));
	assert_non_null(strstr(received.bytes, "HTTP/1.1 400 "));
	assert_int_equal(atomic_load(&answered), 0);
	close(fd);
	buffer_done(&received);
}

/* ---- timeouts ---- */

static void times_out_on_a_body_that_does_not_arrive(void **state)
{
	struct buffer received;

	(void)state;
	buffer_init(&received);
	assert_int_equal(send_request("POST / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc", &received), 408);
	assert_int_equal(atomic_load(&answered), 0);
	buffer_done(&received);
}

/* Sends one more byte after each short pause. */
static void times_out_on_a_body_that_arrives_byte_by_byte(void **state)
{
	static const char *const heads[] = {"Content-Length: 900\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n384\r\n"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buffer received;
		int fd = dial(), bytes = 0;
		struct pollfd waiting = {.fd = fd, .events = POLLIN};

		buffer_init(&received);
		send_text(fd, "POST / HTTP/1.1\r\n" HOST);
		send_text(fd, heads[i]);
		while (poll(&waiting, 1, 20) == 0 && bytes++ < 890)
			send_text(fd, "x");
		assert_in_range(bytes, 2, 500);
		assert_true(receive(fd, &received, "HTTP/1.1 408 "));
		close(fd);
		buffer_done(&received);
	}
	assert_int_equal(atomic_load(&answered), 0);
}

static void closes_idle_and_slow_connections(void **state)
{
	struct buffer received;

	(void)state;
	buffer_init(&received);
	assert_int_equal(send_request("GET / HTTP/1.1\r\n" HOST "\r\n", &received), 200);
	assert_int_not_equal(send_request("GET / HTTP/1.1\r\nHos", &received), 200);
	buffer_done(&received);
}

static void closes_a_connection_after_its_answer_while_all_threads_are_busy(void **state)
{
	struct buffer received;
	int held[THREADS];

	(void)state;
	buffer_init(&received);
	for (int i = 0; i < THREADS; i++) {
		held[i] = dial();
		buffer_clear(&received);
		send_text(held[i], "GET / HTTP/1.1\r\n" HOST "\r\n");
		assert_true(receive(held[i], &received, "[]"));
		assert_non_null(
			strstr(received.bytes, i < THREADS - 1 ? "Connection: keep-alive" : "Connection: close"));
	}
	for (int i = 0; i < THREADS; i++)
		close(held[i]);
	buffer_done(&received);
}

static void *stop_server(void *unused)
{
	http_stop(server);
	return unused;
}

/* Until the stop has begun, answers are 200. An answer at the same time ends its connection. Then 503 must follow. */
static void wait_until_refused(int *fd, struct buffer *received)
{
	for (;;) {
		buffer_clear(received);
		send_text(*fd, "GET /late HTTP/1.1\r\n" HOST "\r\n");
		assert_true(receive(*fd, received, "\r\n\r\n"));
		if (strstr(received->bytes, "HTTP/1.1 503 ") != NULL)
			return;
		assert_non_null(strstr(received->bytes, "HTTP/1.1 200 "));
		if (strstr(received->bytes, "Connection: close") != NULL) {
			close(*fd);
			*fd = dial();
		}
	}
}

static void answers_running_requests_when_it_stops(void **state)
{
	struct buffer received;
	pthread_t stopper;
	int fd = dial(), late = dial();

	(void)state;
	buffer_init(&received);
	send_text(fd, "GET /slow HTTP/1.1\r\n" HOST "\r\n");
	sem_wait(&slow_began);
	pthread_create(&stopper, NULL, stop_server, NULL);
	wait_until_refused(&late, &received);
	sem_post(&slow_may_end);
	buffer_clear(&received);
	assert_true(receive(fd, &received, "GET /slow ? []"));
	assert_non_null(strstr(received.bytes, "Connection: close"));
	pthread_join(stopper, NULL);
	server = NULL;
	close(fd);
	close(late);
	buffer_done(&received);
}

static void reports_a_port_that_is_in_use(void **state)
{
	struct http_config same = config();
	struct http_server *second = NULL;

	(void)state;
	same.port = http_port(server);
	assert_int_equal(http_start(&same, &second), E_UNAVAILABLE);
	assert_null(second);
}

/* ---- without a socket ---- */

static void finds_an_element_of_a_list_header(void **state)
{
	(void)state;
	assert_true(http_list_has("close", "close"));
	assert_true(http_list_has("Upgrade, Keep-Alive", "keep-alive"));
	assert_true(http_list_has("respond-async, wait;x=1", "wait"));
	assert_false(http_list_has("closed", "close"));
	assert_false(http_list_has("not-close", "close"));
	assert_false(http_list_has("", "close"));
	assert_false(http_list_has(NULL, "close"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(passes_method_path_query_and_body_to_the_program, start),
		cmocka_unit_test_setup(serves_pipelined_requests_in_order_on_one_connection, start),
		cmocka_unit_test_setup(reads_a_chunked_body_and_then_closes, start),
		cmocka_unit_test_setup(sends_no_body_in_answer_to_head_and_with_304, start),
		cmocka_unit_test_setup(sends_100_continue_before_it_reads_an_announced_body, start),
		cmocka_unit_test_setup(removes_line_breaks_from_a_header, start),
		cmocka_unit_test_setup(keeps_or_closes_the_connection_as_the_client_asks, start),
		cmocka_unit_test_setup(accepts_every_form_of_a_host, start),
		cmocka_unit_test_setup(refuses_an_ambiguous_request_and_reads_no_further, start),
		cmocka_unit_test_setup(answers_with_the_status_of_the_exceeded_limit, start),
		cmocka_unit_test_setup(refuses_more_headers_than_civetweb_keeps, start),
		cmocka_unit_test_setup(answers_a_target_that_is_not_a_path_of_this_server, start),
		cmocka_unit_test_setup(refuses_a_body_that_ends_early, start),
		cmocka_unit_test_setup(closes_a_connection_after_its_answer_while_all_threads_are_busy, start),
		cmocka_unit_test_setup(reports_a_port_that_is_in_use, start),
		cmocka_unit_test_setup(answers_running_requests_when_it_stops, start),
		cmocka_unit_test_setup_teardown(no_client_gets_data_of_another_clients_request, start_alone, stop),
		cmocka_unit_test_setup_teardown(times_out_on_a_body_that_does_not_arrive, start_impatient, stop),
		cmocka_unit_test_setup_teardown(times_out_on_a_body_that_arrives_byte_by_byte, start_impatient, stop),
		cmocka_unit_test_setup_teardown(closes_idle_and_slow_connections, start_impatient, stop),
		cmocka_unit_test(finds_an_element_of_a_list_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
