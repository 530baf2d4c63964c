/* Receivers come from the topology's bindings, effects from the inboxes. */
#include "ctl/replay/plan.h"

#include <string.h>

#include "ctl/lib/connect.h"
#include "ctl/lib/dedup_admin.h"
#include "proto/topology.h"

const char *const effect_names[] = {
	[EFFECT_NONE] = "no effect: handled before",
	[EFFECT_ANSWER] = "the same answer again, which has no effect",
	[EFFECT_HANDLE] = "will be handled: it never was",
	[EFFECT_AGAIN] = "TAKES EFFECT AGAIN",
};

/* Returns how many deliveries the event has. */
static size_t add_deliveries(struct replay_plan *plan, const struct kept_event *event, const struct service *service)
{
	size_t added = 0;

	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++) {
		const struct service *consumer = service_of_queue(binding->queue);

		if (strcmp(binding->exchange, "events") != 0 || strcmp(binding->routing_key, event->type) != 0 ||
		    consumer == NULL || (service != NULL && service != consumer))
			continue;
		if ((plan->count & (plan->count - 1)) == 0) /* the array is full at each power of two */
			plan->deliveries =
				mem_grow(plan->deliveries, (plan->count * 2 + 1) * sizeof(*plan->deliveries));
		plan->deliveries[plan->count++] =
			(struct replay_delivery){.event = event, .service = consumer, .queue = binding->queue};
		added++;
	}
	return added;
}

static enum effect effect_of(int64_t processed_us, bool force)
{
	if (processed_us == INT_ABSENT)
		return EFFECT_HANDLE;
	return force ? EFFECT_AGAIN : EFFECT_NONE;
}

/* Fills in the effects of the deliveries to one service. */
static bool find_effects(struct replay_plan *plan, const struct service *service, bool force)
{
	struct uuid *ids = mem_new(plan->count + 1, sizeof(*ids));
	int64_t *processed_us = mem_new(plan->count + 1, sizeof(*processed_us));
	size_t count = 0;
	bool fine = true;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->deliveries[i].service == service)
			ids[count++] = plan->deliveries[i].event->id;
	const bool has_inbox = service_has_inbox(service);
	struct db *db = count > 0 && has_inbox ? connect_database(service) : NULL;
	if (count > 0 && has_inbox)
		fine = db != NULL && dedup_find(db, ids, count, INT_ABSENT, processed_us);
	for (size_t i = 0, n = 0; fine && i < plan->count; i++)
		if (plan->deliveries[i].service == service)
			plan->deliveries[i].effect = has_inbox ? effect_of(processed_us[n++], force) : EFFECT_ANSWER;
	db_free(db);
	free(ids);
	free(processed_us);
	return fine;
}

bool replay_plan_make(struct replay_plan *plan, const struct event_set *events, const struct service *service,
		      bool force)
{
	*plan = (struct replay_plan){.deliveries = NULL};
	for (size_t i = 0; i < events->count; i++)
		plan->unbound += add_deliveries(plan, &events->events[i], service) == 0;
	for (const struct service *const *each = services; *each != NULL; each++)
		if (!find_effects(plan, *each, force))
			return false;
	return true;
}

void replay_plan_done(struct replay_plan *plan)
{
	free(plan->deliveries);
}
