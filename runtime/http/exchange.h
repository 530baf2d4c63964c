/* One request and its response inside the HTTP server. Private to http/.
 *
 * A request is answered by the thread of its connection, or another thread completes it later (http_defer). A
 * connection has at most one request in progress. Its thread waits for a deferred answer before it reads the next
 * request, and before it closes the socket. So answers are in the order of the requests, and no thread writes to a
 * socket that now belongs to another connection. */
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

/* The memory of one exchange, reused by later exchanges. */
struct request_buffers {
	struct request_buffers *next;
	struct arena arena;
	struct buffer out;
	time_t date_second; /* the second of `date` */
	char date[32];      /* the value of the Date header */
};

struct http_server {
	struct http_config config;
	struct mg_context *civetweb;
	struct connection_guard *guard;
	struct slow_writer *slow_writer;
	struct ssl_ctx_st *tls; /* NULL: plain HTTP */
	atomic_bool stopping;
	_Atomic int64_t stop_us;              /* when the stop began, by monotonic_now(); 0: it has not */
	pthread_mutex_t lock;                 /* of all that follows */
	pthread_cond_t idle;                  /* `running` became 0 */
	int running;                          /* exchanges in progress */
	struct request_buffers *free_buffers; /* not in use */
};

/* A connection, from its opening until just before its socket is closed. */
struct connection_state {
	struct connection *guarded; /* the guard's part */
	bool refused;               /* a refusal was written; used only by the connection's thread */
	bool cut;                /* an answer was written in part: nothing may follow it. Set before the answer ends */
	pthread_mutex_t lock;    /* of `deferred` */
	pthread_cond_t answered; /* `deferred` became false */
	bool deferred;           /* a request of this connection waits for its deferred answer */
};

struct connection_state *connection_state_new(struct connection_guard *guard);
/* Waits until a deferred answer is complete. */
void connection_state_free(struct connection_state *state, struct connection_guard *guard);

struct http_exchange {
	struct http_server *server;
	struct mg_connection *civetweb;
	struct connection_state *state;
	struct request_buffers *buffers; /* the exchange itself lies in their arena */
	struct http_request request;
	struct http_response response;
	struct http_framing framing;
	bool http_11;
	bool close; /* the connection ends with this answer, whatever the client asks for */
	bool may_defer;
	bool *ret_deferred; /* set by http_defer */

	/* The writing of the answer; times by monotonic_now(). */
	int64_t write_start_us;     /* its beginning */
	int64_t write_progress_us;  /* when the client last made room for more */
	size_t sent;                /* bytes of a deferred answer */
	struct http_exchange *next; /* in the slow writer's list */
};

/* Begins an exchange. Waits until the previous request of the connection is answered. */
struct http_exchange *exchange_begin(struct http_server *server, struct mg_connection *civetweb,
				     struct connection_state *state);
/* Reads the body into the request. Status 0: success. (http/body.c) */
struct http_refusal exchange_read_body(struct http_exchange *exchange);
/* Calls the program's `answer`. If that defers the request, the exchange belongs to another thread afterwards.
 * Returns an HTTP status for civetweb's log. */
int exchange_answer(struct http_exchange *exchange);
/* Answers with a refusal, and ends the connection. */
void exchange_refuse(struct http_exchange *exchange, int status, const char *detail);

/* Gives up an exchange whose connection was cut. Returns an HTTP status for civetweb's log. */
int exchange_give_up(struct http_exchange *exchange);

/* ---- writing (http/output.c) ---- */

/* The longest wait for a client to read more of an answer. */
int64_t write_timeout_us(const struct http_config *config);
/* Begins the writing of an answer. */
void exchange_begin_write(struct http_exchange *exchange);
/* Writes by civetweb, in the connection's thread. After a short or failed write the connection is cut: nothing more
 * is written to it (RFC 9112 section 9.6). */
void exchange_write(struct http_exchange *exchange, const char *bytes, size_t size);
/* When the client must have read more, by monotonic_now(). */
int64_t exchange_write_due(const struct http_exchange *exchange);

/* ---- a deferred answer (also used by http/slow_writer.c) ---- */

/* Closes the connection of an answer that was written in part. */
void exchange_cut(struct http_exchange *exchange);

/* Writes as much as the client reads without waiting. False: some is left. */
bool exchange_write_some(struct http_exchange *exchange);
int exchange_socket(const struct http_exchange *exchange);
/* Ends the exchange after its answer was written, or could not be written. */
void exchange_finish(struct http_exchange *exchange);

/* Frees the buffers that are not in use. */
void request_buffers_free(struct http_server *server);

#endif
