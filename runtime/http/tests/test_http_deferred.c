/* Deferred requests: each is answered once, in order, and on its own connection, whatever client and server do
 * meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/timestamp.h"
#include "http/http.h"

enum { THREADS = 24, DEFERRED_MAX = 64, LARGE = 8 * 1024 * 1024 };

static const int64_t patience_us = 20 * SECOND_US;

/* ---- a server that defers /later, and leaves its answer to the test ---- */

static struct deferred {
	const struct http_request *request;
	struct http_response *response;
} deferred[DEFERRED_MAX];
static int deferred_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct http_server *server;

/* Echoes the request as it is when it is answered, which may be long after it arrived. */
static void respond(const struct http_request *request, struct http_response *response)
{
	const char *echo = http_header(request, "X-Echo");

	response->status = 200;
	response->body = span_of(arena_format(request->arena, "<%s %s %s %s>", request->method, request->path,
					      request->query != NULL ? request->query : "", echo != NULL ? echo : ""));
}

static void respond_with_large_body(const struct http_request *request, struct http_response *response)
{
	char *body = arena_new(request->arena, LARGE, 1);

	for (size_t i = 0; i < LARGE; i++)
		body[i] = (char)('a' + i % 23);
	response->status = 200;
	response->body = (struct span){body, LARGE};
}

static void store_deferred(const struct http_request *request, struct http_response *response)
{
	pthread_mutex_lock(&lock);
	assert(deferred_count < DEFERRED_MAX);
	deferred[deferred_count++] = (struct deferred){request, response};
	pthread_mutex_unlock(&lock);
}

/* /later is completed by the test. /soon is deferred and completed here. Others are not deferred. */
static void answer(void *context, const struct http_request *request, struct http_response *ret_response)
{
	(void)context;
	if (strcmp(request->path, "/soon") == 0 && http_defer(request)) {
		respond(request, ret_response);
		ret_response->body = span_of("<deferred>");
		http_complete(request);
	} else if (strcmp(request->path, "/later") == 0 && http_defer(request)) {
		store_deferred(request, ret_response);
	} else {
		respond(request, ret_response);
	}
}

static void refuse(void *context, int status, const char *detail, const struct http_request *request,
		   struct http_response *ret_response)
{
	(void)context;
	ret_response->status = status;
	ret_response->body = span_of(arena_format(request->arena, "<refused: %s>", detail));
}

static int start_with_times(int64_t time_us)
{
	const struct http_config config = {.address = "127.0.0.1",
					   .threads = THREADS,
					   .body_max = 1000,
					   .uri_max = 200,
					   .header_bytes_max = 4000,
					   .headers_max = 60,
					   .header_timeout_us = time_us,
					   .body_timeout_us = time_us,
					   .idle_timeout_us = time_us,
					   .overload_timeout_us = SECOND_US,
					   .stop_timeout_us = 2 * SECOND_US,
					   .answer = answer,
					   .refuse = refuse};

	deferred_count = 0;
	return http_start(&config, &server) == OK ? 0 : -1;
}

static int start(void **state)
{
	(void)state;
	return start_with_times(5 * SECOND_US);
}

static int start_with_short_timeouts(void **state)
{
	(void)state;
	return start_with_times(300 * MS_US);
}

static int count_deferred(void);
static void complete_first(void);

/* A failed test leaves deferred requests. */
static int stop(void **state)
{
	(void)state;
	while (count_deferred() > 0)
		complete_first();
	http_stop(server);
	server = NULL;
	return 0;
}

/* ---- the clients ---- */

struct client {
	int fd;
	struct buffer received;
};

static void pause_for(int64_t time_us)
{
	const struct timespec pause = {.tv_sec = time_us / SECOND_US, .tv_nsec = time_us % SECOND_US * 1000};

	(void)nanosleep(&pause, NULL);
}

