/* Where to connect: the hosts that a broker URL names. No I/O. */
#ifndef AMQP_HOSTS_H
#define AMQP_HOSTS_H

#include "core/memory.h"
#include "core/status.h"

#include <stdbool.h>

enum { BROKER_HOSTS_MAX = 16, BROKER_PORT = 5672, BROKER_TLS_PORT = 5671 };

struct broker_host {
	const char *name;
	int port;
};

struct broker_hosts {
	const char *user, *password, *vhost; /* percent-decoded; guest, guest and / where left out */
	struct broker_host hosts[BROKER_HOSTS_MAX];
	size_t count;
	bool tls;            /* amqps */
	const char *ca_file; /* the CA certificates for the broker's certificate; NULL: those of the system */
};

/* amqp://user:password@host[:port][,host[:port]...]/vhost (https://www.rabbitmq.com/docs/uri-spec, and a list of hosts,
 * IPv6 addresses in brackets); amqps:// for TLS, where ?cacertfile=/path may follow
 * (https://www.rabbitmq.com/docs/uri-query-parameters). The certificate is always verified: verify=verify_none is
 * refused. E_INVALID otherwise. Texts live in the arena. */
must_check enum status broker_hosts_parse(const char *url, struct arena *arena, struct broker_hosts *ret_hosts);

#endif
