/* Whose address a request comes from, when it may have come through proxies. */
#ifndef EDGE_CLIENT_ADDRESS_H
#define EDGE_CLIENT_ADDRESS_H

#include "http/http.h"

/* The peer; or, where that is one of `proxies` (address.h), the last address in X-Forwarded-For that is none of them.
 * What a client writes there itself stands before that, and is never looked at. */
const char *client_address(const struct http_request *request, const char *proxies);

#endif
