/* A connection to the real server on loopback. Each input is the data of one connection, after which the client stops
 * sending. The server must answer or close in time. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/stubs.h"

static struct http_server *server;

static void answer(void *context, const struct http_request *request, struct http_response *ret_response)
{
	call_answer(context, request, ret_response);
	played_check(request, ret_response);
}

static void refuse(void *context, int status, const char *detail, const struct http_request *request,
		   struct http_response *ret_response)
{
	call_refuse(context, status, detail, request, ret_response);
	must(ret_response->status >= 400);
	played_check(request, ret_response);
}

void target_begin(void)
{
	played_begin();
	const struct http_config config = {.address = "127.0.0.1",
					   .threads = 4,
					   .body_max = 16384,
					   .uri_max = 1024,
					   .header_bytes_max = 4096,
					   .headers_max = 60,
					   .header_timeout_us = SECOND_US,
					   .body_timeout_us = SECOND_US,
					   .idle_timeout_us = SECOND_US,
					   .overload_timeout_us = SECOND_US,
					   .stop_timeout_us = 2 * SECOND_US,
					   .answer = answer,
					   .refuse = refuse,
					   .context = &played_edge};
	must(http_start(&config, &server) == OK);
}

/* libFuzzer's timer must not interrupt connect, which cannot be restarted. */
static bool connect_undisturbed(int client, const struct sockaddr_in *address)
{
	sigset_t clock, before;

	sigemptyset(&clock);
	sigaddset(&clock, SIGALRM);
	must(pthread_sigmask(SIG_BLOCK, &clock, &before) == 0);
	const bool done = connect(client, (const struct sockaddr *)address, sizeof(*address)) == 0;
	must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	return done;
}

static int connect_to_server(void)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons((uint16_t)http_port(server)),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval patience = {.tv_sec = 20};
	const struct linger abort_at_close = {.l_onoff = 1}; /* no TIME_WAIT, because ports would run out */
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(client >= 0);
	must(setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	must(setsockopt(client, SOL_SOCKET, SO_LINGER, &abort_at_close, sizeof(abort_at_close)) == 0);
	must(connect_undisturbed(client, &address));
	return client;
}

/* libFuzzer's timer interrupts. */
static ssize_t receive(int client, char *bytes, size_t size)
{
	ssize_t got;

	do
		got = recv(client, bytes, size, 0);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Reads to the end. The data must start with a response. */
static void read_answers(int client)
{
	static const char begins[] = "HTTP/1.1 ";
	char bytes[16384];
	ssize_t got = receive(client, bytes, sizeof(bytes));
	size_t begun = got < (ssize_t)sizeof(begins) - 1 ? (size_t)got : sizeof(begins) - 1;

	must(got <= 0 || memcmp(bytes, begins, begun) == 0);
	while (got > 0)
		got = receive(client, bytes, sizeof(bytes));
	must(got == 0 || errno == ECONNRESET); /* false: timeout */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int client = connect_to_server();

	played_choose((unsigned)size);
	if (size == 0 || send(client, bytes, size, MSG_NOSIGNAL) >= 0)
		(void)shutdown(client, SHUT_WR);
	read_answers(client);
	(void)close(client);
	return 0;
}
