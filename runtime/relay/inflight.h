/* The rows that the relay has in memory: those that wait, by route, and the messages in flight. Owned by one thread. */
#ifndef RELAY_INFLIGHT_H
#define RELAY_INFLIGHT_H

#include "relay/publish_connections.h"
#include "store/outbox.h"

enum {
	INFLIGHT_WINDOW = 8,        /* messages in flight; what comes meanwhile goes into the next ones */
	INFLIGHT_EVENTS_MAX = 500,  /* events per message */
	INFLIGHT_BYTES_MAX = 262144 /* body bytes per message, unless one event alone is longer */
};

struct inflight;

/* What inflight calls. */
struct inflight_events {
	/* A row has arrived at the broker. */
	void (*row_arrived)(void *context, const struct outbox_batch *batch, const struct outbox_row *row);
	/* The outcome of all rows of a batch is known: takes the batch back. */
	void (*batch_over)(void *context, struct outbox_batch *batch);
	void *context;
};

struct inflight *inflight_new(const struct inflight_events *events);
void inflight_free(struct inflight *inflight);

/* Takes the rows of a batch over, until batch_over. */
void inflight_take(struct inflight *inflight, struct outbox_batch *batch);
size_t inflight_waiting(const struct inflight *inflight);     /* rows */
size_t inflight_unconfirmed(const struct inflight *inflight); /* messages */
int64_t inflight_oldest(const struct inflight *inflight);     /* monotonic_now of the oldest in flight; 0: none */

/* Sends as much as the window allows. E_BUSY: the broker is blocked. E_UNAVAILABLE: a connection is gone: call
 * inflight_lost. */
must_check enum status inflight_send(struct inflight *inflight, struct publish_connections *connections);
/* Takes the confirms, refusals and returns that have come from the broker. */
void inflight_settle(struct inflight *inflight, struct publish_connections *connections);
/* The connection is gone: no row that waits or is in flight is known to have arrived. `closed`: connections that the
 * broker closed because of what was published. Puts the rows that were in flight on those into `ret_ids` (room for
 * INFLIGHT_WINDOW * INFLIGHT_EVENTS_MAX). Returns how many. The row at fault is among them. */
size_t inflight_lost(struct inflight *inflight, const bool closed[static CONNECTIONS], struct uuid *ret_ids);

#endif
