/* Cross-origin requests (https://fetch.spec.whatwg.org/#http-cors-protocol). */
#ifndef EDGE_CORS_H
#define EDGE_CORS_H

#include "comanda/http.h"

/* Whether `origin` is in `allowed`: a list separated by commas, or "*". "" allows none. */
bool cors_allows(const char *allowed, const char *origin);
/* Adds the headers that let the request's origin read the response, if it is allowed. */
void cors_headers(const char *allowed, const struct http_request *request, struct http_response *ret_response);
/* Whether this is a preflight request: OPTIONS with Access-Control-Request-Method. */
bool cors_is_preflight(const struct http_request *request);
/* Adds the headers that answer a preflight request. */
void cors_preflight(const char *allowed, const char *methods, const struct http_request *request,
		    struct http_response *ret_response);

#endif
