/* Which buckets a call takes from. */
#include "edge/rate_limits.h"

#include <string.h>

#include "config/address.h"
#include "edge/client_address.h"
#include "edge/token_bucket.h"
#include "proto/roles.h"
#include "telemetry/metrics.h"

struct limits {
	const struct edge_settings *settings;
	struct limiter *requests;                 /* NULL: any number */
	struct limiter *address, *account, *pair; /* attempts that fail; NULL: any number */
	struct limiter *known;                    /* address and account that came together with the right password */
};

static struct metric refusals = {.name = "comanda_edge_rate_limited_total",
				 .help = "Requests answered 429, by limit",
				 .type = COUNTER,
				 .label = "limit"};

static const int64_t known_us = 30 * DAY_US;

static struct limiter *limiter_for(int64_t burst, int64_t pause_us)
{
	return burst > 0 ? limiter_new(burst, pause_us) : NULL;
}

struct limits *limits_new(const struct edge_settings *settings)
{
	struct limits *limits = mem_new(1, sizeof(*limits));

	limits->settings = settings;
	limits->requests = limiter_for(settings->limit_rate > 0 ? settings->limit_burst : 0,
				       settings->limit_rate > 0 ? SECOND_US / settings->limit_rate : 0);
	limits->address = limiter_for(settings->sign_in_address, settings->sign_in_address_pause_us);
	limits->account = limiter_for(settings->sign_in_account, settings->sign_in_account_pause_us);
	limits->pair = limiter_for(settings->sign_in_pair, settings->sign_in_pair_pause_us);
	limits->known = limiter_new(1, known_us);
	return limits;
}

void limits_free(struct limits *limits)
{
	if (limits == NULL)
		return;
	limiter_free(limits->requests);
	limiter_free(limits->address);
	limiter_free(limits->account);
	limiter_free(limits->pair);
	limiter_free(limits->known);
	free(limits);
}

/* NULL where nothing is limited for this client. */
static struct limits *limits_of(const struct call *call, const char **ret_address)
{
	struct limits *limits = call->edge->limits;

	if (limits == NULL)
		return NULL;
	*ret_address = client_address(call->request, limits->settings->http_proxies);
	return address_listed(limits->settings->limit_exempt, *ret_address) ? NULL : limits;
}

static int64_t seconds_up(int64_t time_us)
{
	return (time_us + SECOND_US - 1) / SECOND_US;
}

static struct problem refuse(const char *limit, int64_t wait_us, const char *detail)
{
	struct problem problem = problem_http(429, detail);

	metric_add(&refusals, limit, 1);
	problem.retry_after_s = seconds_up(wait_us);
	return problem;
}

/* ---- requests ---- */

/* draft-ietf-httpapi-ratelimit-headers-10: the policy, and what is left of it. */
static void add_headers(struct call *call, const struct limiter *limiter, const char *policy,
			const struct limiter_answer *answer)
{
	http_add_header(call->response, call->arena, "RateLimit-Policy",
			arena_format(call->arena, "\"%s\";q=%lld;w=%lld", policy, (long long)limiter_burst(limiter),
				     (long long)seconds_up(limiter_window_us(limiter))));
	http_add_header(call->response, call->arena, "RateLimit",
			arena_format(call->arena, "\"%s\";r=%lld;t=%lld", policy, (long long)answer->left,
				     (long long)seconds_up(answer->full_us)));
}

struct problem limits_call(struct call *call)
{
	const char *address = NULL;
	struct limits *limits = limits_of(call, &address);
	const bool known = call->caller.role != CALLER_NOBODY;
	struct limiter_answer answer;
	struct uuid key;

	if (limits == NULL || limits->requests == NULL)
		return (struct problem){.status = 0};
	key = known ? call->caller.user_id : uuid_of_text("address", address, strlen(address));
	answer = limiter_take(limits->requests, &key, monotonic_now());
	add_headers(call, limits->requests, known ? "user" : "address", &answer);
	if (answer.allowed)
		return (struct problem){.status = 0};
	return refuse("requests", answer.wait_us, NULL);
}

