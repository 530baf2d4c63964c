/* Requests that are taken from their thread and answered by another: in order, by the right connection, once, whatever
 * the client and the server do meanwhile. */
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

enum { THREADS = 24, TAKEN_MAX = 64, LARGE = 8 * 1024 * 1024 };

static const int64_t patience_us = 20 * SECOND_US;

/* ---- a server that takes whatever asks for /later, and leaves it to the test ---- */

static struct taken {
	const struct http_request *request;
	struct http_response *response;
} taken[TAKEN_MAX];
static int taken_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct http_server *server;

/* What is seen of the request when it is answered, which may be long after it came. */
static void respond(const struct http_request *request, struct http_response *response)
{
	const char *echo = http_header(request, "X-Echo");

	response->status = 200;
	response->body = span_of(arena_format(request->arena, "<%s %s %s %s>", request->method, request->path,
					      request->query != NULL ? request->query : "", echo != NULL ? echo : ""));
}

static void respond_at_length(const struct http_request *request, struct http_response *response)
{
	char *body = arena_new(request->arena, LARGE, 1);

	for (size_t i = 0; i < LARGE; i++)
		body[i] = (char)('a' + i % 23);
	response->status = 200;
	response->body = (struct span){body, LARGE};
}

static void keep(const struct http_request *request, struct http_response *response)
{
	pthread_mutex_lock(&lock);
	assert(taken_count < TAKEN_MAX);
	taken[taken_count++] = (struct taken){request, response};
	pthread_mutex_unlock(&lock);
}

/* /later waits for the test; /soon is taken and answered here and now; others are not taken. */
static void answer(void *context, const struct http_request *request, struct http_response *ret_response)
{
	(void)context;
	if (strcmp(request->path, "/soon") == 0 && http_defer(request)) {
		respond(request, ret_response);
		ret_response->body = span_of("<taken>");
		http_complete(request);
	} else if (strcmp(request->path, "/later") == 0 && http_defer(request)) {
		keep(request, ret_response);
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
					   .answer = answer,
					   .refuse = refuse};

	taken_count = 0;
	return http_start(&config, &server) == OK ? 0 : -1;
}

static int start(void **state)
{
	(void)state;
	return start_with_times(5 * SECOND_US);
}

static int start_impatient(void **state)
{
	(void)state;
	return start_with_times(300 * MS_US);
}

static int count_taken(void);
static void finish_first(void);

/* A test that failed leaves some behind. */
static int stop(void **state)
{
	(void)state;
	while (count_taken() > 0)
		finish_first();
	http_stop(server);
	server = NULL;
	return 0;
}

/* ---- the clients ---- */

struct client {
	int fd;
	struct buffer heard;
};

static void nap(int64_t time_us)
{
	const struct timespec pause = {.tv_sec = time_us / SECOND_US, .tv_nsec = time_us % SECOND_US * 1000};

	(void)nanosleep(&pause, NULL);
}

