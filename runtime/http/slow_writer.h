/* Writes deferred answers to clients that read slowly. The thread that completes an answer writes as much as the client
 * reads at once. The slow writer writes the rest, with one thread for all clients. The thread starts with the first
 * such answer. A client that reads too little (exchange_write_due) loses the rest of its answer, and its connection.
 * Private to http/. */
#ifndef HTTP_SLOW_WRITER_H
#define HTTP_SLOW_WRITER_H

#include "http/exchange.h"

struct slow_writer *slow_writer_new(void);
/* Takes over an exchange whose answer is written in part, and finishes it. */
void slow_writer_add(struct slow_writer *writer, struct http_exchange *exchange);
/* The server stops, so the clients have less time. */
void slow_writer_recheck(struct slow_writer *writer);
/* After every exchange has ended. NULL is accepted. */
void slow_writer_free(struct slow_writer *writer);

#endif
