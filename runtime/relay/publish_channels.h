/* The connections of the relay. One is for publications to the exchange "events", which go into the event log too. The
 * other is for the rest.
 *
 * They are separate because of RabbitMQ's stream queues (3.10 to 4.0: resend_all in rabbit_stream_queue.erl). When the
 * leader of the stream has changed, a channel sends again what is not confirmed. It numbers these messages by its own
 * publish sequence and not by its sequence on the stream. If the two differ, the stream takes what is published next
 * for a duplicate. It is confirmed, and missing in the log. On a channel whose every message reaches the stream, both
 * are equal. */
#ifndef RELAY_PUBLISH_CHANNELS_H
#define RELAY_PUBLISH_CHANNELS_H

#include <poll.h>

#include "amqp/broker.h"

enum publish_channel { CHANNEL_EVENTS, CHANNEL_OTHER, CHANNELS };

struct publish_channels {
	struct broker *brokers[CHANNELS];
};

/* Which channel a publication to this exchange takes. */
enum publish_channel publish_channel_of(const char *exchange);

/* Both confirm. `config->connection_name` is what the connection of events is called. */
void publish_channels_init(struct publish_channels *channels, const struct broker_config *config);
void publish_channels_done(struct publish_channels *channels);

/* Connects what is not connected and may be tried again. E_UNAVAILABLE: not all of them are; *ret_detail says why. */
must_check enum status publish_channels_ensure(struct publish_channels *channels, const char **ret_detail);
bool publish_channels_connected(const struct publish_channels *channels); /* all of them */
bool publish_channels_blocked(const struct publish_channels *channels);   /* any of them */
/* Reads what the broker has sent on each. E_UNAVAILABLE: one of them is gone: drop all. */
must_check enum status publish_channels_tick(struct publish_channels *channels);
/* Drops all of them at once. `ret_closed`: the broker had closed this one because of what was published. Returns the
 * broker's reason; NULL: none. */
const char *publish_channels_drop(struct publish_channels *channels, bool ret_closed[static CHANNELS]);
void publish_channels_close(struct publish_channels *channels); /* orderly */

/* For poll(2): fills one entry a channel (one that is closed is passed over). True: something has been read already, do
 * not wait. */
must_check bool publish_channels_poll(const struct publish_channels *channels, struct pollfd ret_fds[static CHANNELS]);

#endif
