/* What the lanes of a program share: its tables, its settings, the relay. */
#ifndef RT_ENGINE_H
#define RT_ENGINE_H

#include <stdatomic.h>

#include "comanda/service.h"
#include "relay/admission_control.h"

struct kept;
struct relay;

struct engine {
	const struct service *service;
	const struct service_settings *settings; /* the part that every service has */
	const void *program_settings;            /* all of them */
	int64_t started_us;                      /* wall clock */
	struct relay *relay;
	struct kept *kept; /* what lanes have just saved; NULL: nothing is kept */
	struct pace pace;
	atomic_bool stopping;
};

#endif
