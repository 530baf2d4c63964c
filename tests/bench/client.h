/* A client connection: HTTP/1.1 with keep-alive over a socket that never blocks. One request in flight at a time. */
#ifndef TESTS_BENCH_CLIENT_H
#define TESTS_BENCH_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/memory.h"

struct client {
	int fd; /* -1: not connected */
	bool busy;
	int64_t since_us;      /* when the request in flight was due, by monotonic_now */
	int64_t rest_until_us; /* time to retry, from Retry-After */
	struct buffer out;
	size_t sent;
	struct buffer in;
};

struct answer {
	int status;
	long retry_after; /* Retry-After in seconds; 0: none */
};

enum client_state { CLIENT_WAITING, CLIENT_ANSWERED, CLIENT_LOST };

/* Starts to connect from that address (0.0.0.0: any). Aborts if no socket is available. */
void client_connect(struct client *client, const struct sockaddr_in *from, const struct sockaddr_in *address);
void client_close(struct client *client);
/* Sends as much of `out` as possible. */
enum client_state client_send(struct client *client);
/* Reads. CLIENT_ANSWERED: a complete response has arrived, and the next request may be sent. */
enum client_state client_receive(struct client *client, struct answer *ret_answer);

#endif
