/* The HTTP server: civetweb behind one callback. Knows nothing of routes.
 *
 * A request has a thread while it is answered, unless `answer` takes it from there (http_defer): its thread then waits
 * for the connection's next request, and whoever has what the answer needs sends it (http_complete).
 *
 * The server itself answers what is not a request that a program should see, by calling `refuse` for the body: a bad
 * request line, Transfer-Encoding together with Content-Length, repeated Content-Length, bodies over the limit, and so
 * on. Everything else reaches `answer`. No file is ever served. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>

#include "core/memory.h"
#include "core/status.h"

struct http_header {
	const char *name, *value;
};

struct http_request {
	const char *method;
	const char *path;  /* as sent, not decoded, without the query; starts with "/" */
	const char *query; /* without "?"; NULL: none */
	const struct http_header *headers;
	int header_count;
	const char *peer; /* the client's address */
	struct span body;
	struct arena *arena;            /* lives until the response is sent */
	struct http_exchange *exchange; /* the server's own; NULL: the request is played by a test */
};

struct http_response {
	int status;
	struct http_header headers[24]; /* Content-Length, Date and Connection are added by the server */
	int header_count;
	const char *lines; /* whole header lines, from http_config.headers */
	struct span body;
};

struct http_config {
	const char *address;                         /* "127.0.0.1", "0.0.0.0" */
	int port;                                    /* 0: any free one, see http_port */
	const char *certificate, *key;               /* PEM files for TLS; NULL: plain HTTP */
	int threads;                                 /* connections served at once */
	int64_t body_max, uri_max, header_bytes_max; /* bytes; beyond: 413, 414, 431 */
	int headers_max;                             /* beyond: 431; less than 64 */
	int address_max;     /* connections of one address, beyond: closed, or 429; 0: any number */
	const char *exempt;  /* addresses without that limit (address.h); NULL: none */
	int64_t head_us;     /* a request's head must have arrived within this: 408, or closed */
	int64_t body_us;     /* and its body within this after that: 408 */
	int64_t idle_us;     /* a connection that has been answered is closed after this */
	int64_t patience_us; /* how long each of these lasts at most while all threads are taken */
	const char *headers; /* whole lines that every answer has; NULL: none */
	/* Called in one of `threads` threads; must fill the response, or take the request. */
	void (*answer)(void *context, const struct http_request *request, struct http_response *ret_response);
	/* Makes the body of a refusal by the server itself. `status` 400, 408, 411, 413, 414, 431, 501, 505, ... */
	void (*refuse)(void *context, int status, const char *detail, const struct http_request *request,
		       struct http_response *ret_response);
	void *context;
};

struct http_server;
must_check enum status http_start(const struct http_config *config, struct http_server **ret_server);
int http_port(const struct http_server *server);
/* Takes no new connection, lets running requests finish, stops. */
void http_stop(struct http_server *server);

/* In `answer`: takes the request from its thread. True: once `answer` has returned, or before, http_complete must be
 * called, from any thread; until then request, response and arena stay as they are, and are the taker's alone: `answer`
 * leaves them alone once another thread may have them. False: it must be answered at once. So it is where TLS is
 * spoken, where the connection ends with the answer, and while it is young: its socket is known only once the guard has
 * looked round. */
bool http_defer(const struct http_request *request);
/* Sends the response of a request that was taken. Does not wait for the client. The request is gone. */
void http_complete(const struct http_request *request);

/* Asks a server on loopback for a path: the status code of its answer, or 0 where there was none in time. */
int http_ask(int port, const char *path, int64_t wait_us);

/* The words of a status ("Not Found"; RFC 9110 section 15); "Unknown" for one that is not registered here. */
const char *http_status_words(int status);

/* The value of a header, NULL where it is not there. Case-insensitive. */
const char *http_header(const struct http_request *request, const char *name);
/* Adds a header; the value is copied into the arena with CR, LF and other control characters dropped. */
void http_add_header(struct http_response *response, struct arena *arena, const char *name, const char *value);

#endif
