/* What the relay holds in its hands: rows that wait, by routing key, and messages under way. Owned by one thread. */
#ifndef RT_FLIGHT_H
#define RT_FLIGHT_H

#include "relay/publish_channels.h"
#include "store/outbox.h"

enum {
	FLIGHT_WINDOW = 8,        /* messages under way; what comes meanwhile is the next batch */
	FLIGHT_EVENTS_MAX = 500,  /* events a message */
	FLIGHT_BYTES_MAX = 262144 /* body bytes a message, unless one event alone is longer */
};

struct flights;

/* Called once for every row whose parcel is not awaited, when it has arrived. */
typedef void flight_arrived(void *context, const struct parcel *parcel, const struct outbox_row *row);

struct flights *flights_new(flight_arrived *arrived, void *context);
void flights_free(struct flights *flights);

/* Takes the rows of a parcel in. A parcel that is not awaited is freed when the fate of all its rows is known. */
void flights_take(struct flights *flights, struct parcel *parcel);
size_t flights_waiting(const struct flights *flights);   /* rows */
size_t flights_under_way(const struct flights *flights); /* messages */
int64_t flights_oldest(const struct flights *flights);   /* moment_steady of the oldest message under way; 0: none */

/* Sends as much as the window allows. E_BUSY: the broker is blocked; E_UNAVAILABLE: a connection is gone: call
 * flights_lost. */
must_check enum status flights_send(struct flights *flights, struct roads *roads);
/* Takes what the broker has said of messages under way. */
void flights_settle(struct flights *flights, struct roads *roads);
/* The connection is gone: nothing that waits or is under way will be known to have arrived. The rows that were under
 * way on roads to blame are put into `ret_ids` (room for FLIGHT_WINDOW * FLIGHT_EVENTS_MAX), for whoever looks for the
 * one that caused it. */
size_t flights_lost(struct flights *flights, const bool blamed[static ROADS], struct uuid *ret_ids);

/* Wakes whoever waits for lent parcels: called by flights when one is over. Provided by the relay. */
void flights_over(void *context, struct parcel *parcel);

#endif