static void say(const struct client *client, const char *text)
{
	assert_int_equal(send(client->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void ask(const struct client *client, const char *target, const char *echo)
{
	char text[300];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: test\r\nX-Echo: %s\r\n\r\n", target, echo);
	say(client, text);
}

/* Hears on until `wanted` is there; false where the server closes, or nothing more comes for `wait_us`. */
static bool hear_for(struct client *client, const char *wanted, int64_t wait_us)
{
	char piece[65536];
	struct pollfd waiting = {.fd = client->fd, .events = POLLIN};

	while (client->heard.size == 0 || strstr(client->heard.bytes, wanted) == NULL) {
		ssize_t got = 0;

		if (poll(&waiting, 1, (int)(wait_us / MS_US)) != 1)
			return false;
		got = recv(client->fd, piece, sizeof(piece), 0);
		if (got <= 0)
			return false;
		buffer_add(&client->heard, piece, (size_t)got);
	}
	return true;
}

static bool hear(struct client *client, const char *wanted)
{
	return hear_for(client, wanted, patience_us);
}

/* Nothing more is said, and the server closes. */
static bool is_hung_up_on(struct client *client)
{
	struct pollfd waiting = {.fd = client->fd, .events = POLLIN};
	char byte = 0;

	return poll(&waiting, 1, (int)(patience_us / MS_US)) == 1 && recv(client->fd, &byte, 1, 0) == 0;
}

static void dial(struct client *client, int receive_bytes)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(server))};

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	buffer_init(&client->heard);
	if (receive_bytes > 0)
		setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	assert_int_equal(connect(client->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	/* The guard looks for the sockets of those who were heard. */
	ask(client, "/at-once", "");
	assert_true(hear(client, "at-once  >"));
	buffer_clear(&client->heard);
}

/* Until its requests are taken: its socket is known only after a while. */
static void settle(struct client *client)
{
	const int64_t until = monotonic_now() + patience_us;

	for (;;) {
		assert_true(monotonic_now() < until);
		buffer_clear(&client->heard);
		ask(client, "/soon", "");
		assert_true(hear(client, ">"));
		if (strstr(client->heard.bytes, "<taken>") != NULL)
			break;
		nap(2 * MS_US);
	}
	buffer_clear(&client->heard);
}

static void hang_up(struct client *client, bool rudely)
{
	const struct linger none = {.l_onoff = 1, .l_linger = 0};

	if (rudely)
		setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(client->fd);
	buffer_done(&client->heard);
}

/* ---- the one who answers ---- */

static int count_taken(void)
{
	int count = 0;

	pthread_mutex_lock(&lock);
	count = taken_count;
	pthread_mutex_unlock(&lock);
	return count;
}

static void wait_until_taken(int count)
{
	const int64_t until = monotonic_now() + patience_us;
	int now = count_taken();

	for (; now < count; now = count_taken()) {
		assert_true(monotonic_now() < until);
		nap(200);
	}
	assert_int_equal(now, count);
}

/* The oldest that was taken. */
static struct taken take_first(void)
{
	struct taken first;

	pthread_mutex_lock(&lock);
	assert(taken_count > 0);
	first = taken[0];
	memmove(taken, taken + 1, (size_t)--taken_count * sizeof(*taken));
	pthread_mutex_unlock(&lock);
	return first;
}

static void finish_first(void)
{
	const struct taken first = take_first();

	respond(first.request, first.response);
	http_complete(first.request);
}

/* ---- what holds ---- */

static void answers_come_in_the_order_of_their_requests(void **state)
{
	struct client client;

	(void)state;
	dial(&client, 0);
	settle(&client);
	for (int i = 0; i < 50; i++) {
		const char *first = NULL, *second = NULL;

		buffer_clear(&client.heard);
		say(&client, "GET /later HTTP/1.1\r\nHost: test\r\nX-Echo: one\r\n\r\n"
			     "GET /at-once HTTP/1.1\r\nHost: test\r\nX-Echo: two\r\n\r\n"
			     "GET /later HTTP/1.1\r\nHost: test\r\nX-Echo: three\r\n\r\n");
		wait_until_taken(1);
		assert_false(hear_for(&client, "two", i == 0 ? 200 * MS_US : 1 * MS_US));
		wait_until_taken(1);
		finish_first();
		wait_until_taken(1);
		finish_first();
		assert_true(hear(&client, "three>"));
		first = strstr(client.heard.bytes, "<GET /later  one>");
		assert_non_null(first);
		second = strstr(first, "<GET /at-once  two>");
		assert_non_null(second);
		assert_non_null(strstr(second, "<GET /later  three>"));
	}
	hang_up(&client, false);
}

static void a_refusal_waits_for_the_answer_before_it(void **state)
{
	struct client client;

	(void)state;
	dial(&client, 0);
	settle(&client);
	say(&client, "GET /later HTTP/1.1\r\nHost: test\r\n\r\nG@T / HTTP/1.1\r\nHost: test\r\n\r\n");
	wait_until_taken(1);
	assert_false(hear_for(&client, "refused", 200 * MS_US));
	finish_first();
	assert_true(hear(&client, "refused"));
	assert_non_null(strstr(strstr(client.heard.bytes, "<GET /later  >"), "HTTP/1.1 400 "));
	hang_up(&client, false);
}

/* civetweb reads the next request into the same buffer. */
static void what_was_taken_keeps_its_head(void **state)
{
	struct client client;

	(void)state;
	dial(&client, 0);
	settle(&client);
	ask(&client, "/later?first=1", "the first");
	wait_until_taken(1);
	say(&client, "POST /another-and-much-longer?second HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n"
		     "X-Echo: the second, which is longer than the first\r\nX-Other: and so on\r\n\r\n");
	nap(100 * MS_US);
	finish_first();
	assert_true(hear(&client, "longer than the first>"));
	assert_non_null(strstr(client.heard.bytes, "<GET /later first=1 the first>"));
	hang_up(&client, false);
}

static void nobody_gets_the_answer_of_one_who_has_gone(void **state)
{
	enum { CLIENTS = 8, ROUNDS = 4 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct client gone[CLIENTS], next[CLIENTS];

		for (int i = 0; i < CLIENTS; i++)
			dial(&gone[i], 0);
		for (int i = 0; i < CLIENTS; i++) {
			settle(&gone[i]);
			ask(&gone[i], "/later", "gone");
		}
		wait_until_taken(CLIENTS);
		for (int i = 0; i < CLIENTS; i++)
			hang_up(&gone[i], i % 2 == 0);
		/* These get what descriptors are free, and are being served when the others' answers come. */
		for (int i = 0; i < CLIENTS; i++)
			dial(&next[i], 0);
		for (int i = 0; i < CLIENTS; i++)
			settle(&next[i]);
		for (int i = 0; i < CLIENTS; i++)
			finish_first();
		for (int i = 0; i < CLIENTS; i++) {
			ask(&next[i], "/later", "own");
			wait_until_taken(1);
			finish_first();
			assert_true(hear(&next[i], "own>"));
			assert_null(strstr(next[i].heard.bytes, "gone"));
			hang_up(&next[i], false);
		}
	}
}

static void check_large(const struct buffer *heard)
{
	const char *body = strstr(heard->bytes, "\r\n\r\n") + 4;

	for (size_t i = 0; i < LARGE; i++)
		if (body[i] != (char)('a' + i % 23))
			fail_msg("byte %zu is wrong", i);
}

static void who_reads_slowly_keeps_nobody_waiting(void **state)
{
	struct client slow, other;
	struct taken first;
	int64_t began_us = 0;

	(void)state;
	dial(&slow, 4096);
	dial(&other, 0);
	settle(&slow);
	settle(&other);
	ask(&slow, "/later", "");
	wait_until_taken(1);
	first = take_first();
	respond_at_length(first.request, first.response);
	began_us = monotonic_now();
	http_complete(first.request);
	assert_true(monotonic_now() - began_us < 2 * SECOND_US);
	ask(&slow, "/at-once", "after it"); /* and keeps its turn */
	ask(&other, "/later", "meanwhile");
	wait_until_taken(1);
	finish_first();
	assert_true(hear(&other, "meanwhile>"));
	assert_true(hear(&slow, "after it>"));
	assert_true(slow.heard.size > LARGE);
	check_large(&slow.heard);
	hang_up(&slow, false);
	hang_up(&other, false);
}

static void who_takes_nothing_for_too_long_is_hung_up_on(void **state)
{
	struct client slow;
	struct taken first;

	(void)state;
	dial(&slow, 4096);
	settle(&slow);
	ask(&slow, "/later", "");
	ask(&slow, "/at-once", "after it");
	wait_until_taken(1);
	first = take_first();
	respond_at_length(first.request, first.response);
	http_complete(first.request);
	nap(2500 * MS_US); /* a second more than it has for a request */
	assert_false(hear(&slow, "after it>"));
	assert_in_range(slow.heard.size, 1, LARGE - 1);
	hang_up(&slow, false);
}

/* The time for the next request begins with the answer. */
static void who_waits_for_an_answer_is_not_idle(void **state)
{
	struct client client;

	(void)state;
	dial(&client, 0);
	settle(&client);
	ask(&client, "/later", "patient");
	wait_until_taken(1);
	nap(1500 * MS_US);
	finish_first();
	assert_true(hear(&client, "patient>"));
	assert_non_null(strstr(client.heard.bytes, "Connection: keep-alive"));
	ask(&client, "/at-once", "again");
	assert_true(hear(&client, "again>"));
	/* It begins then, all the same. */
	ask(&client, "/soon", "");
	assert_true(hear(&client, "<taken>"));
	assert_true(is_hung_up_on(&client));
	hang_up(&client, false);
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
		buffer_clear(&client->heard);
		ask(client, "/at-once", "");
		assert_true(hear(client, ">"));
		if (strstr(client->heard.bytes, "HTTP/1.1 503 ") != NULL)
			return;
		assert_non_null(strstr(client->heard.bytes, "HTTP/1.1 200 "));
		if (strstr(client->heard.bytes, "Connection: close") != NULL) {
			hang_up(client, false);
			dial(client, 0);
		}
	}
}

static void a_stop_waits_for_the_answers_that_are_to_come(void **state)
{
	struct client client, late;
	pthread_t stopper;

	(void)state;
	atomic_store(&stopped, false);
	dial(&client, 0);
	dial(&late, 0);
	settle(&client);
	ask(&client, "/later", "the last");
	wait_until_taken(1);
	pthread_create(&stopper, NULL, stop_server, NULL);
	wait_until_refused(&late);
	nap(200 * MS_US);
	assert_false(atomic_load(&stopped));
	finish_first();
	assert_true(hear(&client, "the last>"));
	assert_non_null(strstr(client.heard.bytes, "Connection: close"));
	pthread_join(stopper, NULL);
	hang_up(&client, false);
	hang_up(&late, false);
}

static void what_ends_the_connection_is_not_taken(void **state)
{
	struct client client;

	(void)state;
	dial(&client, 0);
	settle(&client);
	say(&client, "GET /later HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	assert_true(hear(&client, "<GET /later  >"));
	assert_int_equal(count_taken(), 0);
	hang_up(&client, false);
}

/* ---- many at once ---- */

static atomic_bool over;

static void *finish_all(void *unused)
{
	while (!atomic_load(&over)) {
		if (count_taken() > 0)
			finish_first();
		else
			nap(50);
	}
	return unused;
}

static void *ask_again_and_again(void *argument)
{
	struct client client;
	char own[40], wanted[60];

	dial(&client, 0);
	for (int i = 0; i < 400; i++) {
		snprintf(own, sizeof(own), "%p-%d", argument, i);
		snprintf(wanted, sizeof(wanted), "  %s>", own);
		buffer_clear(&client.heard);
		ask(&client, i % 5 == 4 ? "/at-once" : "/later", own);
		assert(hear(&client, wanted));
		if (i % 100 == 99) {
			hang_up(&client, true);
			dial(&client, 0);
		} else if (i % 100 < 3) {
			nap(100 * MS_US);
		}
	}
	hang_up(&client, false);
	return argument;
}

static void everybody_gets_his_own(void **state)
{
	enum { ASKERS = 16 };
	pthread_t askers[ASKERS], finisher;
	char names[ASKERS];

	(void)state;
	atomic_store(&over, false);
	for (int i = 0; i < ASKERS; i++)
		pthread_create(&askers[i], NULL, ask_again_and_again, &names[i]);
	pthread_create(&finisher, NULL, finish_all, NULL);
	for (int i = 0; i < ASKERS; i++)
		pthread_join(askers[i], NULL);
	atomic_store(&over, true);
	pthread_join(finisher, NULL);
}

#define each(test)             cmocka_unit_test_setup_teardown(test, start, stop)
#define each_impatiently(test) cmocka_unit_test_setup_teardown(test, start_impatient, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(answers_come_in_the_order_of_their_requests),
		each(a_refusal_waits_for_the_answer_before_it),
		each(what_was_taken_keeps_its_head),
		each(nobody_gets_the_answer_of_one_who_has_gone),
		each(who_reads_slowly_keeps_nobody_waiting),
		each_impatiently(who_takes_nothing_for_too_long_is_hung_up_on),
		each_impatiently(who_waits_for_an_answer_is_not_idle),
		cmocka_unit_test_setup(a_stop_waits_for_the_answers_that_are_to_come, start),
		each(what_ends_the_connection_is_not_taken),
		each(everybody_gets_his_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
