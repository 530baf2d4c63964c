/* The connections by which a relay publishes: one for what goes to the exchange "events", and with that into the log,
 * and one for the rest.
 *
 * They are apart because of RabbitMQ's stream queues (3.10 to 4.0: resend_all in rabbit_stream_queue.erl). When the
 * stream's leader has changed, a channel says again what is not confirmed, but numbers it by its own publish sequence
 * instead of by its sequence on the stream. Where the two differ, the stream takes what is published next for a
 * duplicate: it is confirmed, and not in the log. On a channel of which every publish reaches the stream, they are the
 * same. */
#ifndef RT_ROADS_H
#define RT_ROADS_H

#include <poll.h>

#include "amqp/broker.h"

enum road { ROAD_EVENTS, ROAD_OTHER, ROADS };

struct roads {
	struct broker *brokers[ROADS];
};

/* Which road a publication to this exchange takes. */
enum road road_of(const char *exchange);

/* Both confirm. `config->lane` is what the connection of events is called. */
void roads_init(struct roads *roads, const struct broker_config *config);
void roads_done(struct roads *roads);

/* Connects what is not connected and may be tried again. E_UNAVAILABLE: not all of them are; *ret_detail says why. */
must_check enum status roads_ensure(struct roads *roads, const char **ret_detail);
bool roads_connected(const struct roads *roads); /* all of them */
bool roads_blocked(const struct roads *roads);   /* any of them */
/* Hears what the broker says on each. E_UNAVAILABLE: one of them is gone: drop all. */
must_check enum status roads_tick(struct roads *roads);
/* Ends all of them at once. `ret_blamed`: the broker had closed this one because of what was sent. Returns what it said
 * then; NULL: nothing. */
const char *roads_drop(struct roads *roads, bool ret_blamed[static ROADS]);
void roads_close(struct roads *roads); /* orderly */

/* For poll(2): fills one entry a road (one that is closed is passed over). True: something has been read already, do
 * not wait. */
must_check bool roads_poll(const struct roads *roads, struct pollfd ret_fds[static ROADS]);

#endif
