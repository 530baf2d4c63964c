/* A client of Redis beside the cache, for its tests. A failure fails the test. */
#ifndef REDIS_TESTS_REDIS_CLIENT_H
#define REDIS_TESTS_REDIS_CLIENT_H

#include "core/memory.h"

/* A socket to the Redis that the URL names, signed in; closed by the caller. */
int redis_outside(const char *text, struct arena *arena);
/* Sends an inline command, and waits for the line of its answer. */
void redis_tell(int redis, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
