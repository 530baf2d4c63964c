/* The relay's two connections to the broker, with one channel each. One is for publications to the exchange "events",
 * which also go into the event log. The other is for all other publications.
 *
 * They are separate because of RabbitMQ's stream queues (3.10 to 4.0: resend_all in rabbit_stream_queue.erl). When the
 * leader of the stream has changed, a channel sends again what is not confirmed. It numbers these messages by its own
 * publish sequence and not by its sequence on the stream. If the two differ, the stream takes the next message for a
 * duplicate. The broker confirms this message, but the log does not store it. If every message of a channel goes to the
 * stream, both sequences are equal. */
#ifndef RELAY_PUBLISH_CONNECTIONS_H
#define RELAY_PUBLISH_CONNECTIONS_H

#include <poll.h>

#include "amqp/broker.h"

enum publish_connection { CONNECTION_EVENTS, CONNECTION_OTHER, CONNECTIONS };

struct publish_connections {
	struct broker *brokers[CONNECTIONS];
};

/* Which connection a publication to this exchange takes. */
enum publish_connection publish_connection_of(const char *exchange);

/* Both confirm. `config->connection_name` is what the connection of events is called. */
void publish_connections_init(struct publish_connections *connections, const struct broker_config *config);
void publish_connections_done(struct publish_connections *connections);

/* Connects what is not connected and may be tried again. E_UNAVAILABLE: not all of them are; *ret_detail says why. */
must_check enum status publish_connections_ensure(struct publish_connections *connections, const char **ret_detail);
bool publish_connections_connected(const struct publish_connections *connections); /* all of them */
bool publish_connections_blocked(const struct publish_connections *connections);   /* any of them */
/* Reads what the broker has sent on each. E_UNAVAILABLE: one of them is gone: drop all. */
must_check enum status publish_connections_tick(struct publish_connections *connections);
/* Drops all of them at once. `ret_closed`: the broker had closed this one because of what was published. Returns the
 * broker's reason; NULL: none. */
const char *publish_connections_drop(struct publish_connections *connections, bool ret_closed[static CONNECTIONS]);
void publish_connections_close(struct publish_connections *connections); /* orderly */

/* For poll(2): fills one entry per connection; poll ignores a closed one. True: something has been read already, so do
 * not wait. */
must_check bool publish_connections_poll(const struct publish_connections *connections,
					 struct pollfd ret_fds[static CONNECTIONS]);

#endif
