/* The TCP sockets of this process, found by their port: civetweb does not give access to its sockets. Private to http/.
 */
#ifndef HTTP_SOCKETS_H
#define HTTP_SOCKETS_H

/* Instead of a peer's port: the socket listens, or it has lost its peer. */
enum { SOCKET_LISTENS = 0, SOCKET_WITHOUT_PEER = -1 };

struct open_socket {
	int fd;           /* its descriptor in the process: a name; other threads may close it and use it again */
	int handle;       /* a descriptor of the visit's own for the same socket */
	const char *peer; /* the peer's numeric address; "": there is none */
	int peer_port;
};
typedef void socket_visit(void *context, const struct open_socket *socket);

/* shutdown(2) of this very socket. */
void socket_shutdown(const struct open_socket *socket, int how);

/* Calls `visit` for each open TCP socket whose local port is `port`. */
void sockets_of_port(int port, socket_visit *visit, void *context);

#endif
