/* URLs of brokers, databases, caches and collectors (RFC 3986, as far as those use it). */
#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include "core/memory.h"
#include "core/status.h"

/* scheme://user:password@host:port/path, percent-decoded; the path without its first "/". Parts that are missing are ""
 * and port 0. A list of hosts ("a:5672,b:5672") is given as `host` as it is, with port 0. E_MALFORMED otherwise, and
 * for a query or fragment. */
struct url {
	const char *scheme, *user, *password, *host, *path;
	int port;
};
must_check enum status url_parse(const char *text, struct arena *arena, struct url *ret_url);

#endif
