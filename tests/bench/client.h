/* A client connection: HTTP/1.1 with keep-alive over a socket that never blocks. One request under way at a time. */
#ifndef TESTS_BENCH_CLIENT_H
#define TESTS_BENCH_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/memory.h"

struct client {
	int fd; /* -1: not connected */
	bool busy;
	int64_t since_us;      /* when the request under way should have been sent, by monotonic_now */
	int64_t rest_until_us; /* told to come back then */
	struct buffer out;
	size_t sent;
	struct buffer in;
};

struct answer {
	int status;
	long retry_after; /* seconds; 0: does not say */
};

enum client_state { CLIENT_WAITING, CLIENT_ANSWERED, CLIENT_LOST };

/* Connects, or begins to, from that address (0.0.0.0: any); aborts where the machine has no sockets left. */
void client_connect(struct client *client, const struct sockaddr_in *from, const struct sockaddr_in *address);
void client_close(struct client *client);
/* Sends what is in `out`, as far as it goes. */
enum client_state client_send(struct client *client);
/* Takes what has come. CLIENT_ANSWERED: a whole response, and the next request may go. */
enum client_state client_receive(struct client *client, struct answer *ret_answer);

#endif
