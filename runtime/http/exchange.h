/* One request on its way through the HTTP server, and what it needs meanwhile. Private to the server.
 *
 * A request is answered by its connection's thread, or taken from it (http_defer) and answered by another. At most one
 * request of a connection is on its way: before the thread begins with the next, it waits for the answer to the one
 * that was taken, and so it does before the socket is closed. So answers come in order, and nobody ever writes to a
 * socket that is not this connection's any more. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <civetweb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "http/connection_guard.h"
#include "http/http.h"
#include "http/message.h"

struct slow_writer;
struct ssl_ctx_st;

/* The memory that an exchange works with, used by one after the other. */
struct request_buffers {
	struct request_buffers *next;
	struct arena arena;
	struct buffer out;
	time_t date_of;
	char date[32];
};

struct http_server {
	struct http_config config;
	struct mg_context *civetweb;
	struct connection_guard *guard;
	struct slow_writer *rest;
	struct ssl_ctx_st *tls; /* NULL: plain HTTP */
	atomic_bool stopping;
	pthread_mutex_t lock;                 /* of what follows */
	pthread_cond_t idle;                  /* http_stop waits until nothing is running */
	int running;                          /* exchanges */
	struct request_buffers *free_buffers; /* that nobody uses */
};

struct connection_state;

struct http_exchange {
	struct http_server *server;
	struct mg_connection *connection;
	struct connection_state *line;
	struct request_buffers *buffers;
	struct http_request request;
	struct http_response response;
	struct http_framing framing;
	bool http_11;
	bool close; /* whatever the client wants */
	bool may_be_taken;
	bool *ret_taken; /* told by http_defer */

	/* Of an answer that was taken. */
	size_t sent;                /* bytes */
	int64_t until_us;           /* steady: the client must have taken more */
	struct http_exchange *next; /* among those that are read slowly */
};

/* ---- a connection: from its opening until before its socket is closed ---- */

struct connection_state *connection_state_new(struct connection_guard *guard);
/* Waits until nothing of it is on its way. */
void connection_state_free(struct connection_state *line, struct connection_guard *guard);
struct connection *connection_state_connection(struct connection_state *line);

/* ---- an exchange ---- */

/* Waits until what was taken of this connection is answered. The exchange lives at its buffers, until it ends. */
struct http_exchange *exchange_begin(struct http_server *server, struct mg_connection *connection,
				     struct connection_state *line);
/* Fetches the body. Status 0: it is in the request. (http/body.c) */
struct http_refusal exchange_read_body(struct http_exchange *exchange);
/* Lets the program answer, or take the request; then it is not to be touched any more. Returns a status for the log. */
int exchange_answer(struct http_exchange *exchange);
/* Answers in the program's stead, and ends the connection. */
void exchange_refuse(struct http_exchange *exchange, int status, const char *detail);

/* ---- an answer that was taken (also http/slow_writer.c) ---- */

/* Sends what the client takes without waiting. False: there is more. */
bool exchange_send_some(struct http_exchange *exchange);
int exchange_socket(const struct http_exchange *exchange);
/* It has been sent, or cannot be. */
void exchange_leave(struct http_exchange *exchange);

/* Frees the free_buffers. */
void buffers_free(struct http_server *server);

#endif
