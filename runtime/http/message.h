/* What an HTTP message must look like, and how a response is written: the part of the server that needs no socket.
 * Private to http.c and its tests. RFC 9110, RFC 9112. */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include "http/http.h"

/* Why a request is refused before any program sees it; status 0: it is not. */
struct http_refusal {
	int status;
	const char *detail; /* static text */
};

/* How the body of a request is delimited (RFC 9112 section 6). */
struct http_framing {
	int64_t length; /* Content-Length; 0 where there is none */
	bool chunked;
	bool expects_continue; /* the client waits for "100 Continue" before it sends the body */
};

/* Reads and checks Transfer-Encoding, Content-Length, Host and Expect. `http_11`: the request says HTTP/1.1. */
struct http_refusal http_read_framing(const struct http_request *request, bool http_11,
				      struct http_framing *ret_framing);

/* Whether the client wants the connection to stay open after this request (RFC 9112 section 9.3). */
bool http_wants_keep_alive(const struct http_request *request, bool http_11);

/* Whether `list` ("a, b;q=1, c") has the element `token`, case-insensitively. NULL has none. */
bool http_list_has(const char *list, const char *token);

/* Holds the parsed headers against the bytes they came from. civetweb cuts the lines apart in place, by zeroes: "name"
 * 0 ... "value" 0 0 "name" ..., so each value must end two bytes before the next name, and the empty line must follow
 * the last (its LF is overwritten too). Where that is not so, there was a folded line, a bare LF, a header beyond the
 * 64th or an early end, and a header that decides the framing may have been left out. */
bool http_headers_whole(const struct http_request *request);

/* From the first header name to the last value. */
size_t http_header_bytes(const struct http_request *request);

/* What civetweb refuses by itself: it says 400 to an unknown method or transfer coding, and 411 to a Content-Length
 * that is no number. */
struct http_refusal http_refusal_of_civetweb(const struct http_request *request, int status);

/* Writes the whole response. `date` is the value of Date; the body is left out for HEAD, 204 and 304. */
void http_print_response(struct buffer *out, const struct http_response *response, const char *method, const char *date,
			 bool keep_alive);

#endif
