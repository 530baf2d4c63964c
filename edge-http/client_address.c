/* X-Forwarded-For, read from its end. */
#include "edge/client_address.h"

#include <string.h>
#include <strings.h>

#include "comanda/program.h"

/* Several headers of one name form one list. The last header holds the end of the list. */
static const char *last_header(const struct http_request *request, const char *name)
{
	for (int i = request->header_count - 1; i >= 0; i--)
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return NULL;
}

const char *client_address(const struct http_request *request, const char *proxies)
{
	const char *address = request->peer, *list = NULL;
	size_t end = 0;

	if (*proxies == '\0' || !address_listed(proxies, address))
		return address;
	list = last_header(request, "X-Forwarded-For");
	end = list != NULL ? strlen(list) : 0;
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
