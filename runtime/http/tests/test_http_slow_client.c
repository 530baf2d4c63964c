/* Clients that do not read. An answer that was written in part is the last one of its connection, over plain HTTP and
 * TLS, and such a client does not delay a stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/timestamp.h"
#include "http/http.h"

enum { LARGE = 12 * 1024 * 1024, REQUESTS = 3 };

static const char requests[] = "GET /large HTTP/1.1\r\nHost: test\r\n\r\n"
			       "GET /large HTTP/1.1\r\nHost: test\r\n\r\n"
			       "GET /large HTTP/1.1\r\nHost: test\r\n\r\n";

static struct http_server *server;
static atomic_int begun;
static char certificate[] = "/tmp/comanda-certificate-XXXXXX", key[] = "/tmp/comanda-key-XXXXXX";

/* ---- a server whose answers are larger than the buffers of a socket ---- */

static void respond(const struct http_request *request, struct http_response *response)
{
	char *body = arena_new(request->arena, LARGE, 1);

	memset(body, 'a', LARGE);
	response->status = 200;
	response->body = (struct span){body, LARGE};
}

static void answer(void *context, const struct http_request *request, struct http_response *ret_response)
{
	(void)context;
	if (strcmp(request->path, "/small") == 0) {
		const bool deferred = http_defer(request);

		ret_response->status = 200;
		ret_response->body = span_of(deferred ? "<deferred>" : "<small>");
		if (deferred)
			http_complete(request);
		return;
	}
	atomic_fetch_add(&begun, 1);
	if (strcmp(request->path, "/deferred") == 0 && http_defer(request)) {
		respond(request, ret_response);
		http_complete(request);
		return;
	}
	respond(request, ret_response);
}

static void refuse(void *context, int status, const char *detail, const struct http_request *request,
		   struct http_response *ret_response)
{
	(void)context;
	ret_response->status = status;
	ret_response->body = span_of(arena_format(request->arena, "<refused: %s>", detail));
}

static int start_with(int64_t timeout_us, bool tls)
{
	const struct http_config config = {.address = "127.0.0.1",
					   .certificate = tls ? certificate : NULL,
					   .key = key,
					   .threads = 8,
					   .body_max = 1000,
					   .uri_max = 200,
					   .header_bytes_max = 4000,
					   .headers_max = 60,
					   .header_timeout_us = timeout_us,
					   .body_timeout_us = timeout_us,
					   .idle_timeout_us = 10 * SECOND_US,
					   .overload_timeout_us = SECOND_US,
					   .stop_timeout_us = 2 * SECOND_US,
					   .answer = answer,
					   .refuse = refuse};

	atomic_store(&begun, 0);
	return http_start(&config, &server) == OK ? 0 : -1;
}

static int start_impatient(void **state)
{
	(void)state;
	return start_with(SECOND_US, false);
}

static int start_impatient_tls(void **state)
{
	(void)state;
	return start_with(SECOND_US, true);
}

static int start_patient(void **state)
{
	(void)state;
	return start_with(30 * SECOND_US, false);
}

static int start_patient_tls(void **state)
{
	(void)state;
	return start_with(30 * SECOND_US, true);
}

static int stop(void **state)
{
	(void)state;
	http_stop(server);
	server = NULL;
	return 0;
}

/* ---- a client ---- */

struct client {
	int fd;
	SSL_CTX *context;
	SSL *tls; /* NULL: plain */
	size_t received;
	int answers; /* status lines among what was received */
};

static void pause_for(int64_t time_us)
{
	const struct timespec pause = {.tv_sec = time_us / SECOND_US, .tv_nsec = time_us % SECOND_US * 1000};

	(void)nanosleep(&pause, NULL);
}

