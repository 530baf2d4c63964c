/* RabbitMQ: one AMQP 0-9-1 connection with one channel, owned by one thread. librabbitmq-c.
 *
 * Heartbeats are served while the library reads or writes, so an owner returns to broker_next or broker_tick within
 * half a heartbeat. Nothing is declared here: topology is the operator's (`comanda topology apply`). */
#ifndef AMQP_BROKER_H
#define AMQP_BROKER_H

#include "core/memory.h"
#include "core/timestamp.h"
#include "core/uuid.h"

struct broker;

struct broker_config {
	const char *url;     /* amqp://user:password@host[:port][,host...]/vhost: hosts are tried in turn; amqps:
				amqp/hosts.h */
	const char *program; /* connection_name shown in the management UI: "svc-orders/events-1" */
	const char *connection_name;
	int64_t heartbeat_us;
	bool confirms; /* confirm.select: publishes are confirmed */
};

/* Makes the object; never fails. Connects on broker_ensure. */
struct broker *broker_new(const struct broker_config *config);
void broker_free(struct broker *broker);
/* Connects if it is not; jittered back-off between tries (50 ms to 5 s) by refusing at once until it is due. */
must_check enum status broker_ensure(struct broker *broker);
bool broker_connected(const struct broker *broker);
/* Drops the connection at once; the broker takes back what was not acknowledged. So does every failure that ends in
 * E_UNAVAILABLE. Publications without an outcome will never have one: their owner sends them again. */
void broker_drop(struct broker *broker);
/* Closes in good order. */
void broker_close(struct broker *broker);
const char *broker_detail(const struct broker *broker); /* the last failure, for logs */
const char *broker_user(const struct broker *broker);
/* The AMQP reply code with which the broker closed the last connection or channel because of what was sent on it (403,
 * 404, 406, 501 to 505, 540: a fault of ours); 0 where the connection was lost otherwise (a crash, a network cut, 320
 * connection forced, 541 internal error), or is there again. */
int broker_close_code(const struct broker *broker);

/* ---- consuming ---- */

struct broker_consume {
	const char *queue;
	int prefetch;
	int64_t priority; /* a message goes to who has the highest and room for it, in turns where several have; 0:
			     usual */
	bool no_ack;
	int64_t stream_offset;   /* streams: -1 first, -2 next, -3 last, else an offset; only where `stream` */
	int64_t stream_since_us; /* streams: from what came in at this moment on, to the second; 0: by stream_offset */
	bool stream;
};
/* E_NOT_FOUND: there is no such queue (yet); the connection stays, but unacknowledged deliveries and publications
 * without an outcome are gone as after a drop. E_UNAVAILABLE otherwise. */
must_check enum status broker_consume(struct broker *broker, const struct broker_consume *consume);
must_check enum status broker_cancel(struct broker *broker);
/* How many messages wait in a queue, those that are out for acknowledgement not counted, and how many consumers it has.
 * E_NOT_FOUND: as for broker_consume. */
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
	uint64_t tag; /* good on the channel that it came on: broker_channel */
	bool redelivered;
	int64_t delivery_count; /* quorum queues' x-delivery-count; 0 where there is none */
	int64_t stream_offset;  /* -1 where there is none */
	const char *exchange, *routing_key;
	const char *content_type, *type, *user_id, *message_id, *correlation_id, *reply_to; /* NULL where not set */
	const struct broker_header *headers;
	int header_count;
	struct span body;
};
/* Waits at most `wait_us` (0: only what is already there) for a delivery; serves heartbeats, confirms, returns, blocked
 * and cancel notifications while waiting. Everything of the delivery is copied into the arena. E_TIMEOUT: none came;
 * E_UNAVAILABLE: the connection or the consumer is gone. */
must_check enum status broker_next(struct broker *broker, int64_t wait_us, struct arena *arena,
				   struct delivery *ret_delivery);
must_check enum status broker_ack(struct broker *broker, uint64_t tag, bool multiple);
/* The number of the channel: another after every connect and every E_NOT_FOUND. Deliveries of another one are not ours
 * any more, and must not be acknowledged. */
unsigned broker_channel(const struct broker *broker);
/* Serves the socket without handing out deliveries (they are kept for broker_next); returns as soon as something came,
 * after `wait_us` at the latest. For an owner that is busy or waits for something else. */
must_check enum status broker_tick(struct broker *broker, int64_t wait_us);
/* The socket, to poll together with something else; -1 where not connected. */
int broker_fd(const struct broker *broker);
/* True where bytes are buffered already, so that poll would not tell. */
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
/* Sends; user_id is always set. With confirms, *ret_sequence is the number by which it will be confirmed (may be NULL);
 * it never starts again, not even on another connection. Header texts are cut at 1 kB. E_BUSY: the broker said
 * connection.blocked: nothing was sent. E_INVALID: a name or id is longer than AMQP's 255 bytes, or there are more than
 * 32 headers: nothing was sent. E_UNAVAILABLE: the connection is gone. */
must_check enum status broker_publish(struct broker *broker, const struct publication *publication,
				      uint64_t *ret_sequence);
bool broker_blocked(const struct broker *broker);

/* What became of publications, oldest first. A returned (unroutable) one is reported as OUTCOME_RETURNED, once,
 * although the broker acks it as well. */
enum outcome_kind { OUTCOME_CONFIRMED, OUTCOME_REFUSED, OUTCOME_RETURNED };
struct outcome {
	uint64_t sequence;
	enum outcome_kind kind;
};
/* Takes at most `room` confirms that have come in (by broker_next or broker_tick); returns how many. */
size_t broker_outcomes(struct broker *broker, struct outcome *ret_outcomes, size_t room);

#endif
