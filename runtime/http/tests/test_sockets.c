/* The sockets of a port: an action on a socket hits that socket, even if its descriptor is used again meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/sockets.h"

static int listener, port;

static int set_up(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);

	(void)state;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	port = ntohs(address.sin_port);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(listener);
	return 0;
}

/* A client's socket and the server's. */
struct pair {
	int client, server;
};

static struct pair connected(void)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct pair pair = {.client = socket(AF_INET, SOCK_STREAM, 0)};

	assert_int_equal(connect(pair.client, (const struct sockaddr *)&address, sizeof(address)), 0);
	pair.server = accept(listener, NULL, NULL);
	assert_true(pair.server >= 0);
	return pair;
}

struct seen {
	int listeners, peers;
	struct pair victim; /* closed during its visit; its descriptor is used again */
	int stranger;       /* of a connection to elsewhere, under the victim's descriptor */
};

/* What a worker thread of the server can do at any time. */
static void reuse_descriptor(struct seen *seen)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(dup2(ends[0], seen->victim.server), seen->victim.server);
	close(ends[0]);
	seen->stranger = ends[1];
}

static void visit(void *context, const struct open_socket *socket)
{
	struct seen *seen = context;

	if (socket->peer_port == SOCKET_LISTENS)
		seen->listeners++;
	if (socket->peer_port <= 0)
		return;
	seen->peers++;
	assert_string_equal(socket->peer, "127.0.0.1");
	if (socket->fd != seen->victim.server)
		return;
	reuse_descriptor(seen);
	socket_shutdown(socket, SHUT_RD);
}

static void visits_the_sockets_of_its_port(void **state)
{
	struct seen seen = {.victim = {-1, -1}};
	const struct pair first = connected(), second = connected();

	(void)state;
	sockets_of_port(port, visit, &seen);
	assert_int_equal(seen.listeners, 1);
	assert_int_equal(seen.peers, 2);
	close(first.client), close(first.server), close(second.client), close(second.server);
}

static void a_shutdown_does_not_hit_a_descriptor_that_is_used_again(void **state)
{
	struct seen seen = {.victim = connected()};
	char byte = 'x';

	(void)state;
	sockets_of_port(port, visit, &seen);
	/* The stranger's connection still receives. */
	assert_int_equal(send(seen.stranger, &byte, 1, MSG_NOSIGNAL), 1);
	assert_int_equal(recv(seen.victim.server, &byte, 1, MSG_DONTWAIT), 1);
	close(seen.stranger), close(seen.victim.server), close(seen.victim.client);
}

static void leaves_no_descriptor_open(void **state)
{
	struct seen seen = {.victim = {-1, -1}};
	const struct pair pair = connected();
	const int before = dup(listener);

	(void)state;
	close(before);
	for (int i = 0; i < 100; i++)
		sockets_of_port(port, visit, &seen);
	const int after = dup(listener);
	assert_int_equal(after, before);
	close(after), close(pair.client), close(pair.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(visits_the_sockets_of_its_port, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_shutdown_does_not_hit_a_descriptor_that_is_used_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(leaves_no_descriptor_open, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