static void send_text(const struct client *client, const char *text)
{
	assert_int_equal(send(client->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void send_request(const struct client *client, const char *target, const char *echo)
{
	char text[300];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: test\r\nX-Echo: %s\r\n\r\n", target, echo);
	send_text(client, text);
}

/* Reads until `wanted` has arrived. False: the server closed, or nothing arrived for `wait_us`. */
static bool receive_within(struct client *client, const char *wanted, int64_t wait_us)
{
	char piece[65536];
	struct pollfd waiting = {.fd = client->fd, .events = POLLIN};
	size_t searched = 0; /* `wanted` does not begin before */

	while (client->received.size == 0 || strstr(client->received.bytes + searched, wanted) == NULL) {
		ssize_t got = 0;

		if (client->received.size > strlen(wanted))
			searched = client->received.size - strlen(wanted);
		if (poll(&waiting, 1, (int)(wait_us / MS_US)) != 1)
			return false;
		got = recv(client->fd, piece, sizeof(piece), 0);
		if (got <= 0)
			return false;
		buffer_add(&client->received, piece, (size_t)got);
	}
	return true;
}

static bool receive(struct client *client, const char *wanted)
{
	return receive_within(client, wanted, patience_us);
}

/* Whether the server closes without sending more. */
static bool is_closed_by_server(struct client *client)
{
	struct pollfd waiting = {.fd = client->fd, .events = POLLIN};
	char byte = 0;

	return poll(&waiting, 1, (int)(patience_us / MS_US)) == 1 && recv(client->fd, &byte, 1, 0) == 0;
}

static void connect_client(struct client *client, int receive_bytes)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(server))};

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	buffer_init(&client->received);
	if (receive_bytes > 0)
		setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	assert_int_equal(connect(client->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	/* The guard finds the sockets of connections that have sent a request. */
	send_request(client, "/at-once", "");
	assert_true(receive(client, "at-once  >"));
	buffer_clear(&client->received);
}

/* Waits until requests of this connection are deferred. The guard finds its socket only after a while. */
static void wait_until_deferrable(struct client *client)
{
	const int64_t until = monotonic_now() + patience_us;

	for (;;) {
		assert_true(monotonic_now() < until);
		buffer_clear(&client->received);
		send_request(client, "/soon", "");
		assert_true(receive(client, ">"));
		if (strstr(client->received.bytes, "<deferred>") != NULL)
			break;
		pause_for(2 * MS_US);
	}
	buffer_clear(&client->received);
}

static void disconnect(struct client *client, bool with_reset)
{
	const struct linger none = {.l_onoff = 1, .l_linger = 0};

	if (with_reset)
		setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(client->fd);
	buffer_done(&client->received);
}

/* ---- completing answers ---- */

static int count_deferred(void)
{
	int count = 0;

	pthread_mutex_lock(&lock);
	count = deferred_count;
	pthread_mutex_unlock(&lock);
	return count;
}

static void wait_until_deferred(int count)
{
	const int64_t until = monotonic_now() + patience_us;
	int now = count_deferred();

	for (; now < count; now = count_deferred()) {
		assert_true(monotonic_now() < until);
		pause_for(200);
	}
	assert_int_equal(now, count);
}

/* The oldest deferred request. */
static struct deferred remove_first(void)
{
	struct deferred first;

	pthread_mutex_lock(&lock);
	assert(deferred_count > 0);
	first = deferred[0];
	memmove(deferred, deferred + 1, (size_t)--deferred_count * sizeof(*deferred));
	pthread_mutex_unlock(&lock);
	return first;
}

static void complete_first(void)
{
	const struct deferred first = remove_first();

	respond(first.request, first.response);
	http_complete(first.request);
}

/* ---- tests ---- */

static void answers_come_in_the_order_of_their_requests(void **state)
{
	struct client client;

	(void)state;
	connect_client(&client, 0);
	wait_until_deferrable(&client);
	for (int i = 0; i < 50; i++) {
		const char *first = NULL, *second = NULL;

		buffer_clear(&client.received);
		send_text(&client, "GET /later HTTP/1.1\r\nHost: test\r\nX-Echo: one\r\n\r\n"
				   "GET /at-once HTTP/1.1\r\nHost: test\r\nX-Echo: two\r\n\r\n"
				   "GET /later HTTP/1.1\r\nHost: test\r\nX-Echo: three\r\n\r\n");
		wait_until_deferred(1);
		assert_false(receive_within(&client, "two", i == 0 ? 200 * MS_US : 1 * MS_US));
		wait_until_deferred(1);
		complete_first();
		wait_until_deferred(1);
		complete_first();
		assert_true(receive(&client, "three>"));
		first = strstr(client.received.bytes, "<GET /later  one>");
		assert_non_null(first);
		second = strstr(first, "<GET /at-once  two>");
		assert_non_null(second);
		assert_non_null(strstr(second, "<GET /later  three>"));
	}
	disconnect(&client, false);
}

static void a_refusal_waits_for_the_answer_before_it(void **state)
{
	struct client client;

	(void)state;
	connect_client(&client, 0);
	wait_until_deferrable(&client);
	send_text(&client, "GET /later HTTP/1.1\r\nHost: test\r\n\r\nG@T / HTTP/1.1\r\nHost: test\r\n\r\n");
	wait_until_deferred(1);
	assert_false(receive_within(&client, "refused", 200 * MS_US));
	complete_first();
	assert_true(receive(&client, "refused"));
	assert_non_null(strstr(strstr(client.received.bytes, "<GET /later  >"), "HTTP/1.1 400 "));
	disconnect(&client, false);
}

/* civetweb reads the next request into the same buffer. */
static void a_deferred_request_keeps_its_headers(void **state)
{
	struct client client;

	(void)state;
	connect_client(&client, 0);
	wait_until_deferrable(&client);
	send_request(&client, "/later?first=1", "the first");
	wait_until_deferred(1);
	send_text(&client, "POST /another-and-much-longer?second HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n"
			   "X-Echo: the second, which is longer than the first\r\nX-Other: and so on\r\n\r\n");
	pause_for(100 * MS_US);
	complete_first();
	assert_true(receive(&client, "longer than the first>"));
	assert_non_null(strstr(client.received.bytes, "<GET /later first=1 the first>"));
	disconnect(&client, false);
}

static void no_client_gets_the_answer_of_a_closed_connection(void **state)
{
	enum { CLIENTS = 8, ROUNDS = 4 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct client gone[CLIENTS], next[CLIENTS];

		for (int i = 0; i < CLIENTS; i++)
			connect_client(&gone[i], 0);
		for (int i = 0; i < CLIENTS; i++) {
			wait_until_deferrable(&gone[i]);
			send_request(&gone[i], "/later", "gone");
		}
		wait_until_deferred(CLIENTS);
		for (int i = 0; i < CLIENTS; i++)
			disconnect(&gone[i], i % 2 == 0);
		/* These connections get the free descriptors, and are served when the answers of the others are
		 * written. */
		for (int i = 0; i < CLIENTS; i++)
			connect_client(&next[i], 0);
		for (int i = 0; i < CLIENTS; i++)
			wait_until_deferrable(&next[i]);
		for (int i = 0; i < CLIENTS; i++)
			complete_first();
		for (int i = 0; i < CLIENTS; i++) {
			send_request(&next[i], "/later", "own");
			wait_until_deferred(1);
			complete_first();
			assert_true(receive(&next[i], "own>"));
			assert_null(strstr(next[i].received.bytes, "gone"));
			disconnect(&next[i], false);
		}
	}
}

static void check_large(const struct buffer *received)
{
	const char *body = strstr(received->bytes, "\r\n\r\n") + 4;

	for (size_t i = 0; i < LARGE; i++)
		if (body[i] != (char)('a' + i % 23))
			fail_msg("byte %zu is wrong", i);
}

static void a_slow_client_does_not_delay_others(void **state)
{
	struct client slow, other;
	struct deferred first;
	int64_t began_us = 0;

	(void)state;
	connect_client(&slow, 4096);
	connect_client(&other, 0);
	wait_until_deferrable(&slow);
	wait_until_deferrable(&other);
	send_request(&slow, "/later", "");
	wait_until_deferred(1);
	first = remove_first();
	respond_with_large_body(first.request, first.response);
	began_us = monotonic_now();
	http_complete(first.request);
	assert_true(monotonic_now() - began_us < 2 * SECOND_US);
	send_request(&slow, "/at-once", "after it"); /* in the right order */
	send_request(&other, "/later", "meanwhile");
	wait_until_deferred(1);
	complete_first();
	assert_true(receive(&other, "meanwhile>"));
	assert_true(receive(&slow, "after it>"));
	assert_true(slow.received.size > LARGE);
	check_large(&slow.received);
	disconnect(&slow, false);
	disconnect(&other, false);
}

static void a_client_that_reads_nothing_is_disconnected(void **state)
{
	struct client slow;
	struct deferred first;

	(void)state;
	connect_client(&slow, 4096);
	wait_until_deferrable(&slow);
	send_request(&slow, "/later", "");
	send_request(&slow, "/at-once", "after it");
	wait_until_deferred(1);
	first = remove_first();
	respond_with_large_body(first.request, first.response);
	http_complete(first.request);
	pause_for(2500 * MS_US); /* a second longer than the timeout of a request */
	assert_false(receive(&slow, "after it>"));
	assert_in_range(slow.received.size, 1, LARGE - 1);
	disconnect(&slow, false);
}

/* The idle timeout begins with the answer. */
static void a_connection_that_waits_for_its_answer_is_not_idle(void **state)
{
	struct client client;

	(void)state;
	connect_client(&client, 0);
	wait_until_deferrable(&client);
	send_request(&client, "/later", "patient");
	wait_until_deferred(1);
	pause_for(1500 * MS_US);
	complete_first();
	assert_true(receive(&client, "patient>"));
	assert_non_null(strstr(client.received.bytes, "Connection: keep-alive"));
	send_request(&client, "/at-once", "again");
	assert_true(receive(&client, "again>"));
	/* After the answer, the idle timeout runs. */
	send_request(&client, "/soon", "");
	assert_true(receive(&client, "<deferred>"));
	assert_true(is_closed_by_server(&client));
	disconnect(&client, false);
}

static atomic_bool stopped;

static void *stop_server(void *unused)
{
	http_stop(server);
	atomic_store(&stopped, true);
	return unused;
}

/* Until the stop has begun, answers are 200. An answer at the same time ends its connection. Then 503 must follow. */
static void wait_until_refused(struct client *client)
{
	for (;;) {
		buffer_clear(&client->received);
		send_request(client, "/at-once", "");
		assert_true(receive(client, ">"));
		if (strstr(client->received.bytes, "HTTP/1.1 503 ") != NULL)
			return;
		assert_non_null(strstr(client->received.bytes, "HTTP/1.1 200 "));
		if (strstr(client->received.bytes, "Connection: close") != NULL) {
			disconnect(client, false);
			connect_client(client, 0);
		}
	}
}

static void a_stop_waits_for_deferred_answers(void **state)
{
	struct client client, late;
	pthread_t stopper;

	(void)state;
	atomic_store(&stopped, false);
	connect_client(&client, 0);
	connect_client(&late, 0);
	wait_until_deferrable(&client);
	send_request(&client, "/later", "the last");
	wait_until_deferred(1);
	pthread_create(&stopper, NULL, stop_server, NULL);
	wait_until_refused(&late);
	pause_for(200 * MS_US);
	assert_false(atomic_load(&stopped));
	complete_first();
	assert_true(receive(&client, "the last>"));
	assert_non_null(strstr(client.received.bytes, "Connection: close"));
	pthread_join(stopper, NULL);
	disconnect(&client, false);
	disconnect(&late, false);
}

static void a_request_that_ends_the_connection_is_not_deferred(void **state)
{
	struct client client;

	(void)state;
	connect_client(&client, 0);
	wait_until_deferrable(&client);
	send_text(&client, "GET /later HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	assert_true(receive(&client, "<GET /later  >"));
	assert_int_equal(count_deferred(), 0);
	disconnect(&client, false);
}

/* ---- many at once ---- */

static atomic_bool over;

static void *complete_all(void *unused)
{
	while (!atomic_load(&over)) {
		if (count_deferred() > 0)
			complete_first();
		else
			pause_for(50);
	}
	return unused;
}

static void *request_repeatedly(void *argument)
{
	struct client client;
	char own[40], wanted[60];

	connect_client(&client, 0);
	for (int i = 0; i < 400; i++) {
		snprintf(own, sizeof(own), "%p-%d", argument, i);
		snprintf(wanted, sizeof(wanted), "  %s>", own);
		buffer_clear(&client.received);
		send_request(&client, i % 5 == 4 ? "/at-once" : "/later", own);
		assert(receive(&client, wanted));
		if (i % 100 == 99) {
			disconnect(&client, true);
			connect_client(&client, 0);
		} else if (i % 100 < 3) {
			pause_for(100 * MS_US);
		}
	}
	disconnect(&client, false);
	return argument;
}

static void every_client_gets_its_own_answers(void **state)
{
	enum { ASKERS = 16 };
	pthread_t askers[ASKERS], finisher;
	char names[ASKERS];

	(void)state;
	atomic_store(&over, false);
	for (int i = 0; i < ASKERS; i++)
		pthread_create(&askers[i], NULL, request_repeatedly, &names[i]);
	pthread_create(&finisher, NULL, complete_all, NULL);
	for (int i = 0; i < ASKERS; i++)
		pthread_join(askers[i], NULL);
	atomic_store(&over, true);
	pthread_join(finisher, NULL);
}

#define each(test)             cmocka_unit_test_setup_teardown(test, start, stop)
#define each_impatiently(test) cmocka_unit_test_setup_teardown(test, start_with_short_timeouts, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(answers_come_in_the_order_of_their_requests),
		each(a_refusal_waits_for_the_answer_before_it),
		each(a_deferred_request_keeps_its_headers),
		each(no_client_gets_the_answer_of_a_closed_connection),
		each(a_slow_client_does_not_delay_others),
		each_impatiently(a_client_that_reads_nothing_is_disconnected),
		each_impatiently(a_connection_that_waits_for_its_answer_is_not_idle),
		cmocka_unit_test_setup(a_stop_waits_for_deferred_answers, start),
		each(a_request_that_ends_the_connection_is_not_deferred),
		each(every_client_gets_its_own_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
