/* Token buckets, one per key, in bounded memory.
 *
 * By the generic cell rate algorithm (ITU-T I.371): a bucket is the time at which it will be full. A key that is not
 * stored has a full bucket. If there is no room, the fullest bucket is dropped. */
#ifndef EDGE_TOKEN_BUCKET_H
#define EDGE_TOKEN_BUCKET_H

#include "comanda/rpc.h"

struct token_buckets;

/* Each bucket holds `burst` tokens, and gets one more per `pause_us`. */
struct token_buckets *token_buckets_new(int64_t burst, int64_t pause_us);
void token_buckets_free(struct token_buckets *buckets);

struct token_result {
	bool allowed;
	int64_t left;    /* tokens left */
	int64_t wait_us; /* not allowed: until there is a token */
	int64_t full_us; /* until the bucket is full */
};

/* Takes a token. From any thread. `now_us`: monotonic_now(). */
struct token_result token_bucket_take(struct token_buckets *buckets, const struct uuid *key, int64_t now_us);
/* Puts one token back. */
void token_bucket_give_back(struct token_buckets *buckets, const struct uuid *key, int64_t now_us);
/* Whether a token can be taken. Takes none. */
bool token_bucket_has_token(struct token_buckets *buckets, const struct uuid *key, int64_t now_us);
/* Whether the bucket is not full. */
bool token_bucket_is_used(struct token_buckets *buckets, const struct uuid *key, int64_t now_us);
int64_t token_buckets_burst(const struct token_buckets *buckets);
int64_t token_buckets_window_us(const struct token_buckets *buckets); /* in which an empty bucket becomes full */

#endif
