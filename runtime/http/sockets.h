/* The TCP sockets of this process, found by their port: civetweb does not give access to its sockets. Private to http/.
 */
#ifndef HTTP_SOCKETS_H
#define HTTP_SOCKETS_H

/* Instead of a peer's port: the socket listens, or it has lost its peer. */
enum { SOCKET_LISTENS = 0, SOCKET_WITHOUT_PEER = -1 };

/* `peer` is the peer's numeric address, "" when there is none. */
typedef void socket_visit(void *context, int fd, const char *peer, int peer_port);

/* Calls `visit` for each open TCP socket whose local port is `port`. */
void sockets_of_port(int port, socket_visit *visit, void *context);

#endif
