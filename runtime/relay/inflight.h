/* What the relay holds in its hands: rows that wait, by routing key, and messages under way. Owned by one thread. */
#ifndef RELAY_INFLIGHT_H
#define RELAY_INFLIGHT_H

#include "relay/publish_channels.h"
#include "store/outbox.h"

enum {
	INFLIGHT_WINDOW = 8,        /* messages under way; what comes meanwhile is the next batch */
	INFLIGHT_EVENTS_MAX = 500,  /* events a message */
	INFLIGHT_BYTES_MAX = 262144 /* body bytes a message, unless one event alone is longer */
};

struct inflight;

/* Called once for every row whose batch is not awaited, when it has arrived. */
typedef void inflight_settled(void *context, const struct outbox_batch *batch, const struct outbox_row *row);

struct inflight *inflight_new(inflight_settled *arrived, void *context);
void inflight_free(struct inflight *inflight);

/* Takes the rows of a batch in. A batch that is not awaited is freed when the fate of all its rows is known. */
void inflight_take(struct inflight *inflight, struct outbox_batch *batch);
size_t inflight_waiting(const struct inflight *inflight);     /* rows */
size_t inflight_unconfirmed(const struct inflight *inflight); /* messages */
int64_t inflight_oldest(const struct inflight *inflight); /* monotonic_now of the oldest message under way; 0: none */

/* Sends as much as the window allows. E_BUSY: the broker is blocked; E_UNAVAILABLE: a connection is gone: call
 * inflight_lost. */
must_check enum status inflight_send(struct inflight *inflight, struct publish_channels *channels);
/* Takes what the broker has said of messages under way. */
void inflight_settle(struct inflight *inflight, struct publish_channels *channels);
/* The connection is gone: nothing that waits or is under way will be known to have arrived. The rows that were under
 * way on channels to blame are put into `ret_ids` (room for INFLIGHT_WINDOW * INFLIGHT_EVENTS_MAX), for whoever looks
 * for the one that caused it. */
size_t inflight_lost(struct inflight *inflight, const bool blamed[static CHANNELS], struct uuid *ret_ids);

/* Wakes whoever waits for lent parcels: called by inflight when one is over. Provided by the relay. */
void inflight_over(void *context, struct outbox_batch *batch);

#endif
