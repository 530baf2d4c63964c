/* What a replay would send, and what each consumer will do with it. */
#ifndef CTL_REPLAY_PLAN_H
#define CTL_REPLAY_PLAN_H

#include "ctl/lib/event_set.h"

enum effect {
	EFFECT_NONE,   /* its inbox has it: nothing happens */
	EFFECT_ANSWER, /* users says the same again, under the same id: its receiver's inbox has that */
	EFFECT_HANDLE, /* its inbox has not: it is handled */
	EFFECT_AGAIN   /* its inbox has it and is made to forget: it takes effect a second time */
};
extern const char *const effect_names[];

struct errand {
	const struct kept_event *event;
	const char *service_name, *queue;
	enum effect effect;
};

struct replay_plan {
	struct errand *errands;
	size_t count;
	size_t unprocessed; /* events that no queue is bound for */
};

/* One errand for each event and each queue that the topology binds for its type (of `service_name` alone where that is
 * not NULL). Reads the inboxes. False after saying what is wrong; replay_plan_done in any case. */
bool replay_plan_make(struct replay_plan *plan, const struct event_set *events, const char *service_name, bool force);
void replay_plan_done(struct replay_plan *plan);

#endif
