/* The buckets of each limit. */
#include "edge/rate_limits.h"

#include <string.h>

#include "comanda/program.h"
#include "edge/client_address.h"
#include "edge/token_bucket.h"
#include "proto/roles.h"

struct rate_limits {
	const struct edge_settings *settings;
	struct token_buckets *requests;                 /* NULL: no limit */
	struct token_buckets *refused_tokens;           /* per address; NULL: no limit */
	struct token_buckets *address, *account, *pair; /* of failed attempts; NULL: no limit */
	struct token_buckets *first; /* first attempts of addresses at an account whose bucket is empty */
	struct token_buckets *known; /* pairs of address and account that have signed in */
};

static struct metric refusals = {.name = "comanda_edge_rate_limited_total",
				 .help = "Requests answered 429, by limit",
				 .type = COUNTER,
				 .label = "limit"};

static const int64_t known_us = 30 * DAY_US;

static struct token_buckets *buckets_for(int64_t burst, int64_t pause_us)
{
	return burst > 0 ? token_buckets_new(burst, pause_us) : NULL;
}

struct rate_limits *rate_limits_new(const struct edge_settings *settings)
{
	struct rate_limits *limits = mem_new(1, sizeof(*limits));

	limits->settings = settings;
	limits->requests = buckets_for(settings->limit_rate > 0 ? settings->limit_burst : 0,
				       settings->limit_rate > 0 ? SECOND_US / settings->limit_rate : 0);
	limits->refused_tokens = buckets_for(settings->limit_rate > 0 ? settings->limit_burst : 0,
					     settings->limit_rate > 0 ? SECOND_US / settings->limit_rate : 0);
	limits->address = buckets_for(settings->sign_in_address, settings->sign_in_address_pause_us);
	limits->account = buckets_for(settings->sign_in_account, settings->sign_in_account_pause_us);
	limits->pair = buckets_for(settings->sign_in_pair, settings->sign_in_pair_pause_us);
	limits->first = buckets_for(settings->sign_in_account, settings->sign_in_account_pause_us);
	limits->known = token_buckets_new(1, known_us);
	return limits;
}

void rate_limits_free(struct rate_limits *limits)
{
	if (limits == NULL)
		return;
	token_buckets_free(limits->requests);
	token_buckets_free(limits->refused_tokens);
	token_buckets_free(limits->address);
	token_buckets_free(limits->account);
	token_buckets_free(limits->pair);
	token_buckets_free(limits->first);
	token_buckets_free(limits->known);
	free(limits);
}

/* NULL: this client has no limits. */
static struct rate_limits *limits_for(const struct call *call, const char **ret_client)
{
	struct rate_limits *limits = call->edge->rate_limits;
	char client[ADDRESS_CLIENT];

	if (limits == NULL)
		return NULL;
	const char *address = client_address(call->request, limits->settings->http_trusted_proxies);
	if (address_listed(limits->settings->limit_exempt, address))
		return NULL;
	address_client(address, client);
	*ret_client = arena_text(call->arena, client);
	return limits;
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

/* The headers of draft-ietf-httpapi-ratelimit-headers-10: the policy, and the rest of its quota. */
static void add_headers(struct call *call, const struct token_buckets *buckets, const char *policy,
			const struct token_result *answer)
{
	http_add_header(call->response, call->arena, "RateLimit-Policy",
			arena_format(call->arena, "\"%s\";q=%lld;w=%lld", policy,
				     (long long)token_buckets_burst(buckets),
				     (long long)seconds_up(token_buckets_window_us(buckets))));
	http_add_header(call->response, call->arena, "RateLimit",
			arena_format(call->arena, "\"%s\";r=%lld;t=%lld", policy, (long long)answer->left,
				     (long long)seconds_up(answer->full_us)));
}

struct problem rate_limits_check(struct call *call)
{
	const char *address = NULL;
	struct rate_limits *limits = limits_for(call, &address);
	const bool known = call->caller.role != CALLER_NOBODY;
	struct token_result answer;
	struct uuid key;

