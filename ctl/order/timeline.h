/* The timeline of one order: what happened, who heard it and when, what it led to. From the log, the inboxes, the
 * order's row and the dead letters. */
#ifndef CTL_ORDER_TIMELINE_H
#define CTL_ORDER_TIMELINE_H

#include "ctl/dead/dead_letters.h"
#include "ctl/lib/event_set.h"
#include "orders/domain/saga.h"

enum { HEARERS_MAX = 3 };

/* A service that listens to an event. Times are INT_ABSENT where they are not known. */
struct receiver {
	const char *service_name;
	int64_t processed_us; /* when its inbox took the event; users keeps none */
	int64_t decided_us;   /* of its answer */
	int64_t attempts;
	bool answered;
	struct letter dead; /* service_name NULL: it is not among the dead letters */
};

struct step {
	const struct kept_event *event;
	const char *service_name; /* who told it */
	struct receiver receivers[HEARERS_MAX];
	size_t receiver_count;
	const char *state; /* of the order after it was heard; NULL: it says nothing of that */
};

struct order_timeline {
	struct event_set events;
	struct step *steps; /* in order of time */
	size_t count;
	struct uuid id, user, request;
	int64_t asked_us; /* when orders took the request; INT_ABSENT: not known (any more) */
	int64_t expires_us;
	bool known; /* the orders database has it */
	enum order_state state;
	const char *reason; /* of an end; NULL */
	int64_t total_cents;
	const char *currency;
	struct arena arena;
};

/* False after saying what is wrong; story_done in any case. */
bool timeline_read(struct order_timeline *timeline, const struct uuid *order);
void story_done(struct order_timeline *timeline);

/* Whether it has heard the event, as far as can be seen. */
bool receiver_done(const struct receiver *receiver);

#endif
