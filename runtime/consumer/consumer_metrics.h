/* What is seen of a batch from outside: counts, durations, spans, log lines. The consumer calls these; turns do not. */
#ifndef CONSUMER_CONSUMER_METRICS_H
#define CONSUMER_CONSUMER_METRICS_H

#include "consumer/consumer.h"

/* The batch has been taken: how long its messages have waited, and where each one's span begins. */
void consumer_metrics_fetched(struct consumer *consumer);
/* Around the turn. Its own span is below that of a lone message; of several it is apart, and linked to each. */
void consumer_metrics_batch_begin(struct consumer *consumer);
void consumer_metrics_batch_end(struct consumer *consumer, bool settled);
/* The batch has been answered and acknowledged. */
void consumer_metrics_settled(struct consumer *consumer);

#endif
