/* The edge with its services and its keys played: what a request becomes can be looked at without a broker. */
#ifndef TESTS_FUZZ_PLAYED_H
#define TESTS_FUZZ_PLAYED_H

#include "edge/call.h"

extern struct edge played_edge;

void played_begin(void);
/* Chooses which answer the services give from now on; any number will do. */
void played_choose(unsigned answer);
/* What must hold for each response, whatever was asked. */
void played_check(const struct http_request *request, const struct http_response *response);

#endif
