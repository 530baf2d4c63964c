/* URLs of databases, caches and collectors (a part of RFC 3986). amqp/hosts.h has those of brokers. */
#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include "core/memory.h"
#include "core/status.h"

/* scheme://user:password@host:port/path, percent-decoded. The path is without its first "/". Missing parts are "" and
 * port 0. `host` may be a list ("a:5672,b:5672"), with port 0. E_MALFORMED for anything else, and for a query or
 * fragment. */
struct url {
	const char *scheme, *user, *password, *host, *path;
	int port;
};
must_check enum status url_parse(const char *text, struct arena *arena, struct url *ret_url);

#endif
