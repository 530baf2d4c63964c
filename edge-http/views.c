/* Reading members of a reply without parsing all of it: the most frequent route needs only the version. */
#include "edge/views.h"

#include <string.h>

#include "comanda/rpc.h"

enum { VERSION_DIGITS_MAX = 15 };

enum status view_id(struct span view, char ret_id[static UUID_TEXT + 1])
{
	const struct span text = json_scan_member(view, "id");
	struct uuid id;

	if (text.size != UUID_TEXT + 2 || text.bytes[0] != '"' || uuid_parse(text.bytes + 1, UUID_TEXT, &id) != OK)
		return E_NOT_FOUND;
	uuid_text(&id, ret_id);
	return OK;
}

int64_t view_version(struct span view)
{
	const struct span text = json_scan_member(view, "version");
	int64_t version = 0;

	if (text.size == 0 || text.size > VERSION_DIGITS_MAX)
		return INT_ABSENT;
	for (size_t i = 0; i < text.size; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return INT_ABSENT;
		version = version * 10 + (text.bytes[i] - '0');
	}
	return version;
}
