/* One open AMQP 0-9-1 connection with one channel, by librabbitmq-c. A link lives from its opening to its first
 * failure. broker.c reconnects, matches confirms and queues deliveries. */
#ifndef AMQP_LINK_H
#define AMQP_LINK_H

#include "amqp/broker.h"

struct link;

struct link_config {
	const char *host;
	int port;
	bool tls;
	const char *ca_file; /* with tls; NULL: the CA certificates of the system */
	const char *user, *password, *vhost;
	const char *name; /* of the connection and its consumer, in the management UI; lives as long as the link */
	int64_t heartbeat_us;
	bool confirms;
};

enum { LINK_DETAIL = 256 };

/* Connects, signs in and opens the channel, within a few seconds. E_UNAVAILABLE, with a text for people in
 * `ret_detail`. */
must_check enum status link_open(const struct link_config *config, struct link **ret_link,
				 char ret_detail[static LINK_DETAIL]);
/* Closes the connection at once; `orderly`: with AMQP's handshake first. */
void link_close(struct link *link, bool orderly);
/* The text of the last failure. */
const char *link_detail(const struct link *link);
/* The AMQP reply code with which the broker closed the connection; 0: it has not. */
int link_close_code(const struct link *link);
int link_fd(const struct link *link);
/* Whether bytes were read that are not yet part of an event. */
bool link_buffered(const struct link *link);

enum link_event_kind {
	LINK_DELIVERY,
	LINK_ACK,     /* of publications: tag, multiple */
	LINK_NACK,    /* likewise */
	LINK_RETURN,  /* text: the id of the unroutable message; NULL: it has none */
	LINK_BLOCKED, /* text: the reason */
	LINK_UNBLOCKED,
	LINK_CANCELLED /* the broker cancelled the consumer */
};

struct link_event {
	enum link_event_kind kind;
	uint64_t tag;
	bool multiple;
	const char *text;
	struct delivery delivery;
};

/* The next event. Waits at most `wait_us` and handles heartbeats meanwhile. The event's memory is in the arena.
 * E_TIMEOUT: no event. E_UNAVAILABLE: the connection or the channel is lost. */
must_check enum status link_next(struct link *link, int64_t wait_us, struct arena *arena, struct link_event *ret_event);

/* E_NOT_FOUND: no such queue. The channel was opened again: its tags start at 1, and unacknowledged deliveries are
 * requeued. */
must_check enum status link_consume(struct link *link, const struct broker_consume *consume);
/* A passive declaration, which needs no permission. E_NOT_FOUND: likewise. */
must_check enum status link_depth(struct link *link, const char *queue, struct queue_depth *ret_depth);
must_check enum status link_cancel(struct link *link);
must_check enum status link_ack(struct link *link, uint64_t tag, bool multiple);

/* E_BUSY: the socket accepts nothing now, and nothing was sent. E_INVALID: a name or id longer than AMQP's 255 bytes,
 * or more headers than LINK_HEADERS. */
enum { LINK_HEADERS = 32 };
must_check enum status link_publish(struct link *link, const struct publication *publication, const char *user);
/* Waits until the socket is readable or writable. */
void link_wait(struct link *link, int64_t wait_us);

#endif
