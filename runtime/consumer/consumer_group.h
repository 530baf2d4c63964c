/* The consumers of a program: what they share, and how a service starts and stops them. */
#ifndef CONSUMER_CONSUMER_GROUP_H
#define CONSUMER_CONSUMER_GROUP_H

#include <stdatomic.h>

#include "comanda/service.h"
#include "relay/outbox_relay.h"

struct aggregate_cache;
struct consumer;
struct request_key;

struct consumer_group {
	const struct service *service;
	const struct service_settings *settings; /* the part that every service has */
	const void *program_settings;            /* all of them */
	int64_t started_us;                      /* wall clock */
	struct outbox_relay *relay;
	struct aggregate_cache *aggregate_cache; /* what consumers have just saved */
	struct admission *admission;
	const struct request_key *request_key; /* NULL: requests of this service have no secrets */
	atomic_bool stopping;
};

/* Starts the thread; NULL where there can be no more threads. It ends after group->stopping is set. */
struct consumer *consumer_start(struct consumer_group *group, const struct consumer_config *config, int number);
void consumer_join(struct consumer *consumer);
void consumer_free(struct consumer *consumer);
/* False: puts the reason into `why`. */
bool consumer_ready(const struct consumer *consumer, struct buffer *why);

#endif
