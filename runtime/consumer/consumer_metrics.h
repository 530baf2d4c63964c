/* What a consumer reports of a batch: counts, durations, spans, log lines. */
#ifndef CONSUMER_CONSUMER_METRICS_H
#define CONSUMER_CONSUMER_METRICS_H

#include "consumer/consumer.h"

/* The batch has been fetched: how long its messages have waited, and where the span of each begins. */
void consumer_metrics_fetched(struct consumer *consumer);
/* Around the processing of the batch. Its span is below that of a lone message. With several messages, it has a trace
 * of its own and links to each. */
void consumer_metrics_batch_begin(struct consumer *consumer);
void consumer_metrics_batch_end(struct consumer *consumer, bool settled);
/* The batch has been answered and acknowledged. */
void consumer_metrics_settled(struct consumer *consumer);

#endif