static struct client dial(bool with_tls)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(server))};
	struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	const int receive_bytes = 4096;

	setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	assert_int_equal(connect(client.fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	if (!with_tls)
		return client;
	client.context = SSL_CTX_new(TLS_client_method());
	client.tls = SSL_new(client.context);
	SSL_set_fd(client.tls, client.fd);
	assert_int_equal(SSL_connect(client.tls), 1);
	return client;
}

static void send_text(const struct client *client, const char *text)
{
	const int size = (int)strlen(text);

	if (client->tls != NULL)
		assert_int_equal(SSL_write(client->tls, text, size), size);
	else
		assert_int_equal(send(client->fd, text, (size_t)size, MSG_NOSIGNAL), size);
}

/* 0 or less: the server has closed. */
static ssize_t receive(const struct client *client, char *piece, size_t size)
{
	struct pollfd waiting = {.fd = client->fd, .events = POLLIN};

	if (client->tls != NULL && SSL_pending(client->tls) > 0)
		return SSL_read(client->tls, piece, (int)size);
	if (poll(&waiting, 1, 20000) != 1)
		fail_msg("the server neither wrote nor closed");
	return client->tls != NULL ? SSL_read(client->tls, piece, (int)size) : recv(client->fd, piece, size, 0);
}

/* The bodies have no letter of a status line, so that a status line is recognised by its first byte. */
static void receive_until_closed(struct client *client)
{
	char piece[65536];
	ssize_t got = 0;

	while ((got = receive(client, piece, sizeof(piece))) > 0) {
		client->received += (size_t)got;
		for (ssize_t i = 0; i + 8 <= got; i++)
			client->answers += memcmp(piece + i, "HTTP/1.1", 8) == 0;
	}
}

static void hang_up(struct client *client)
{
	SSL_free(client->tls);
	SSL_CTX_free(client->context);
	close(client->fd);
}

/* The guard finds the socket of a connection after its first request. */
static void wait_until_deferrable(const struct client *client)
{
	char piece[4096];

	for (bool deferred = false; !deferred;) {
		ssize_t size = 0;

		send_text(client, "GET /small HTTP/1.1\r\nHost: test\r\n\r\n");
		do {
			const ssize_t got = receive(client, piece + size, sizeof(piece) - 1 - (size_t)size);

			assert_true(got > 0);
			size += got;
			piece[size] = '\0';
		} while (strchr(piece, '>') == NULL);
		deferred = strstr(piece, "<deferred>") != NULL;
		pause_for(2 * MS_US);
	}
}

/* ---- tests ---- */

static void check_that_nothing_follows(bool with_tls)
{
	struct client client = dial(with_tls);

	send_text(&client, requests);
	pause_for(3 * SECOND_US); /* the timeout is 1 s */
	receive_until_closed(&client);
	assert_int_equal(client.answers, 1);
	assert_in_range(client.received, 1, LARGE - 1);
	assert_int_equal(atomic_load(&begun), 1);
	hang_up(&client);
}

static void nothing_follows_an_answer_that_was_cut(void **state)
{
	(void)state;
	check_that_nothing_follows(false);
}

static void nothing_follows_an_answer_that_was_cut_under_tls(void **state)
{
	(void)state;
	check_that_nothing_follows(true);
}

static void no_request_is_served_after_a_deferred_answer_that_was_cut(void **state)
{
	struct client client = dial(false);

	(void)state;
	wait_until_deferrable(&client);
	send_text(&client, "GET /deferred HTTP/1.1\r\nHost: test\r\n\r\n");
	send_text(&client, requests);
	pause_for(3 * SECOND_US);
	receive_until_closed(&client);
	assert_int_equal(client.answers, 1);
	assert_in_range(client.received, 1, LARGE - 1);
	assert_int_equal(atomic_load(&begun), 1);
	hang_up(&client);
}

/* A client that reads slowly, and yet reads, gets all. */
static void check_that_a_slow_client_gets_all(bool with_tls)
{
	struct client client = dial(with_tls);
	char piece[65536];
	int64_t next_pause = LARGE / 4;

	send_text(&client, "GET /large HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	while (client.received < LARGE) {
		const ssize_t got = receive(&client, piece, sizeof(piece));

		assert_true(got > 0);
		client.received += (size_t)got;
		if ((int64_t)client.received < next_pause)
			continue;
		pause_for(500 * MS_US); /* the timeout is 1 s */
		next_pause += LARGE / 4;
	}
	hang_up(&client);
}

static void a_slow_client_gets_all(void **state)
{
	(void)state;
	check_that_a_slow_client_gets_all(false);
}

static void a_slow_client_gets_all_under_tls(void **state)
{
	(void)state;
	check_that_a_slow_client_gets_all(true);
}

static void wait_until_begun(void)
{
	const int64_t until_us = monotonic_now() + 10 * SECOND_US;

	while (atomic_load(&begun) == 0) {
		assert_true(monotonic_now() < until_us);
		pause_for(MS_US);
	}
	pause_for(200 * MS_US); /* until the buffers of the socket are full */
}

static void check_that_a_stop_is_not_delayed(struct client *client, const char *request)
{
	int64_t start_us = 0;

	send_text(client, request);
	wait_until_begun();
	start_us = monotonic_now();
	http_stop(server);
	server = NULL;
	assert_in_range(monotonic_now() - start_us, 0, 5 * SECOND_US);
	hang_up(client);
}

static void a_client_that_reads_nothing_does_not_delay_a_stop(void **state)
{
	struct client client = dial(false);

	(void)state;
	check_that_a_stop_is_not_delayed(&client, requests);
}

static void a_client_that_reads_nothing_does_not_delay_a_stop_under_tls(void **state)
{
	struct client client = dial(true);

	(void)state;
	check_that_a_stop_is_not_delayed(&client, requests);
}

static void a_deferred_answer_that_nobody_reads_does_not_delay_a_stop(void **state)
{
	struct client client = dial(false);

	(void)state;
	wait_until_deferrable(&client);
	check_that_a_stop_is_not_delayed(&client, "GET /deferred HTTP/1.1\r\nHost: test\r\n\r\n");
}

/* ---- the certificate ---- */

static void sign(X509 *made, EVP_PKEY *own)
{
	X509_NAME *name = X509_get_subject_name(made);

	X509_set_version(made, 2);
	X509_gmtime_adj(X509_getm_notBefore(made), -60);
	X509_gmtime_adj(X509_getm_notAfter(made), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(made, name);
	X509_set_pubkey(made, own);
	X509_sign(made, own, EVP_sha256());
}

static int make_certificate(void **state)
{
	FILE *certificate_file = fdopen(mkstemp(certificate), "w"), *key_file = fdopen(mkstemp(key), "w");
	EVP_PKEY *own = EVP_EC_gen("P-256");
	X509 *made = X509_new();

	(void)state;
	sign(made, own);
	PEM_write_X509(certificate_file, made);
	PEM_write_PrivateKey(key_file, own, NULL, NULL, 0, NULL, NULL);
	fclose(certificate_file);
	fclose(key_file);
	X509_free(made);
	EVP_PKEY_free(own);
	return 0;
}

static int remove_certificate(void **state)
{
	(void)state;
	unlink(certificate);
	unlink(key);
	return 0;
}

#define each(test, start) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(nothing_follows_an_answer_that_was_cut, start_impatient),
		each(nothing_follows_an_answer_that_was_cut_under_tls, start_impatient_tls),
		each(no_request_is_served_after_a_deferred_answer_that_was_cut, start_impatient),
		each(a_slow_client_gets_all, start_impatient),
		each(a_slow_client_gets_all_under_tls, start_impatient_tls),
		each(a_client_that_reads_nothing_does_not_delay_a_stop, start_patient),
		each(a_client_that_reads_nothing_does_not_delay_a_stop_under_tls, start_patient_tls),
		each(a_deferred_answer_that_nobody_reads_does_not_delay_a_stop, start_patient),
	};

	return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