	if (limits == NULL || limits->requests == NULL)
		return (struct problem){.status = 0};
	key = known ? call->caller.user_id : uuid_of_text("address", address, strlen(address));
	answer = token_bucket_take(limits->requests, &key, monotonic_now());
	add_headers(call, limits->requests, known ? "user" : "address", &answer);
	if (answer.allowed)
		return (struct problem){.status = 0};
	return refuse("requests", answer.wait_us, NULL);
}

/* ---- refused tokens ---- */

struct problem rate_limits_check_token(const struct call *call)
{
	const char *address = NULL;
	struct rate_limits *limits = limits_for(call, &address);

	if (limits == NULL || limits->refused_tokens == NULL)
		return (struct problem){.status = 0};
	const struct uuid key = uuid_of_text("address", address, strlen(address));
	if (token_bucket_has_token(limits->refused_tokens, &key, monotonic_now()))
		return (struct problem){.status = 0};
	return refuse("tokens", SECOND_US / limits->settings->limit_rate, NULL);
}

void rate_limits_count_refused_token(const struct call *call)
{
	const char *address = NULL;
	struct rate_limits *limits = limits_for(call, &address);

	if (limits == NULL || limits->refused_tokens == NULL)
		return;
	const struct uuid key = uuid_of_text("address", address, strlen(address));
	(void)token_bucket_take(limits->refused_tokens, &key, monotonic_now());
}

/* ---- attempts ---- */

static const char too_many_attempts[] = "Too many attempts: try again after the time in Retry-After.";

static int64_t take(struct token_buckets *buckets, const struct uuid *key, int64_t now_us)
{
	const struct token_result answer =
		buckets != NULL ? token_bucket_take(buckets, key, now_us) : (struct token_result){.allowed = true};

	return answer.allowed ? 0 : answer.wait_us;
}

static void give_back(struct token_buckets *buckets, const struct uuid *key, int64_t now_us)
{
	if (buckets != NULL)
		token_bucket_give_back(buckets, key, now_us);
}

/* Whether an attempt is allowed although the attempts of its account are used up. */
static bool may_try_anyway(struct rate_limits *limits, struct attempt *attempt, bool first, int64_t now_us)
{
	if (token_bucket_is_used(limits->known, &attempt->pair, now_us))
		return true;
	if (!first || take(limits->first, &attempt->account, now_us) > 0)
		return false;
	attempt->paid = limits->first;
	return true;
}

/* Takes a token of all three limits, or of none. Returns the time to wait; 0: the attempt is allowed. */
static int64_t take_attempt(struct rate_limits *limits, struct attempt *attempt, const char **ret_limit)
{
	const int64_t now_us = monotonic_now();
	const bool first = limits->pair != NULL && !token_bucket_is_used(limits->pair, &attempt->pair, now_us);
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
	attempt->paid = wait_us == 0 ? limits->account : NULL;
	if (wait_us == 0 || may_try_anyway(limits, attempt, first, now_us))
		return 0;
	give_back(limits->address, &attempt->address, now_us);
	give_back(limits->pair, &attempt->pair, now_us);
	*ret_limit = "account";
	return wait_us;
}

struct problem rate_limits_begin_attempt(struct call *call, const char *account, struct attempt *ret_attempt)
{
	const char *address = NULL, *pair = NULL, *limit = NULL;
	struct rate_limits *limits = limits_for(call, &address);
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

void rate_limits_end_attempt(struct call *call, const struct attempt *attempt, const struct problem *problem,
			     int failed)
{
	struct rate_limits *limits = call->edge->rate_limits;
	const int64_t now_us = monotonic_now();

	if (!attempt->counted || problem->status == failed)
		return;
	give_back(limits->address, &attempt->address, now_us);
	give_back(attempt->paid, &attempt->account, now_us);
	give_back(limits->pair, &attempt->pair, now_us);
	if (problem->status == 0)
		(void)token_bucket_take(limits->known, &attempt->pair, now_us);
}

struct problem rate_limits_check_registration(struct call *call)
{
	const char *address = NULL;
	struct rate_limits *limits = limits_for(call, &address);
	struct uuid key;
	int64_t wait_us = 0;

	if (limits == NULL)
		return (struct problem){.status = 0};
	key = uuid_of_text("address", address, strlen(address));
	wait_us = take(limits->address, &key, monotonic_now());
	return wait_us > 0 ? refuse("address", wait_us, NULL) : (struct problem){.status = 0};
}
