/* Answers that their clients read slowly. Who answers a request that it took sends what goes out at once; the rest is
 * sent on from here, by one thread for all of them. It begins with the first. Private to the HTTP server. */
#ifndef HTTP_SLOW_WRITER_H
#define HTTP_SLOW_WRITER_H

#include "http/exchange.h"

/* A client that takes nothing for so long does not get the rest, and its connection ends. */
struct slow_writer *slow_writer_new(int64_t patience_us);
/* Sends on what is left of an answer, and ends its exchange. */
void slow_writer_add(struct slow_writer *rest, struct http_exchange *exchange);
/* After every exchange has ended. NULL is accepted. */
void slow_writer_free(struct slow_writer *rest);

#endif
