/* The list of services, and look-ups in it. */
#include "ctl/lib/services.h"

#include <string.h>

#include "orders/service.h"
#include "products/service.h"
#include "users/service.h"

const struct service *const services[] = {&users_service, &products_service, &orders_service, NULL};

const char *option_service(const char *text, void *ret_service)
{
	for (const struct service *const *service = services; *service != NULL; service++)
		if (strcmp(text, (*service)->queue_prefix) == 0 || strcmp(text, (*service)->name) == 0) {
			*(const struct service **)ret_service = *service;
			return NULL;
		}
	return "is no service: " SERVICE_NAMES;
}

const struct service *service_of_program(const char *name)
{
	for (const struct service *const *service = services; *service != NULL; service++)
		if (strcmp((*service)->name, name) == 0)
			return *service;
	return NULL;
}

const struct service *service_of_queue(const char *queue)
{
	for (const struct service *const *service = services; *service != NULL; service++) {
		const size_t size = strlen((*service)->queue_prefix);

		if (strncmp(queue, (*service)->queue_prefix, size) == 0 && strcmp(queue + size, ".events") == 0)
			return *service;
	}
	return NULL;
}

const char *event_queue_of(const struct service *service, struct arena *arena)
{
	return arena_format(arena, "%s.events", service->queue_prefix);
}

bool service_has_inbox(const struct service *service)
{
	for (const struct consumer_config *consumer = service->consumers; consumer->name != NULL; consumer++)
		if (consumer->kind == CONSUMER_EVENTS)
			return true;
	return false;
}
