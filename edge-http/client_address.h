/* The address of the client, who may be behind proxies. */
#ifndef EDGE_CLIENT_ADDRESS_H
#define EDGE_CLIENT_ADDRESS_H

#include "comanda/http.h"

/* The peer's address. If the peer is a trusted proxy: the last address in X-Forwarded-For that is not one. `proxies` is
 * a list of addresses and networks. What the client itself writes into the header comes before that, and is ignored. */
const char *client_address(const struct http_request *request, const char *proxies);

#endif
