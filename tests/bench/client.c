/* Sends requests and parses responses, as far as a load generator needs it. */
#include "tests/bench/client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 16 * 1024 };

void client_connect(struct client *client, const struct sockaddr_in *from, const struct sockaddr_in *address)
{
	const int one = 1;

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0) {
		perror("comanda-load: socket");
		abort();
	}
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (from->sin_addr.s_addr != INADDR_ANY &&
	    bind(client->fd, (const struct sockaddr *)from, sizeof(*from)) != 0) {
		perror("comanda-load: bind");
		abort();
	}
	(void)!connect(client->fd, (const struct sockaddr *)address, sizeof(*address)); /* registered for EPOLLOUT */
	client->busy = false;
	buffer_clear(&client->in);
	buffer_clear(&client->out);
	client->sent = 0;
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

enum client_state client_send(struct client *client)
{
	while (client->sent < client->out.size) {
		const ssize_t sent = send(client->fd, client->out.bytes + client->sent, client->out.size - client->sent,
					  MSG_NOSIGNAL);

		if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN))
			return CLIENT_WAITING;
		if (sent < 0)
			return CLIENT_LOST;
		client->sent += (size_t)sent;
	}
	return CLIENT_WAITING;
}

/* The value of a header of the block that ends at `end`; NULL if it is missing. */
static const char *find_header(const char *block, const char *end, const char *name)
{
	const size_t length = strlen(name);

	for (const char *line = block; line != NULL && line < end; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1;
	}
	return NULL;
}

/* Size of the response at the beginning of `in`; 0 if it is incomplete. */
static size_t response_size(const struct buffer *in, struct answer *ret_answer)
{
	const char *end = strstr(in->bytes, "\r\n\r\n");

	if (end == NULL || in->size < 12)
		return 0;
	const char *first = strstr(in->bytes, "\r\n");
	const char *length = find_header(first, end, "Content-Length");
	const size_t size = (size_t)(end + 4 - in->bytes) + (length == NULL ? 0 : strtoul(length, NULL, 10));

	const char *retry_after = find_header(first, end, "Retry-After");

	ret_answer->status = atoi(in->bytes + 9);
	ret_answer->retry_after = retry_after == NULL ? 0 : strtol(retry_after, NULL, 10);
	return in->size >= size ? size : 0;
}

enum client_state client_receive(struct client *client, struct answer *ret_answer)
{
	for (;;) {
		char *room = buffer_room(&client->in, PIECE);
		const ssize_t got = recv(client->fd, room, PIECE, 0);

		if (got < 0 && errno == EAGAIN)
			return CLIENT_WAITING;
		if (got <= 0)
			return CLIENT_LOST;
		client->in.size += (size_t)got;
		client->in.bytes[client->in.size] = '\0';
		if (response_size(&client->in, ret_answer) == client->in.size) {
			buffer_clear(&client->in);
			return CLIENT_ANSWERED;
		}
	}
}
