/* The HTTP server held to its contract through real sockets: raw bytes in, raw bytes out. */
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

/* ---- a server that says what it saw ---- */

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
				    .answer = echo,
				    .refuse = refuse};
}

/* Starts a server and forgets what was counted. */
static int start_with(const struct http_config *wanted)
{
	atomic_store(&answered, 0);
	return http_start(wanted, &server) == OK ? 0 : -1;
}

static int start(void **state)
{
	struct http_config plain = config();

	(void)state;
	if (server != NULL) { /* one for many tests: civetweb takes a second to stop */
		atomic_store(&answered, 0);
		return 0;
	}
	sem_init(&slow_began, 0, 0);
	sem_init(&slow_may_end, 0, 0);
	return start_with(&plain);
}

static int start_impatient(void **state)
{
	struct http_config impatient = config();

	(void)state;
	impatient.header_timeout_us = impatient.body_timeout_us = 200 * MS_US;
	impatient.idle_timeout_us = 200 * MS_US;
	return start_with(&impatient);
}

/* One thread, so that everybody gets the buffer of the one before. */
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

static void say_bytes(int fd, const char *bytes, size_t size)
{
	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void say(int fd, const char *text)
{
	say_bytes(fd, text, strlen(text));
}

/* Reads until `wanted` is there (NULL: until the server closes); false when it closes or 10 s pass without that. */
static bool hear(int fd, struct buffer *heard, const char *wanted)
{
	char piece[4096];
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	while (wanted == NULL || heard->size == 0 || strstr(heard->bytes, wanted) == NULL) {
		ssize_t got = 0;

		if (poll(&waiting, 1, 10000) != 1)
			return false;
		got = recv(fd, piece, sizeof(piece), 0);
		if (got <= 0)
			return wanted == NULL;
		buffer_add(heard, piece, (size_t)got);
	}
	return true;
}

/* Sends, hears the server out until it closes, returns the status of the first answer. */
static int ask_bytes(const char *bytes, size_t size, struct buffer *heard)
{
	int fd = dial(), status = 0;

	buffer_clear(heard);
	say_bytes(fd, bytes, size);
	assert_true(hear(fd, heard, NULL));
	close(fd);
	if (heard->size > 0)
		sscanf(heard->bytes, "HTTP/1.1 %d ", &status);
	return status;
}

static int ask(const char *text, struct buffer *heard)
{
	return ask_bytes(text, strlen(text), heard);
}

#define HOST  "Host: test\r\n"
#define CLOSE "Connection: close\r\n"

/* ---- what is answered ---- */

static void hands_method_path_query_and_body_to_the_program(void **state)
{
	struct buffer heard;

	(void)state;
	buffer_init(&heard);
	assert_int_equal(ask("POST /a%20b/../c?x=1&y HTTP/1.1\r\n" HOST CLOSE "Content-Length: 5\r\n\r\nhello", &heard),
			 200);
	assert_non_null(strstr(heard.bytes, "POST /a%20b/../c ?x=1&y [hello]"));
	buffer_done(&heard);
}

static void serves_pipelined_requests_in_order_on_one_connection(void **state)
{
	struct buffer heard;

	(void)state;
	buffer_init(&heard);
	assert_int_equal(ask("POST /one HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
			     "GET /two HTTP/1.1\r\n" HOST "\r\n"
			     "GET /three HTTP/1.1\r\n" HOST CLOSE "\r\n",
			     &heard),
			 200);
	assert_non_null(strstr(heard.bytes, "POST /one ? [abc]"));
	assert_non_null(strstr(strstr(heard.bytes, "GET /two ? []"), "GET /three ? []"));
	assert_int_equal(atomic_load(&answered), 3);
	buffer_done(&heard);
}

static void reads_a_chunked_body_and_then_closes(void **state)
{
	struct buffer heard;

	(void)state;
	buffer_init(&heard);
	assert_int_equal(ask("POST /c HTTP/1.1\r\n" HOST
			     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
			     "GET /next HTTP/1.1\r\n" HOST "\r\n",
			     &heard),
			 200);
	assert_non_null(strstr(heard.bytes, "[abcde]"));
	assert_non_null(strstr(heard.bytes, "Connection: close"));
	assert_null(strstr(heard.bytes, "/next"));
	buffer_done(&heard);
}

static void sends_no_body_in_answer_to_head_and_with_304(void **state)
{
	struct buffer heard;

	(void)state;
	buffer_init(&heard);
	assert_int_equal(ask("HEAD /h HTTP/1.1\r\n" HOST CLOSE "\r\n", &heard), 200);
	assert_non_null(strstr(heard.bytes, "Content-Length: 12\r\n"));
	assert_string_equal(heard.bytes + heard.size - 4, "\r\n\r\n");
	assert_int_equal(ask("GET /unchanged HTTP/1.1\r\n" HOST CLOSE "\r\n", &heard), 304);
	assert_null(strstr(heard.bytes, "Content-Length"));
	assert_string_equal(heard.bytes + heard.size - 4, "\r\n\r\n");
	buffer_done(&heard);
}

static void says_continue_before_it_reads_an_announced_body(void **state)
{
	struct buffer heard;
	int fd = dial();

	(void)state;
	buffer_init(&heard);
	say(fd, "POST /e HTTP/1.1\r\n" HOST CLOSE "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	assert_true(hear(fd, &heard, "100 Continue\r\n\r\n"));
	say(fd, "ok");
	assert_true(hear(fd, &heard, "[ok]"));
	close(fd);
	buffer_done(&heard);
}

static void lets_no_line_break_into_a_header(void **state)
{
	struct buffer heard;

	(void)state;
	buffer_init(&heard);
	assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST CLOSE "\r\n", &heard), 200);
	assert_non_null(strstr(heard.bytes, "X-Two-Lines: aSet-Cookie: b\r\n"));
	buffer_done(&heard);
}

