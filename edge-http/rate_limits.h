/* How much anybody may ask: rates of requests, and attempts to sign in.
 *
 * Requests count for the user who makes them, or for the address where nobody is signed in. Attempts to sign in count
 * three times, and only where they fail: for the address, for the account, and for the two together. A stranger can use
 * up an account's attempts, but does not lock it: an address that has signed in to it before goes in all the same, and
 * so does the first attempt from any address. All of it is kept by each edge for itself. */
#ifndef EDGE_RATE_LIMITS_H
#define EDGE_RATE_LIMITS_H

#include "edge/call.h"

struct limits *limits_new(const struct edge_settings *settings);
void limits_free(struct limits *limits);

/* Before a call is answered: counts it, adds the RateLimit headers; 429 where there were too many. */
struct problem limits_call(struct call *call);

/* An attempt with a password. `account` is what is tried: an e-mail address, or a user's id. */
struct attempt {
	struct uuid address, account, pair;
	bool counted;
};
/* 429 where there were too many that failed. */
struct problem limits_attempt(struct call *call, const char *account, struct attempt *ret_attempt);
/* What came of it; `failed`: the password was wrong. */
void limits_attempted(struct call *call, const struct attempt *attempt, const struct problem *problem, int failed);

/* Making an account costs as much as an attempt, and counts for the address whatever comes of it. */
struct problem limits_registration(struct call *call);

#endif
