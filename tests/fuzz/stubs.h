/* The edge with stubs of its services and keys, so that requests can be tested without a broker. */
#ifndef TESTS_FUZZ_PLAYED_H
#define TESTS_FUZZ_PLAYED_H

#include "edge/call.h"

extern struct edge played_edge;

void played_begin(void);
/* Selects the answer of the services; any number is valid. */
void played_choose(unsigned answer);
/* Checks the properties of every response. */
void played_check(const struct http_request *request, const struct http_response *response);

#endif
