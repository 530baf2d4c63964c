/* The HTTP server: civetweb behind one callback. It knows no routes and serves no files.
 *
 * A thread serves one request at a time. `answer` may defer a request (http_defer). The thread then waits for the next
 * request of its connection, and another thread sends the answer (http_complete).
 *
 * The server itself refuses what is not a well-formed request, or exceeds a limit. It calls `refuse` for the body of
 * such an answer. All other requests reach `answer`. */
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
	const char *path;  /* as sent, not decoded, without the query; begins with "/" */
	const char *query; /* without "?"; NULL: none */
	const struct http_header *headers;
	int header_count;
	const char *peer; /* the client's numeric address */
	struct span body;
	struct arena *arena;            /* valid until the response is sent */
	struct http_exchange *exchange; /* private to the server; NULL in tests: the request cannot be deferred */
};

struct http_response {
	int status;
	struct http_header headers[24]; /* the server adds Content-Length, Date and Connection */
	int header_count;
	const char *extra_headers; /* set by the server, from http_config */
	struct span body;
};

struct http_config {
	const char *address;           /* "127.0.0.1", "0.0.0.0" */
	int port;                      /* 0: any free port, see http_port */
	const char *certificate, *key; /* PEM files for TLS; NULL: plain HTTP */
	int threads;                   /* connections served at the same time */

	/* Limits. */
	int64_t body_max, uri_max, header_bytes_max; /* bytes; more: 413, 414, 431 */
	int headers_max;                             /* more: 431; less than 64 */
	int connections_per_address;                 /* more: closed, or 429; 0: no limit */
	const char *exempt_addresses;                /* addresses without that limit (config/address.h); NULL: none */
	int64_t header_timeout_us;   /* for the headers of a connection's first request: 408, or closed */
	int64_t body_timeout_us;     /* from the headers to the end of the body: 408 */
	int64_t idle_timeout_us;     /* from an answer to the next request: closed */
	int64_t overload_timeout_us; /* upper limit of the other timeouts while all threads are busy */
	int64_t stop_timeout_us;     /* for a client to read its answer while the server stops: closed */

	const char *extra_headers; /* lines, each with its CR LF, that every answer gets; NULL: none */
	/* Runs in one of the server's threads. It must fill the response or defer the request. */
	void (*answer)(void *context, const struct http_request *request, struct http_response *ret_response);
	/* Fills the response of a refusal. `status`: 400, 408, 411, 413, 414, 431, 501, 505, ... `detail` is what the
	 * request did: "has a longer body than is accepted". */
	void (*refuse)(void *context, int status, const char *detail, const struct http_request *request,
		       struct http_response *ret_response);
	void *context;
};

struct http_server;
/* E_INVALID: the TLS files cannot be used, and the log says why. E_UNAVAILABLE: it cannot listen on the port. */
must_check enum status http_start(const struct http_config *config, struct http_server **ret_server);
int http_port(const struct http_server *server);
/* Whether the HTTP server can listen on IPv6 addresses. civetweb of Debian 12 is built without IPv6. */
bool http_supports_ipv6(void);
/* Accepts no more connections, waits until all requests are answered, and stops. NULL is accepted. */
void http_stop(struct http_server *server);

/* Only within `answer`: defers the answer.
 * True: http_complete must be called, once, from any thread. Until then the request, response and arena stay valid.
 * They belong to the thread that completes the answer, and `answer` must not touch them after it has passed them on.
 * False: `answer` must fill the response before it returns. This is so with TLS, when the connection ends with the
 * answer, and while the connection is new: the guard must find its socket first. */
bool http_defer(const struct http_request *request);
/* Sends the response of a deferred request, without waiting for the client. The request is not valid afterwards. */
void http_complete(const struct http_request *request);

/* Sends GET `path` to a server on loopback. Returns the status code; 0: no answer within `timeout_us`. */
int http_get_status(int port, const char *path, int64_t timeout_us);

/* The reason phrase of a status ("Not Found"; RFC 9110 section 15); "Unknown" for a status that is not in the table. */
const char *http_status_words(int status);

/* The value of a header; NULL: it is missing. Names are compared without case. */
const char *http_header(const struct http_request *request, const char *name);
/* The same for a header that is a list: the values of all its lines, joined by commas (RFC 9110 section 5.3). */
const char *http_header_list(const struct http_request *request, const char *name);
/* Adds a header. The value is copied into the arena without control characters, so that it cannot add a line. */
void http_add_header(struct http_response *response, struct arena *arena, const char *name, const char *value);

#endif
