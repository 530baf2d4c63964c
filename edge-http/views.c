/* What the edge looks at in a reply. */
#include "edge/views.h"

#include <string.h>

enum status view_id(struct span view, char ret_id[static UUID_TEXT + 1])
{
	static const char start[] = "{\"id\":\"";
	size_t skip = sizeof(start) - 1;
	struct uuid id;

	if (view.size < skip + UUID_TEXT || memcmp(view.bytes, start, skip) != 0 ||
	    uuid_parse(view.bytes + skip, UUID_TEXT, &id) != OK)
		return E_NOT_FOUND;
	uuid_text(&id, ret_id);
	return OK;
}

int64_t view_version(struct span view)
{
	static const char name[] = "\"version\":";
	size_t size = sizeof(name) - 1, at = view.size;
	int64_t version = 0, unit = 1;

	if (at == 0 || view.bytes[--at] != '}')
		return INT_ABSENT;
	for (; at > 0 && view.bytes[at - 1] >= '0' && view.bytes[at - 1] <= '9' && unit <= INT64_C(1000000000000000);
	     at--, unit *= 10)
		version += unit * (view.bytes[at - 1] - '0');
	if (unit == 1 || at < size || memcmp(view.bytes + at - size, name, size) != 0)
		return INT_ABSENT;
	return version;
}
