/* One open AMQP 0-9-1 connection with one channel: what librabbitmq-c does for the broker connection (broker.h). It
 * lives from its opening to its first failure; reconnecting, confirms and held deliveries are broker.c's. */
#ifndef AMQP_LINK_H
#define AMQP_LINK_H

#include "amqp/broker.h"

struct link;

struct link_config {
	const char *host;
	int port;
	bool tls;
	const char *ca_file; /* with tls; NULL: what the system trusts */
	const char *user, *password, *vhost;
	const char *name; /* of the connection, as the management UI shows it */
	int64_t heartbeat_us;
	bool confirms;
};

enum { LINK_DETAIL = 256 };

/* Connects, logs in, opens the channel: all bounded by a few seconds. E_UNAVAILABLE, with a text for people in
 * `ret_detail`. */
must_check enum status link_open(const struct link_config *config, struct link **ret_link,
				 char ret_detail[static LINK_DETAIL]);
/* Ends it at once; `orderly`: by AMQP's handshake first. */
void link_close(struct link *link, bool orderly);
/* What went wrong last. */
const char *link_detail(const struct link *link);
/* The AMQP reply code with which the broker closed it; 0: it did not. */
int link_close_code(const struct link *link);
int link_fd(const struct link *link);
/* Bytes have been read that no event has been made of yet. */
bool link_buffered(const struct link *link);

enum link_event_kind {
	LINK_DELIVERY,
	LINK_ACK,     /* of publications: tag, multiple */
	LINK_NACK,    /* likewise */
	LINK_RETURN,  /* text: the message id of what could not be routed; NULL: it has none */
	LINK_BLOCKED, /* text: why */
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

/* The next event; waits at most `wait_us` for it and serves heartbeats. What it points at lives in the arena.
 * E_TIMEOUT: none came. E_UNAVAILABLE: the connection or the channel is gone. */
must_check enum status link_next(struct link *link, int64_t wait_us, struct arena *arena, struct link_event *ret_event);

/* E_NOT_FOUND: no such queue; the channel was opened anew: its tags start from 1 and what it held is given back. */
must_check enum status link_consume(struct link *link, const struct broker_consume *consume);
/* A passive declaration, which needs no permission. E_NOT_FOUND: likewise. */
must_check enum status link_depth(struct link *link, const char *queue, struct queue_depth *ret_depth);
must_check enum status link_cancel(struct link *link);
must_check enum status link_ack(struct link *link, uint64_t tag, bool multiple);

/* E_BUSY: the socket takes nothing now; nothing was sent. E_INVALID: a name or id longer than AMQP's 255 bytes, or more
 * headers than LINK_HEADERS. */
enum { LINK_HEADERS = 32 };
must_check enum status link_publish(struct link *link, const struct publication *publication, const char *user);
/* Waits until the socket takes or gives something. */
void link_wait(struct link *link, int64_t wait_us);

#endif
