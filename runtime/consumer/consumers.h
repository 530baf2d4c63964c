/* Consumers, as the service that starts and stops them sees them. */
#ifndef CONSUMER_CONSUMERS_H
#define CONSUMER_CONSUMERS_H

#include "consumer/consumer.h"

#define CACHE_WAIT_US (50 * MS_US)
#define CACHE_KEEP_US (10 * MINUTE_US)
/* A fence must outlive the longest wait for a COMMIT. */
#define CACHE_FENCE_US (10 * SECOND_US)

/* Starts the thread; NULL where there can be no more threads. It ends once engine->stopping is set. */
struct consumer *consumer_start(struct engine *engine, const struct consumer_config *plan, int number);
void consumer_join(struct consumer *consumer);
void consumer_free(struct consumer *consumer);
bool consumer_ready(const struct consumer *consumer, struct buffer *why);

#endif
