/* URLs of databases, caches and collectors (a part of RFC 3986). */
#include "config/url.h"

#include <stdbool.h>
#include <string.h>

#include "core/percent.h"

/* Cuts `rest` at the first of `marks`. Returns the part before the mark; `rest` begins after it. Without a mark it
 * returns all, and `rest` is empty with a NULL start. */
static struct span cut(struct span *rest, const char *marks)
{
	struct span before = {.bytes = rest->bytes};

	while (before.size < rest->size && strchr(marks, rest->bytes[before.size]) == NULL)
		before.size++;
	if (before.size == rest->size)
		*rest = (struct span){0};
	else
		*rest = (struct span){rest->bytes + before.size + 1, rest->size - before.size - 1};
	return before;
}

static bool has(struct span span, char wanted)
{
	return span.size > 0 && memchr(span.bytes, wanted, span.size) != NULL;
}

static bool parse_port(struct span text, int *ret_port)
{
	int port = 0;

	if (text.size == 0 || text.size > 5)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		port = port * 10 + (text.bytes[i] - '0');
	}
	*ret_port = port;
	return port >= 1 && port <= 65535;
}

/* host, host:port, [v6], [v6]:port. A list with commas is not split. */
static bool parse_host(struct span text, struct arena *arena, struct url *url)
{
	struct span host = text, port = {0};

	if (has(text, '@'))
		return false; /* "@" in a password must be written as %40 */
	if (!has(text, ',')) {
		bool bracketed = text.size > 0 && text.bytes[0] == '[';

		port = text;
		host = cut(&port, bracketed ? "]" : ":");
		if (bracketed) {
			host = (struct span){host.bytes + 1, host.size - 1};
			if (port.bytes == NULL || (port.size > 0 && port.bytes[0] != ':'))
				return false;
			port = port.size > 0 ? (struct span){port.bytes + 1, port.size - 1} : (struct span){0};
		}
	}
	url->host = percent_decoded(arena, host);
	return url->host != NULL && (port.bytes == NULL || parse_port(port, &url->port));
}

static bool parse_user(struct span text, struct arena *arena, struct url *url)
{
	struct span password = text;
	struct span user = cut(&password, ":");

	url->user = percent_decoded(arena, user);
	url->password = percent_decoded(arena, password);
	return url->user != NULL && url->password != NULL;
}

static bool is_scheme(struct span text)
{
	for (size_t i = 0; i < text.size; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789+-.", text.bytes[i]) == NULL)
			return false;
	return text.size > 0;
}

enum status url_parse(const char *text, struct arena *arena, struct url *ret_url)
{
	struct url url = {.user = "", .password = ""};
	const char *colon = strstr(text, "://");
	struct span path = {0}, authority = {0}, host = {0};

	/* A query or a fragment would be ignored silently. In a password, "?" and "#" are written as %3F and %23. */
	if (colon == NULL || strpbrk(text, "?#") != NULL || !is_scheme((struct span){text, (size_t)(colon - text)}))
		return E_MALFORMED;
	url.scheme = arena_copy(arena, text, (size_t)(colon - text));
	path = span_of(colon + 3);
	authority = cut(&path, "/");
	host = authority;
	if (has(authority, '@') && !parse_user(cut(&host, "@"), arena, &url))
		return E_MALFORMED;
	if (!parse_host(host, arena, &url))
		return E_MALFORMED;
	url.path = percent_decoded(arena, path);
	if (url.path == NULL)
		return E_MALFORMED;
	*ret_url = url;
	return OK;
}
