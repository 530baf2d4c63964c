/* Collects differences. */
#include "ctl/topology/differences.h"

#include "ctl/cli/terminal.h"

struct difference *add_difference(struct differences *found, const char *what, const char *name, const char *format,
				  ...)
{
	va_list values;

	if (found->count == found->room) {
		found->room = found->room == 0 ? 32 : found->room * 2;
		found->items = mem_grow(found->items, found->room * sizeof(*found->items));
	}
	struct difference *difference = &found->items[found->count++];
	va_start(values, format);
	*difference = (struct difference){.what = what,
					  .name = arena_text(&found->arena, name),
					  .text = arena_vformat(&found->arena, format, values),
					  .repair = REPAIR_BY_APPLY};
	va_end(values);
	return difference;
}

const struct json *differences_get(struct differences *found, const char *prefix, const char *name)
{
	const char *path =
		arena_format(&found->arena, "%s%s", prefix, management_encode(found->management, name, &found->arena));

	return management_get(found->management, path, &found->arena);
}

bool differences_find(struct differences *found)
{
	*found = (struct differences){.management = management_open()};
	arena_init(&found->arena);
	if (found->management == NULL)
		return false;
	const int status = management_call(found->management, "GET", "vhosts/{vhost}", NULL);
	if (status == 401 || status == 403)
		print_error(
			"the account of COMANDA_MANAGEMENT_URL has no right to read: it needs the tag administrator");
	else if (status == 404)
		print_error("the virtual host \"%s\" does not exist; comanda topology apply creates it",
			    management_vhost(found->management));
	else if (status != 200 && status != 0)
		print_error("the management API answered %d: %s", status, management_answer(found->management));
	if (status != 200)
		return false;
	differences_of_queues(found);
	differences_of_permissions(found);
	return true;
}

void differences_done(struct differences *found)
{
	free(found->items);
	arena_done(&found->arena);
	management_close(found->management);
}
