/* One minimal HTTP/1.1 POST over a new connection (RFC 9112). The collector runs on the same machine or network. */
#include "telemetry/otlp.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/timestamp.h"

enum { READS_MAX = 256 };

static int connect_to(const struct addrinfo *address, int64_t wait_us)
{
	const struct timeval wait = {.tv_sec = wait_us / SECOND_US, .tv_usec = wait_us % SECOND_US};
	const int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);

	/* The time-out of sending is that of connecting too (socket(7)). */
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
	    connect(fd, address->ai_addr, address->ai_addrlen) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int connect_any(const struct otlp_target *target, int64_t wait_us)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *addresses;
	char port[12];
	int fd = -1;

	snprintf(port, sizeof(port), "%d", target->port);
	if (getaddrinfo(target->host, port, &hints, &addresses) != 0)
		return -1;
	for (const struct addrinfo *address = addresses; address != NULL && fd < 0; address = address->ai_next)
		fd = connect_to(address, wait_us);
	freeaddrinfo(addresses);
	return fd;
}

static bool send_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		size -= (size_t)sent;
	}
	return true;
}

/* "HTTP/1.1 200 ...": nothing more is wanted of the answer. */
static bool answered_well(int fd)
{
	char line[16] = "";
	size_t size = 0;

	while (size < sizeof("HTTP/1.1 2") - 1) {
		const ssize_t got = recv(fd, line + size, sizeof(line) - 1 - size, 0);

		if (got <= 0)
			return false;
		size += (size_t)got;
	}
	const bool good = strncmp(line, "HTTP/1.", 7) == 0 && strncmp(line + 8, " 2", 2) == 0;
	for (int reads = 0; reads < READS_MAX && recv(fd, line, sizeof(line), 0) > 0; reads++) {
	} /* what is not read would reset the connection that it came by */
	return good;
}

bool otlp_post(const struct otlp_target *target, struct span body, int64_t wait_us)
{
	const int fd = connect_any(target, wait_us);
	struct buffer head;

	if (fd < 0)
		return false;
	buffer_init(&head);
	buffer_format(&head,
		      "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		      "Connection: close\r\n\r\n",
		      target->path, target->host, target->port, body.size);
	const bool done =
		send_all(fd, head.bytes, head.size) && send_all(fd, body.bytes, body.size) && answered_well(fd);
	buffer_done(&head);
	close(fd);
	return done;
}