static void obeys_the_clients_wish_to_keep_or_close(void **state)
{
	static const struct {
		const char *request, *connection;
	} cases[] = {
		{"GET / HTTP/1.1\r\n" HOST "\r\n", "Connection: keep-alive"},
		{"GET / HTTP/1.1\r\n" HOST CLOSE "\r\n", "Connection: close"},
		{"GET / HTTP/1.0\r\n\r\n", "Connection: close"},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "Connection: keep-alive"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer heard;
		int fd = dial();

		buffer_init(&heard);
		say(fd, cases[i].request);
		assert_true(hear(fd, &heard, "[]"));
		assert_non_null(strstr(heard.bytes, cases[i].connection));
		close(fd);
		buffer_done(&heard);
	}
}

/* ---- what is refused ---- */

static const struct {
	const char *request;
	int status;
} refused[] = {
	/* requests whose end two readers could see in different places */
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
	/* chunks that are none */
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400},
	/* requests that are none */
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
	/* too much */
	{"POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n", 413},
};

static void refuses_what_is_no_clear_request_and_reads_no_further(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct buffer heard, sent;
		int status = 0;

		buffer_init(&heard);
		buffer_init(&sent);
		buffer_text(&sent, refused[i].request);
		buffer_text(&sent, "GET /smuggled HTTP/1.1\r\n" HOST CLOSE "\r\n");
		status = ask(sent.bytes, &heard);
		if (status != refused[i].status || strstr(heard.bytes, "refused:") == NULL)
			fail_msg("case %zu, %s: expected %d, got %d: %s", i, refused[i].request, refused[i].status,
				 status, heard.size > 0 ? heard.bytes : "nothing");
		assert_int_equal(atomic_load(&answered), 0);
		buffer_done(&heard);
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

static void names_what_is_too_long(void **state)
{
	struct buffer heard, sent;

	(void)state;
	buffer_init(&heard);
	buffer_init(&sent);
	fill(&sent, "GET /", 200, " HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(ask(sent.bytes, &heard), 414);
	fill(&sent, "GET /?", 200, " HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(ask(sent.bytes, &heard), 414);
	fill(&sent, "GET / HTTP/1.1\r\n" HOST "X: ", 4000, "\r\n\r\n");
	assert_int_equal(ask(sent.bytes, &heard), 431);
	fill(&sent, "GET / HTTP/1.1\r\n" HOST "X: ", 30000, "\r\n\r\n");
	assert_int_equal(ask(sent.bytes, &heard), 431);
	fill(&sent, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 1001, "\r\n0\r\n\r\n");
	assert_int_equal(ask(sent.bytes, &heard), 413);
	assert_int_equal(atomic_load(&answered), 0);
	buffer_done(&heard);
	buffer_done(&sent);
}

static void overlooks_no_header_behind_many(void **state)
{
	struct buffer heard, sent;

	(void)state;
	buffer_init(&heard);
	buffer_init(&sent);
	buffer_text(&sent, "POST / HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 70; i++)
		buffer_format(&sent, "X-%d: y\r\n", i);
	buffer_text(&sent, "Content-Length: 30\r\n\r\nGET /smuggled HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(ask(sent.bytes, &heard), 431);
	assert_int_equal(atomic_load(&answered), 0);
	buffer_done(&heard);
	buffer_done(&sent);
}

/* civetweb keeps pointers into its buffer from the request before. */
static void tells_nobody_what_another_client_asked(void **state)
{
	struct buffer heard;

	(void)state;
	buffer_init(&heard);
	assert_int_equal(ask("DELETE /secret HTTP/1.1\r\n" HOST CLOSE "\r\n", &heard), 200);
	assert_int_equal(ask("\x01\r\n\r\n", &heard), 400);
	assert_null(strstr(heard.bytes, "secret"));
	buffer_done(&heard);
}

/* Targets that civetweb itself hangs up on. */
static void answers_what_is_not_for_this_server(void **state)
{
	static const char *const targets[] = {"*", "http://elsewhere.example/", "https://elsewhere.example:1/x"};
	struct buffer heard;

	(void)state;
	buffer_init(&heard);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		char text[200];

		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "\r\n", targets[i]);
		assert_int_equal(ask(text, &heard), 400);
	}
	buffer_done(&heard);
}

static void refuses_a_body_that_ends_early(void **state)
{
	struct buffer heard;
	int fd = dial();

	(void)state;
	buffer_init(&heard);
	say(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc");
	shutdown(fd, SHUT_WR);
	assert_true(hear(fd, &heard, NULL));
	assert_non_null(strstr(heard.bytes, "HTTP/1.1 400 "));
	assert_int_equal(atomic_load(&answered), 0);
	close(fd);
	buffer_done(&heard);
}

/* ---- time ---- */

static void gives_up_on_a_body_that_does_not_come(void **state)
{
	struct buffer heard;

	(void)state;
	buffer_init(&heard);
	assert_int_equal(ask("POST / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc", &heard), 408);
	assert_int_equal(atomic_load(&answered), 0);
	buffer_done(&heard);
}

/* Sends a byte whenever nothing is heard for a moment. */
static void gives_up_on_a_body_that_only_trickles(void **state)
{
	static const char *const heads[] = {"Content-Length: 900\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n384\r\n"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buffer heard;
		int fd = dial(), bytes = 0;
		struct pollfd waiting = {.fd = fd, .events = POLLIN};

		buffer_init(&heard);
		say(fd, "POST / HTTP/1.1\r\n" HOST);
		say(fd, heads[i]);
		while (poll(&waiting, 1, 20) == 0 && bytes++ < 890)
			say(fd, "x");
		assert_in_range(bytes, 2, 500);
		assert_true(hear(fd, &heard, "HTTP/1.1 408 "));
		close(fd);
		buffer_done(&heard);
	}
	assert_int_equal(atomic_load(&answered), 0);
}

static void closes_an_idle_connection_and_one_that_dawdles(void **state)
{
	struct buffer heard;

	(void)state;
	buffer_init(&heard);
	assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST "\r\n", &heard), 200);
	assert_int_not_equal(ask("GET / HTTP/1.1\r\nHos", &heard), 200);
	buffer_done(&heard);
}

static void lets_go_of_a_connection_while_all_threads_have_one(void **state)
{
	struct buffer heard;
	int held[THREADS];

	(void)state;
	buffer_init(&heard);
	for (int i = 0; i < THREADS; i++) {
		held[i] = dial();
		buffer_clear(&heard);
		say(held[i], "GET / HTTP/1.1\r\n" HOST "\r\n");
		assert_true(hear(held[i], &heard, "[]"));
		assert_non_null(strstr(heard.bytes, i < THREADS - 1 ? "Connection: keep-alive" : "Connection: close"));
	}
	for (int i = 0; i < THREADS; i++)
		close(held[i]);
	buffer_done(&heard);
}

static void *stop_server(void *unused)
{
	http_stop(server);
	return unused;
}

/* Until the stop has begun, answers are 200. An answer at the same time ends its connection. Then 503 must follow. */
static void wait_until_refused(int *fd, struct buffer *heard)
{
	for (;;) {
		buffer_clear(heard);
		say(*fd, "GET /late HTTP/1.1\r\n" HOST "\r\n");
		assert_true(hear(*fd, heard, "\r\n\r\n"));
		if (strstr(heard->bytes, "HTTP/1.1 503 ") != NULL)
			return;
		assert_non_null(strstr(heard->bytes, "HTTP/1.1 200 "));
		if (strstr(heard->bytes, "Connection: close") != NULL) {
			close(*fd);
			*fd = dial();
		}
	}
}

static void finishes_what_runs_when_it_is_stopped(void **state)
{
	struct buffer heard;
	pthread_t stopper;
	int fd = dial(), late = dial();

	(void)state;
	buffer_init(&heard);
	say(fd, "GET /slow HTTP/1.1\r\n" HOST "\r\n");
	sem_wait(&slow_began);
	pthread_create(&stopper, NULL, stop_server, NULL);
	wait_until_refused(&late, &heard);
	sem_post(&slow_may_end);
	buffer_clear(&heard);
	assert_true(hear(fd, &heard, "GET /slow ? []"));
	assert_non_null(strstr(heard.bytes, "Connection: close"));
	pthread_join(stopper, NULL);
	server = NULL;
	close(fd);
	close(late);
	buffer_done(&heard);
}

static void says_when_the_port_is_taken(void **state)
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
		cmocka_unit_test_setup(hands_method_path_query_and_body_to_the_program, start),
		cmocka_unit_test_setup(serves_pipelined_requests_in_order_on_one_connection, start),
		cmocka_unit_test_setup(reads_a_chunked_body_and_then_closes, start),
		cmocka_unit_test_setup(sends_no_body_in_answer_to_head_and_with_304, start),
		cmocka_unit_test_setup(says_continue_before_it_reads_an_announced_body, start),
		cmocka_unit_test_setup(lets_no_line_break_into_a_header, start),
		cmocka_unit_test_setup(obeys_the_clients_wish_to_keep_or_close, start),
		cmocka_unit_test_setup(refuses_what_is_no_clear_request_and_reads_no_further, start),
		cmocka_unit_test_setup(names_what_is_too_long, start),
		cmocka_unit_test_setup(overlooks_no_header_behind_many, start),
		cmocka_unit_test_setup(answers_what_is_not_for_this_server, start),
		cmocka_unit_test_setup(refuses_a_body_that_ends_early, start),
		cmocka_unit_test_setup(lets_go_of_a_connection_while_all_threads_have_one, start),
		cmocka_unit_test_setup(says_when_the_port_is_taken, start),
		cmocka_unit_test_setup(finishes_what_runs_when_it_is_stopped, start),
		cmocka_unit_test_setup_teardown(tells_nobody_what_another_client_asked, start_alone, stop),
		cmocka_unit_test_setup_teardown(gives_up_on_a_body_that_does_not_come, start_impatient, stop),
		cmocka_unit_test_setup_teardown(gives_up_on_a_body_that_only_trickles, start_impatient, stop),
		cmocka_unit_test_setup_teardown(closes_an_idle_connection_and_one_that_dawdles, start_impatient, stop),
		cmocka_unit_test(finds_an_element_of_a_list_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
