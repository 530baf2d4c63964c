/* Rate limits of requests, and of attempts to sign in. Each edge process counts for itself.
 *
 * Requests count per user, or per address if nobody is signed in.
 * An attempt to sign in counts only if it fails. It counts per address, per account, and per account and address. A
 * stranger can use up the attempts of an account, but this does not lock the account. An address that signed in to the
 * account before may still try, and so may new addresses with a first attempt. These first attempts are limited per
 * account as well, because a stranger may have many addresses.
 *
 * An IPv6 address counts as its /64. */
#ifndef EDGE_RATE_LIMITS_H
#define EDGE_RATE_LIMITS_H

#include "edge/call.h"

struct rate_limits *rate_limits_new(const struct edge_settings *settings);
void rate_limits_free(struct rate_limits *limits);

/* Counts a request and adds the RateLimit headers. 429: there were too many. */
struct problem rate_limits_check(struct call *call);

/* Tokens that were refused, per address, with the limit of requests. They have buckets of their own, so requests
 * without a token do not lock out a neighbour who is signed in. The check is made before the signature is checked.
 * Status 429: too many tokens from this address were refused. */
struct problem rate_limits_check_token(const struct call *call);
void rate_limits_count_refused_token(const struct call *call);

/* An attempt with a password. */
struct attempt {
	struct uuid address, account, pair; /* keys of buckets */
	bool counted;
	struct token_buckets *paid; /* the bucket of the account that was charged; NULL: none */
};
/* Counts an attempt. `account`: an e-mail address, or a user's id. 429: too many attempts failed. */
struct problem rate_limits_begin_attempt(struct call *call, const char *account, struct attempt *ret_attempt);
/* Takes the attempt back unless problem->status is `failed`, the status of a wrong password. */
void rate_limits_end_attempt(struct call *call, const struct attempt *attempt, const struct problem *problem,
			     int failed);

/* Counts a registration like an attempt of its address, whatever its result. 429: there were too many. */
struct problem rate_limits_check_registration(struct call *call);

#endif
