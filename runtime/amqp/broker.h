/* RabbitMQ: one AMQP 0-9-1 connection with one channel, owned by one thread. librabbitmq-c.
 *
 * Heartbeats are sent and checked while the library reads or writes. So the owner calls broker_next or broker_tick at
 * least once per half heartbeat. Nothing is declared here: `comanda topology apply` creates the topology. */
#ifndef AMQP_BROKER_H
#define AMQP_BROKER_H

#include "core/memory.h"
#include "core/timestamp.h"
#include "core/uuid.h"

struct broker;

struct broker_config {
	const char *url; /* amqp://user:password@host[:port][,host...]/vhost: the hosts are tried in turn; amqp/hosts.h
			    has the rules */
	const char *program; /* "PROGRAM/CONNECTION_NAME" is the name in the management UI: "svc-orders/events-1" */
	const char *connection_name;
	int64_t heartbeat_us;
	bool confirms; /* confirm.select: the broker confirms publications */
};

/* Makes the object without connecting; never fails. */
struct broker *broker_new(const struct broker_config *config);
void broker_free(struct broker *broker);
/* Connects if there is no connection. After a failure it returns E_UNAVAILABLE at once until the next try is due: 50 ms
 * to 5 s with jitter (core/backoff.h). */
must_check enum status broker_ensure(struct broker *broker);
bool broker_connected(const struct broker *broker);
/* Drops the connection at once, as every failure with E_UNAVAILABLE does. The broker requeues unacknowledged
 * deliveries. Unconfirmed publications will never be confirmed: their owner sends them again. */
void broker_drop(struct broker *broker);
/* Closes the connection with AMQP's handshake. */
void broker_close(struct broker *broker);
const char *broker_detail(const struct broker *broker); /* the last failure, for logs */
const char *broker_user(const struct broker *broker);
/* The AMQP reply code of the last close by the broker, if what was sent has caused it (403, 404, 406, 501 to 505, 540).
 * 0 if the connection was lost otherwise (a crash, a network cut, 320 connection forced, 541 internal error), and while
 * connected. */
int broker_close_code(const struct broker *broker);

/* ---- consuming ---- */

struct broker_consume {
	const char *queue;
	int prefetch;
	int64_t priority; /* the consumer with the highest priority and room for a message gets it; 0: the default */
	bool no_ack;
	int64_t stream_offset;   /* streams: -1 first, -2 next, -3 last, else an offset; only where `stream` */
	int64_t stream_since_us; /* streams: start at this time, to the second; 0: use stream_offset */
	bool stream;
};
/* E_NOT_FOUND: there is no such queue. The connection stays, but unacknowledged deliveries and unconfirmed publications
 * are lost as after broker_drop. E_UNAVAILABLE otherwise. */
must_check enum status broker_consume(struct broker *broker, const struct broker_consume *consume);
must_check enum status broker_cancel(struct broker *broker);
/* The number of ready messages of a queue (without unacknowledged ones) and of its consumers. E_NOT_FOUND: as for
 * broker_consume. */
struct queue_depth {
	int64_t waiting, consumers;
};
must_check enum status broker_depth(struct broker *broker, const char *queue, struct queue_depth *ret_depth);
bool broker_consuming(const struct broker *broker); /* false again after the broker cancelled it */

struct broker_header {
	const char *name;
	const char *text; /* NULL: a number */
	int64_t number;
};

struct delivery {
	uint64_t tag; /* valid on the channel of the delivery: broker_channel */
	bool redelivered;
	int64_t delivery_count; /* quorum queues' x-delivery-count; 0 where there is none */
	int64_t stream_offset;  /* -1 where there is none */
	const char *exchange, *routing_key;
	const char *content_type, *type, *user_id, *message_id, *correlation_id, *reply_to; /* NULL where not set */
	const struct broker_header *headers;
	int header_count;
	struct span body;
};
/* Waits at most `wait_us` for a delivery (0: does not wait). Handles heartbeats, confirms, returns, blocked and cancel
 * notifications meanwhile. The delivery is copied into the arena. E_TIMEOUT: no delivery arrived. E_UNAVAILABLE: the
 * connection or the consumer is lost. */
must_check enum status broker_next(struct broker *broker, int64_t wait_us, struct arena *arena,
				   struct delivery *ret_delivery);
must_check enum status broker_ack(struct broker *broker, uint64_t tag, bool multiple);
/* The number of the channel. It changes with every connection and every E_NOT_FOUND. Deliveries of an earlier channel
 * must not be acknowledged: the broker has requeued them. */
unsigned broker_channel(const struct broker *broker);
/* Reads the socket and queues deliveries for broker_next. Returns as soon as something has arrived, at the latest after
 * `wait_us`. For an owner that is busy or waits for something else. */
must_check enum status broker_tick(struct broker *broker, int64_t wait_us);
/* The socket, for poll(2); -1: not connected. */
int broker_fd(const struct broker *broker);
/* Whether bytes or deliveries are buffered already, which poll(2) does not report. */
bool broker_pending(const struct broker *broker);

/* ---- publishing ---- */

struct publication {
	const char *exchange, *routing_key;
	const char *content_type, *type, *message_id, *correlation_id, *reply_to; /* NULL: not set */
	const struct broker_header *headers;
	int header_count;
	struct span body;
	bool persistent, mandatory;
	int64_t expiration_us; /* per-message TTL; 0: none */
	int64_t time_us;       /* AMQP timestamp; 0: none */
};
/* Publishes. user_id is always set. With confirms, *ret_sequence (may be NULL) is the number of the confirm. Sequences
 * never start again, not even on another connection. Header texts are cut at 1 kB. E_BUSY: the broker has sent
 * connection.blocked. E_INVALID: a name or id is longer than AMQP's 255 bytes, or there are more than 32 headers.
 * Nothing was sent then. E_UNAVAILABLE: the connection is lost. */
must_check enum status broker_publish(struct broker *broker, const struct publication *publication,
				      uint64_t *ret_sequence);
bool broker_blocked(const struct broker *broker);

/* The broker's answer to a publication. A returned (unroutable) one is reported once, as CONFIRM_RETURNED, although the
 * broker acks it as well. */
enum confirm_kind { CONFIRM_ACK, CONFIRM_NACK, CONFIRM_RETURNED };
struct confirm {
	uint64_t sequence;
	enum confirm_kind kind;
};
/* Takes at most `room` confirms that broker_next and broker_tick have received, oldest first. Returns their number. */
size_t broker_confirms(struct broker *broker, struct confirm *ret_confirms, size_t room);

#endif
