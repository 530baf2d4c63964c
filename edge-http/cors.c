/* Cross-origin requests. */
#include "edge/cors.h"

#include <string.h>

bool cors_allows(const char *allowed, const char *origin)
{
	size_t size = strlen(origin);

	if (strcmp(allowed, "*") == 0)
		return true;
	while (*allowed != '\0') {
		size_t length = 0;

		allowed += strspn(allowed, " ,");
		length = strcspn(allowed, " ,");
		if (length == size && size > 0 && memcmp(allowed, origin, size) == 0)
			return true;
		allowed += length;
	}
	return false;
}

void cors_headers(const char *allowed, const struct http_request *request, struct http_response *ret_response)
{
	const char *origin = NULL;

	if (*allowed == '\0')
		return;
	/* The answer depends on the origin, so a cache must not give it to another origin. */
	http_add_header(ret_response, request->arena, "Vary", "Origin");
	origin = http_header(request, "Origin");
	if (origin == NULL || !cors_allows(allowed, origin))
		return;
	http_add_header(ret_response, request->arena, "Access-Control-Allow-Origin", origin);
	http_add_header(ret_response, request->arena, "Access-Control-Expose-Headers",
			"ETag, Location, Preference-Applied, Retry-After, X-Request-Id");
}

bool cors_is_preflight(const struct http_request *request)
{
	return strcmp(request->method, "OPTIONS") == 0 && http_header(request, "Origin") != NULL &&
	       http_header(request, "Access-Control-Request-Method") != NULL;
}

void cors_preflight(const char *allowed, const char *methods, const struct http_request *request,
		    struct http_response *ret_response)
{
	if (!cors_allows(allowed, http_header(request, "Origin")))
		return;
	http_add_header(ret_response, request->arena, "Access-Control-Allow-Methods", methods);
	http_add_header(ret_response, request->arena, "Access-Control-Allow-Headers",
			"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, traceparent, "
			"X-Request-Id");
	http_add_header(ret_response, request->arena, "Access-Control-Max-Age", "600");
}
