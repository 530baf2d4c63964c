/* Reads /proc/self/fd (proc(5)). This takes some tens of microseconds for a hundred sockets. */
#include "http/sockets.h"

#include <dirent.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

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

static void visit_socket(int fd, int port, socket_visit *visit, void *context)
{
	union address own, peer;
	socklen_t own_size = sizeof(own), peer_size = sizeof(peer);
	char text[NI_MAXHOST];

	if (getsockname(fd, &own.any, &own_size) != 0 || port_of(&own) != port)
		return;
	if (getpeername(fd, &peer.any, &peer_size) == 0 &&
	    getnameinfo(&peer.any, peer_size, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
		visit(context, fd, text, port_of(&peer));
	else
		visit(context, fd, "", listens(fd) ? SOCKET_LISTENS : SOCKET_WITHOUT_PEER);
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
