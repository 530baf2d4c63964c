/* Token buckets, one a key, in bounded memory.
 *
 * By the generic cell rate algorithm (ITU-T I.371): a bucket is the moment at which it will be full again. A key that
 * is not there has a full bucket; where there is no room, the fullest one is forgotten first. */
#ifndef EDGE_TOKEN_BUCKET_H
#define EDGE_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/uuid.h"

struct limiter;

/* `burst` at once, and one more each `pause_us`. */
struct limiter *limiter_new(int64_t burst, int64_t pause_us);
void limiter_free(struct limiter *limiter);

struct limiter_answer {
	bool allowed;
	int64_t left;    /* takes that are possible right now */
	int64_t wait_us; /* until the next is possible, where it is not allowed */
	int64_t full_us; /* until the bucket is full */
};

/* Any thread may ask. `now_us`: steady. */
struct limiter_answer limiter_take(struct limiter *limiter, const struct uuid *key, int64_t now_us);
/* What was taken for nothing. */
void limiter_give_back(struct limiter *limiter, const struct uuid *key, int64_t now_us);
/* Whether anything is missing in the bucket. */
bool limiter_touched(struct limiter *limiter, const struct uuid *key, int64_t now_us);
int64_t limiter_burst(const struct limiter *limiter);
int64_t limiter_window_us(const struct limiter *limiter); /* in which a whole burst comes back */

#endif
