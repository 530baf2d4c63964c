/* The timeline of one order: its events, the services that receive each, when they processed it, and the states of the
 * order. Read from the event log, the inboxes, the order's row and the dead letters. */
#ifndef CTL_ORDER_TIMELINE_H
#define CTL_ORDER_TIMELINE_H

#include "ctl/lib/event_set.h"
#include "ctl/lib/services.h"
#include "ctl/order/waiting.h"
#include "orders/domain/saga.h"

/* A service that receives an event. Times are INT_ABSENT where they are not known. */
struct receiver {
	const struct service *service;
	int64_t processed_us; /* when its inbox recorded the event; a service without an inbox has none */
	int64_t decided_us;   /* of its answer */
	int64_t attempts;
	bool answered;
	bool repeated; /* its inbox recorded the event again after the decision, as a replay or a redrive makes it */
	const char *dead_code, *dead_reason; /* NULL: it is no dead letter of this service */
};

enum { STATE_UNKNOWN = -1 };

/* An event of the order. */
struct step {
	const struct kept_event *event;
	const struct service *producer; /* NULL: none of the services */
	struct receiver *receivers;
	size_t receiver_count;
	int state; /* enum order_state of the order after orders processed the event; STATE_UNKNOWN */
};

struct order_timeline {
	struct event_set events;
	struct step *steps; /* in order of effect: an answer stands where orders processed it */
	size_t count;
	struct uuid id, user, request;
	int64_t requested_us; /* when orders received the request; INT_ABSENT: not known any more */
	int64_t expires_us;
	struct order_wait wait; /* of an open order */
	bool known;             /* the orders database has the order */
	enum order_state state;
	const char *reason; /* of the end; NULL: none */
	int64_t total_cents;
	const char *currency;
	struct arena arena;
};

/* False after an error message. timeline_done in any case. */
bool timeline_read(struct order_timeline *timeline, const struct uuid *order);
void timeline_done(struct order_timeline *timeline);

/* Whether the service has processed the event, as far as the sources show. */
bool receiver_done(const struct receiver *receiver);

#endif