/* ---- attempts ---- */

static const char too_many_attempts[] = "Too many attempts: try again after the time in Retry-After.";

static int64_t take(struct limiter *limiter, const struct uuid *key, int64_t now_us)
{
	const struct limiter_answer answer =
		limiter != NULL ? limiter_take(limiter, key, now_us) : (struct limiter_answer){.allowed = true};

	return answer.allowed ? 0 : answer.wait_us;
}

static void give_back(struct limiter *limiter, const struct uuid *key, int64_t now_us)
{
	if (limiter != NULL)
		limiter_give_back(limiter, key, now_us);
}

/* An account's attempts are used up: whom does that not concern? */
static bool goes_in_all_the_same(struct limits *limits, const struct attempt *attempt, bool first, int64_t now_us)
{
	return first || limiter_touched(limits->known, &attempt->pair, now_us);
}

/* Takes from all three, or from none. Returns how long to wait; 0: go on. */
static int64_t take_attempt(struct limits *limits, const struct attempt *attempt, const char **ret_limit)
{
	const int64_t now_us = monotonic_now();
	const bool first = limits->pair != NULL && !limiter_touched(limits->pair, &attempt->pair, now_us);
	int64_t wait_us = take(limits->address, &attempt->address, now_us);

	*ret_limit = "address";
	if (wait_us > 0)
		return wait_us;
	wait_us = take(limits->pair, &attempt->pair, now_us);
	if (wait_us > 0) {
		give_back(limits->address, &attempt->address, now_us);
		*ret_limit = "account at address";
		return wait_us;
	}
	wait_us = take(limits->account, &attempt->account, now_us);
	if (wait_us == 0 || goes_in_all_the_same(limits, attempt, first, now_us))
		return 0;
	give_back(limits->address, &attempt->address, now_us);
	give_back(limits->pair, &attempt->pair, now_us);
	*ret_limit = "account";
	return wait_us;
}

struct problem limits_attempt(struct call *call, const char *account, struct attempt *ret_attempt)
{
	const char *address = NULL, *pair = NULL, *limit = NULL;
	struct limits *limits = limits_of(call, &address);
	int64_t wait_us = 0;

	*ret_attempt = (struct attempt){.counted = false};
	if (limits == NULL)
		return (struct problem){.status = 0};
	pair = arena_format(call->arena, "%s\n%s", account, address);
	ret_attempt->address = uuid_of_text("address", address, strlen(address));
	ret_attempt->account = uuid_of_text("account", account, strlen(account));
	ret_attempt->pair = uuid_of_text("pair", pair, strlen(pair));
	wait_us = take_attempt(limits, ret_attempt, &limit);
	if (wait_us > 0)
		return refuse(limit, wait_us, too_many_attempts);
	ret_attempt->counted = true;
	return (struct problem){.status = 0};
}

void limits_attempted(struct call *call, const struct attempt *attempt, const struct problem *problem, int failed)
{
	struct limits *limits = call->edge->limits;
	const int64_t now_us = monotonic_now();

	if (!attempt->counted || problem->status == failed)
		return;
	give_back(limits->address, &attempt->address, now_us);
	give_back(limits->account, &attempt->account, now_us);
	give_back(limits->pair, &attempt->pair, now_us);
	if (problem->status == 0)
		(void)limiter_take(limits->known, &attempt->pair, now_us);
}

struct problem limits_registration(struct call *call)
{
	const char *address = NULL;
	struct limits *limits = limits_of(call, &address);
	struct uuid key;
	int64_t wait_us = 0;

	if (limits == NULL)
		return (struct problem){.status = 0};
	key = uuid_of_text("address", address, strlen(address));
	wait_us = take(limits->address, &key, monotonic_now());
	return wait_us > 0 ? refuse("address", wait_us, NULL) : (struct problem){.status = 0};
}
