/* The table of routes. */
#include "edge/routes.h"

#include <string.h>

#include "edge/call.h"
#include "proto/messages.h"

const struct route routes[] = {
	/* clang-format off */
	/* method   path                         access          message                ok   options                                     handler */
	{ "POST",   "/v1/users",                 ANYONE,         USERS_REGISTER,        201, BODY | KEY_OPTIONAL | LOCATION,             register_user },
	{ "GET",    "/v1/users",                 ADMIN,          USERS_LIST,            200, QUERY,                                      forward       },
	{ "GET",    "/v1/users/{id}",            OWNER_OR_ADMIN, USERS_GET,             200, 0,                                          forward       },
	{ "PATCH",  "/v1/users/{id}",            OWNER_OR_ADMIN, USERS_CHANGE,          200, BODY,                                       change_user   },
	{ "DELETE", "/v1/users/{id}",            OWNER_OR_ADMIN, USERS_DISABLE,         200, 0,                                          forward       },

	{ "POST",   "/v1/auth/token",            ANYONE,         TOKENS_GRANT,          200, BODY | FORM,                                grant_token   },
	{ "POST",   "/v1/auth/logout",           SIGNED_IN,      TOKENS_REVOKE,         200, BODY_OPTIONAL | KEY_OPTIONAL,               sign_out      },
	{ "GET",    "/.well-known/jwks.json",    ANYONE,         USERS_KEYS,            200, CACHEABLE,                                  forward       },

	{ "GET",    "/v1/products",              ANYONE,         PRODUCTS_LIST,         200, QUERY | CACHEABLE,                          forward       },
	{ "POST",   "/v1/products",              ADMIN,          PRODUCTS_CREATE,       201, BODY | KEY_OPTIONAL | LOCATION | VERSIONED, forward       },
	{ "GET",    "/v1/products/{id}",         ANYONE,         PRODUCTS_GET,          200, VERSIONED | CACHEABLE,                      forward       },
	{ "PATCH",  "/v1/products/{id}",         ADMIN,          PRODUCTS_CHANGE,       200, BODY | VERSIONED,                           forward       },
	{ "DELETE", "/v1/products/{id}",         ADMIN,          PRODUCTS_WITHDRAW,     200, VERSIONED,                                  forward       },
	{ "POST",   "/v1/products/{id}/stock",   ADMIN,          PRODUCTS_ADJUST_STOCK, 200, BODY | KEY_OPTIONAL | VERSIONED,            forward       },

	{ "POST",   "/v1/orders",                SIGNED_IN,      ORDERS_PLACE,          202, BODY | KEY_REQUIRED | LOCATION,             place_order   },
	{ "GET",    "/v1/orders",                SIGNED_IN,      ORDERS_LIST,           200, QUERY,                                      forward       },
	{ "GET",    "/v1/orders/{id}",           OWNER_OR_ADMIN, ORDERS_GET,            200, 0,                                          forward       },
	{ "GET",    "/v1/orders/{id}/timeline",  OWNER_OR_ADMIN, ORDERS_TIMELINE,       200, 0,                                          forward       },
	{ "POST",   "/v1/orders/{id}/cancel",    OWNER_OR_ADMIN, ORDERS_CANCEL,         200, BODY_OPTIONAL | KEY_OPTIONAL,               forward       },
	{ .method = NULL },
	/* clang-format on */
};

static const char version[] = "/v1";

/* The path without its version. A path without a version is an alias for the newest version. */
static const char *unversioned(const char *path)
{
	size_t size = sizeof(version) - 1;

	return strncmp(path, version, size) == 0 && path[size] == '/' ? path + size : path;
}

/* Whether a path matches a pattern. *ret_id is the text in the place of {id}. */
static bool matches(const char *pattern, const char *path, struct span *ret_id)
{
	static const char hole[] = "{id}";
	const char *at = strstr(pattern, hole);
	size_t before = at != NULL ? (size_t)(at - pattern) : strlen(pattern);
	size_t size = 0;

	if (strncmp(pattern, path, before) != 0)
		return false;
	if (at == NULL)
		return path[before] == '\0';
	size = strcspn(path + before, "/");
	if (size == 0 || strcmp(path + before + size, at + sizeof(hole) - 1) != 0)
		return false;
	*ret_id = (struct span){path + before, size};
	return true;
}

struct route_match routes_match(const char *method, const char *path)
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
	const char *rest = unversioned(path);
	struct route_match match = {.route = NULL};

	for (const struct route *route = routes; route->method != NULL; route++) {
		struct span id = {NULL, 0};

		if (!matches(unversioned(route->path), rest, &id))
			continue;
		match.path_known = true;
		if (strcmp(route->method, wanted) != 0)
			continue;
		match.route = route;
		match.id = id;
		return match;
	}
	return match;
}

const char *routes_allow(struct arena *arena, const char *path)
{
	const char *rest = unversioned(path), *allow = NULL;

	for (const struct route *route = routes; route->method != NULL; route++) {
		const char *also = strcmp(route->method, "GET") == 0 ? ", HEAD" : "";
		struct span id = {NULL, 0};

		if (matches(unversioned(route->path), rest, &id))
			allow = arena_format(arena, "%s%s%s%s", allow != NULL ? allow : "", allow != NULL ? ", " : "",
					     route->method, also);
	}
	return allow != NULL ? arena_format(arena, "%s, OPTIONS", allow) : NULL;
}

void routes_print(FILE *out)
{
	static const char *const access[] = {
		[ANYONE] = "anyone", [SIGNED_IN] = "signed-in", [OWNER_OR_ADMIN] = "owner-or-admin", [ADMIN] = "admin"};

	for (const struct route *route = routes; route->method != NULL; route++) {
		const struct message_type *type = &comanda_contract.types[route->type];

		fprintf(out, "%-7s %-26s %-15s %-22s %s\n", route->method, route->path, access[route->access],
			type->name, type->queue);
	}
}
