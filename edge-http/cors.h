/* Cross-origin requests (Fetch standard, section 3.2): which scripts of other sites may read our answers. */
#ifndef EDGE_CORS_H
#define EDGE_CORS_H

#include "http/http.h"

/* Whether `origin` is in `allowed`, a list separated by commas, or "*". "" allows none. */
bool cors_allows(const char *allowed, const char *origin);
/* Adds what lets the request's origin read the response; nothing where it may not. */
void cors_headers(const char *allowed, const struct http_request *request, struct http_response *ret_response);
/* The question that a browser asks before (OPTIONS with Access-Control-Request-Method): adds the answer's headers. */
bool cors_is_preflight(const struct http_request *request);
void cors_preflight(const char *allowed, const char *methods, const struct http_request *request,
		    struct http_response *ret_response);

#endif
