/* Who hears what: the topology's bindings; who has heard it: the inboxes. */
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

/* "orders.events" → "orders"; NULL: not a service's queue of events. */
static const char *service_of(const char *queue)
{
	for (int i = 0; i < SERVICES; i++) {
		const size_t size = strlen(service_names[i]);

		if (strncmp(queue, service_names[i], size) == 0 && strcmp(queue + size, ".events") == 0)
			return service_names[i];
	}
	return NULL;
}

static size_t add_errands(struct replay_plan *plan, const struct kept_event *event, const char *service_name)
{
	size_t added = 0;

	for (const struct topology_binding *binding = topology_bindings; binding->exchange != NULL; binding++) {
		const char *consumer = service_of(binding->queue);

		if (strcmp(binding->exchange, "events") != 0 || strcmp(binding->routing_key, event->type) != 0 ||
		    consumer == NULL || (service_name != NULL && strcmp(service_name, consumer) != 0))
			continue;
		if ((plan->count & (plan->count - 1)) == 0) /* full at each power of two */
			plan->errands = mem_grow(plan->errands, (plan->count * 2 + 1) * sizeof(*plan->errands));
		plan->errands[plan->count++] =
			(struct errand){.event = event, .service_name = consumer, .queue = binding->queue};
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

/* What one service_name will do with its errands. */
static bool look_ahead(struct replay_plan *plan, const char *service_name, bool force)
{
	struct uuid *ids = mem_new(plan->count + 1, sizeof(*ids));
	int64_t *claimed = mem_new(plan->count + 1, sizeof(*claimed));
	size_t count = 0;
	bool fine = true;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->errands[i].service_name == service_name)
			ids[count++] = plan->errands[i].event->id;
	const bool kept = dedup_is_kept(service_name);
	struct db *db = count > 0 && kept ? connect_database(service_name) : NULL;
	if (count > 0 && kept)
		fine = db != NULL && dedup_look(db, ids, count, INT_ABSENT, claimed);
	for (size_t i = 0, n = 0; fine && i < plan->count; i++)
		if (plan->errands[i].service_name == service_name)
			plan->errands[i].effect = kept ? effect_of(claimed[n++], force) : EFFECT_ANSWER;
	db_free(db);
	free(ids);
	free(claimed);
	return fine;
}

bool replay_plan_make(struct replay_plan *plan, const struct event_set *events, const char *service_name, bool force)
{
	*plan = (struct replay_plan){.errands = NULL};
	for (size_t i = 0; i < events->count; i++)
		plan->unprocessed += add_errands(plan, &events->events[i], service_name) == 0;
	for (int i = 0; i < SERVICES; i++)
		if (!look_ahead(plan, service_names[i], force))
			return false;
	return true;
}

void replay_plan_done(struct replay_plan *plan)
{
	free(plan->errands);
}
