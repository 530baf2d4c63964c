/* The sockets of this process, found by their ports: civetweb shows none of its own. Private to the HTTP server. */
#ifndef HTTP_SOCKETS_H
#define HTTP_SOCKETS_H

/* `peer` is the numeric address of the other end. `peer_port` 0: the socket listens; -1: it has lost its other end. */
typedef void socket_visit(void *context, int fd, const char *peer, int peer_port);

/* Visits each open TCP socket whose own port is `port`. */
void sockets_of_port(int port, socket_visit *visit, void *context);

#endif
