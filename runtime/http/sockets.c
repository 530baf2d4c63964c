/* Reads /proc/self/fd (proc(5)). This takes some tens of microseconds for a hundred sockets. */
#include "http/sockets.h"

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_storage storage;
};

static int port_of(const union address *address)
{
	switch (address->any.sa_family) {
	case AF_INET:
		return ntohs(address->four.sin_port);
	case AF_INET6:
		return ntohs(address->six.sin6_port);
	default:
		return 0;
	}
}

static bool listens(int fd)
{
	int yes = 0;
	socklen_t size = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes != 0;
}

static bool has_port(int fd, int port)
{
	union address own;
	socklen_t size = sizeof(own);

	return getsockname(fd, &own.any, &size) == 0 && port_of(&own) == port;
}

void socket_shutdown(const struct open_socket *socket, int how)
{
	(void)shutdown(socket->handle, how);
}

static void visit_handle(int fd, int handle, socket_visit *visit, void *context)
{
	struct open_socket socket = {.fd = fd, .handle = handle, .peer = ""};
	union address peer;
	socklen_t size = sizeof(peer);
	char text[NI_MAXHOST];

	if (getpeername(handle, &peer.any, &size) == 0 &&
	    getnameinfo(&peer.any, size, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0) {
		socket.peer = text;
		socket.peer_port = port_of(&peer);
	} else
		socket.peer_port = listens(handle) ? SOCKET_LISTENS : SOCKET_WITHOUT_PEER;
	visit(context, &socket);
}

/* Another thread may close the descriptor at any time, and open another socket under its number. The duplicate stays
 * the same socket for all that follows. */
static void visit_socket(int fd, int port, socket_visit *visit, void *context)
{
	if (!has_port(fd, port))
		return;
	const int handle = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (handle < 0)
		return;
	if (has_port(handle, port))
		visit_handle(fd, handle, visit, context);
	(void)close(handle);
}

void sockets_of_port(int port, socket_visit *visit, void *context)
{
	DIR *open_files = opendir("/proc/self/fd");
	const struct dirent *entry = NULL;

	if (open_files == NULL)
		return;
	while ((entry = readdir(open_files)) != NULL) /* NOLINT(concurrency-mt-unsafe): only this thread uses the DIR */
		if (entry->d_name[0] != '.')
			visit_socket((int)strtol(entry->d_name, NULL, 10), port, visit, context);
	closedir(open_files);
}
