/* What the consumers of a program share: its tables, its settings, the relay. */
#ifndef CONSUMER_ENGINE_H
#define CONSUMER_ENGINE_H

#include <stdatomic.h>

#include "comanda/service.h"
#include "relay/admission_control.h"

struct aggregate_cache;
struct outbox_relay;

struct engine {
	const struct service *service;
	const struct service_settings *settings; /* the part that every service has */
	const void *program_settings;            /* all of them */
	int64_t started_us;                      /* wall clock */
	struct outbox_relay *relay;
	struct aggregate_cache *aggregate_cache; /* what consumers have just saved; NULL: nothing is kept */
	struct admission admission;
	atomic_bool stopping;
};

#endif
