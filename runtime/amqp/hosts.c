/* Broker URLs. */
#define _GNU_SOURCE /* memrchr */
#include "amqp/hosts.h"

#include "core/percent.h"

#include <string.h>

static enum status parse_user(struct arena *arena, struct span part, struct broker_hosts *hosts)
{
	const char *colon = memchr(part.bytes, ':', part.size);
	size_t name = colon != NULL ? (size_t)(colon - part.bytes) : part.size;

	hosts->user = percent_decoded(arena, (struct span){part.bytes, name});
	hosts->password = colon != NULL ? percent_decoded(arena, (struct span){colon + 1, part.size - name - 1}) : "";
	return hosts->user != NULL && hosts->password != NULL ? OK : E_INVALID;
}

static enum status parse_port(const char *text, size_t size, int *ret_port)
{
	int port = 0;

	if (size == 0 || size > 5)
		return E_INVALID;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return E_INVALID;
		port = port * 10 + (text[i] - '0');
	}
	if (port == 0 || port > 65535)
		return E_INVALID;
	*ret_port = port;
	return OK;
}

static enum status parse_host(struct arena *arena, struct span part, int standard_port, struct broker_host *ret_host)
{
	bool bracketed = part.size > 0 && part.bytes[0] == '[';
	const char *close = bracketed ? memchr(part.bytes, ']', part.size) : NULL;
	const char *end = part.bytes + part.size, *name_end, *name = part.bytes + bracketed;

	if (bracketed && close == NULL)
		return E_INVALID;
	name_end = bracketed ? close : memchr(part.bytes, ':', part.size);
	if (name_end == NULL)
		name_end = end;
	if (name_end == name)
		return E_INVALID;
	ret_host->name = arena_copy(arena, name, (size_t)(name_end - name));
	ret_host->port = standard_port;
	name_end += bracketed;
	if (name_end == end)
		return OK;
	if (*name_end != ':')
		return E_INVALID;
	return parse_port(name_end + 1, (size_t)(end - name_end - 1), &ret_host->port);
}

static enum status parse_hosts(struct arena *arena, struct span list, struct broker_hosts *hosts)
{
	const char *at = list.bytes, *end = list.bytes + list.size;

	while (at <= end) {
		const char *comma = at < end ? memchr(at, ',', (size_t)(end - at)) : NULL;
		const char *stop = comma != NULL ? comma : end;

		if (hosts->count == BROKER_HOSTS_MAX ||
		    parse_host(arena, (struct span){at, (size_t)(stop - at)},
			       hosts->tls ? BROKER_TLS_PORT : BROKER_PORT, &hosts->hosts[hosts->count]) != OK)
			return E_INVALID;
		hosts->count++;
		at = stop + 1;
	}
	return OK;
}

/* The part after "?": only cacertfile, once. Anything else is refused, because it would have no effect. */
static enum status parse_query(struct arena *arena, const char *query, struct broker_hosts *hosts)
{
	static const char name[] = "cacertfile=";

	if (!hosts->tls || strncmp(query, name, sizeof(name) - 1) != 0 || strchr(query, '&') != NULL)
		return E_INVALID;
	query += sizeof(name) - 1;
	hosts->ca_file = percent_decoded(arena, (struct span){query, strlen(query)});
	return hosts->ca_file != NULL && hosts->ca_file[0] != '\0' ? OK : E_INVALID;
}

/* user:password@host,host */
static enum status parse_authority(struct arena *arena, struct span part, struct broker_hosts *hosts)
{
	const char *at = memrchr(part.bytes, '@', part.size), *end = part.bytes + part.size;

	if (at == NULL)
		return parse_hosts(arena, part, hosts);
	if (parse_user(arena, (struct span){part.bytes, (size_t)(at - part.bytes)}, hosts) != OK)
		return E_INVALID;
	return parse_hosts(arena, (struct span){at + 1, (size_t)(end - at - 1)}, hosts);
}

enum status broker_hosts_parse(const char *url, struct arena *arena, struct broker_hosts *ret_hosts)
{
	struct broker_hosts hosts = {.user = "guest", .password = "guest", .vhost = "/"};
	const char *authority = strncmp(url, "amqp", 4) == 0 ? url + 4 : "", *slash, *end, *query;

	hosts.tls = *authority == 's';
	authority += hosts.tls;
	if (strncmp(authority, "://", 3) != 0)
		return E_INVALID;
	authority += 3;
	slash = strchr(authority, '/');
	end = slash != NULL ? slash : authority + strlen(authority);
	if (parse_authority(arena, (struct span){authority, (size_t)(end - authority)}, &hosts) != OK)
		return E_INVALID;
	query = slash != NULL ? strchr(slash, '?') : NULL;
	if (query != NULL && parse_query(arena, query + 1, &hosts) != OK)
		return E_INVALID;
	if (slash != NULL && slash[1] != '\0' && slash + 1 != query)
		hosts.vhost =
			percent_decoded(arena, (struct span){slash + 1, query != NULL ? (size_t)(query - slash - 1)
										      : strlen(slash + 1)});
	if (hosts.vhost == NULL)
		return E_INVALID;
	*ret_hosts = hosts;
	return OK;
}
