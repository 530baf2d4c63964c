/* Where to connect, and when: the hosts of a broker URL in turn, with a back-off between failures. No I/O. */
#ifndef AMQP_HOSTS_H
#define AMQP_HOSTS_H

#include "core/memory.h"
#include "core/timestamp.h"

enum { BROKER_HOSTS_MAX = 16, BROKER_PORT = 5672, BROKER_TLS_PORT = 5671 };

struct broker_host {
	const char *name;
	int port;
};

struct broker_hosts {
	const char *user, *password, *vhost; /* percent-decoded; guest, guest and / where left out */
	struct broker_host hosts[BROKER_HOSTS_MAX];
	size_t count;
	bool tls; /* amqps */
	const char
		*ca_file; /* whose signature the broker's certificate must have; NULL: those that the system trusts */
};

/* amqp://user:password@host[:port][,host[:port]...]/vhost (https://www.rabbitmq.com/docs/uri-spec, and a list of hosts,
 * IPv6 addresses in brackets); amqps:// for TLS, where ?cacertfile=/path may follow
 * (https://www.rabbitmq.com/docs/uri-query-parameters). The certificate is always verified: verify=verify_none is
 * refused. E_INVALID otherwise. Texts live in the arena. */
must_check enum status broker_hosts_parse(const char *url, struct arena *arena, struct broker_hosts *ret_hosts);

/* When to try again: 50 ms after the first failure, doubling to 5 s, each drawn from its upper half, so that those who
 * lost the broker together do not come back together. A connection that lived for 5 s starts it anew. */
struct broker_backoff {
	int64_t pause_us;     /* the next pause; 0: the first */
	int64_t due_us;       /* monotonic_now() */
	int64_t connected_us; /* monotonic_now(); 0: not connected */
	uint32_t random;
};

void backoff_connected(struct broker_backoff *backoff, int64_t now_us);
/* A try failed, or the connection is lost. */
void backoff_failed(struct broker_backoff *backoff, int64_t now_us);
bool backoff_is_due(const struct broker_backoff *backoff, int64_t now_us);

#endif
