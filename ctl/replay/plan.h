/* The deliveries of a replay, and the effect of each. */
#ifndef CTL_REPLAY_PLAN_H
#define CTL_REPLAY_PLAN_H

#include "ctl/lib/event_set.h"
#include "ctl/lib/services.h"

enum effect {
	EFFECT_NONE,   /* the inbox has recorded the event: the consumer drops it as a duplicate */
	EFFECT_ANSWER, /* a service without an inbox publishes the same answer again, under the same id: a duplicate */
	EFFECT_HANDLE, /* the inbox has not recorded the event: the consumer processes it */
	EFFECT_AGAIN   /* the record in the inbox is deleted: the consumer processes the event a second time */
};
enum { EFFECTS = EFFECT_AGAIN + 1 };
extern const char *const effect_names[];

/* One event to one queue. */
struct replay_delivery {
	const struct kept_event *event;
	const struct service *service;
	const char *queue;
	enum effect effect;
};

struct replay_plan {
	struct replay_delivery *deliveries;
	size_t count;
	size_t unbound; /* events of types that no queue is bound for */
};

/* A delivery for each event and each queue that the topology binds for its type. `service`: only to that one; NULL: to
 * all. `force`: processed events take effect again. Reads the inboxes. False after an error message; replay_plan_done
 * in any case. */
bool replay_plan_make(struct replay_plan *plan, const struct event_set *events, const struct service *service,
		      bool force);
void replay_plan_done(struct replay_plan *plan);

#endif
