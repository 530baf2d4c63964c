/* X-Forwarded-For, read from its end. */
#include "edge/client_address.h"

#include <string.h>
#include <strings.h>

#include "comanda/program.h"

/* Several headers of one name form one list, in their order (RFC 9110 section 5.3). Each proxy may write a line of its
 * own. */
static const char *joined_headers(const struct http_request *request, const char *name)
{
	const char *list = "";

	for (int i = 0; i < request->header_count; i++)
		if (strcasecmp(request->headers[i].name, name) == 0)
			list = arena_format(request->arena, "%s,%s", list, request->headers[i].value);
	return list;
}

const char *client_address(const struct http_request *request, const char *proxies)
{
	const char *address = request->peer, *list = NULL;
	size_t end = 0;

	if (*proxies == '\0' || !address_listed(proxies, address))
		return address;
	list = joined_headers(request, "X-Forwarded-For");
	end = strlen(list);
	while (end > 0 && address_listed(proxies, address)) {
		size_t start = 0;

		while (end > 0 && strchr(" \t,", list[end - 1]) != NULL)
			end--;
		for (start = end; start > 0 && strchr(" \t,", list[start - 1]) == NULL;)
			start--;
		if (start < end)
			address = arena_format(request->arena, "%.*s", (int)(end - start), list + start);
		end = start;
	}
	return address;
}
