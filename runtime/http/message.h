/* Checking requests and printing responses, without a socket (RFC 9110, RFC 9112). Private to http/ and its tests. */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include "http/http.h"

/* Why the server refuses a request; status 0: it does not. */
struct http_refusal {
	int status;
	const char *detail; /* static text */
};

/* How the body of a request is delimited (RFC 9112 section 6). */
struct http_framing {
	int64_t length; /* Content-Length; 0: the header is missing */
	bool chunked;
	bool expects_continue; /* the client waits for "100 Continue" before it sends the body */
};

/* Reads and checks Transfer-Encoding, Content-Length, Host, Expect and Content-Encoding, and that fields that are not
 * lists occur once. `http_11`: the version is HTTP/1.1. */
struct http_refusal http_read_framing(const struct http_request *request, bool http_11,
				      struct http_framing *ret_framing);

/* Whether the client wants the connection to stay open after this request (RFC 9112 section 9.3). */
bool http_wants_keep_alive(const struct http_request *request, bool http_11);

/* Whether `list` ("a, b;q=1, c") has the element `token`, case-insensitively. NULL has none. */
bool http_list_has(const char *list, const char *token);

/* Compares the parsed headers with the bytes from which civetweb parsed them. civetweb splits the lines in place with
 * zeroes: "name" 0 ... "value" 0 0 "name" .... So each value ends two bytes before the next name, and the empty line
 * follows the last value (its LF is a zero as well). False: there was a folded line, a bare LF, a header beyond the
 * 64th, or an early end, and a header that delimits the body may be missing. */
bool http_headers_whole(const struct http_request *request);

/* The bytes from the first header name to the end of the last value. */
size_t http_header_bytes(const struct http_request *request);

/* The refusal for an error that civetweb found, with a more exact status. civetweb gives 400 to an unknown method or
 * transfer coding, and 411 to a Content-Length that is not a number. */
struct http_refusal http_refusal_of_civetweb(const struct http_request *request, int status);

/* Appends the whole response, without the body for HEAD, 204 and 304. `date` is the value of the Date header. */
void http_print_response(struct buffer *out, const struct http_response *response, const char *method, const char *date,
			 bool keep_alive);

#endif
