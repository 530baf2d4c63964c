/* librabbitmq-c's headers and what the files of the link share: link.c, link_read.c and link_publish.c. No other file
 * includes this one. */
#ifndef AMQP_AMQP_LIBRARY_H
#define AMQP_AMQP_LIBRARY_H

#include "amqp/link.h"

#ifdef COMANDA_RABBITMQ_C_HEADERS
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

enum { LINK_CHANNEL = 1 };

struct link {
	amqp_connection_state_t state;
	const char *name; /* of the connection, and of its one consumer; borrowed */
	int64_t heartbeat_us;
	bool confirms;
	/* Arrived between the frames of a message. The next link_next reports it. */
	bool got_blocked, got_unblocked;
	int close_code; /* with which the broker closed the connection; 0: it has not */
	char detail[LINK_DETAIL];
};

/* Borrowed, for the library to read. */
amqp_bytes_t link_bytes(const char *text, size_t size);
amqp_bytes_t link_text(const char *text); /* NULL is empty */
amqp_table_entry_t link_text_entry(const char *name, amqp_bytes_t text);

/* Keeps the text of a failure; returns E_UNAVAILABLE. `error` is an amqp_status_enum. */
enum status link_failed(struct link *link, const char *doing, int error);
/* Keeps the reason of a close method; returns its AMQP reply code. */
int link_closed(struct link *link, const char *doing, const amqp_method_t *method);

#endif
