/* Compares member by member. */
#include "ctl/sandbox/envelope.h"

#include <string.h>

#include "json/value.h"

/* What the decision made, or what it was made from. */
static const char *const decided[] = {"id",   "type",        "source", "subject", "sequence",
				      "time", "causationid", "data",   NULL};

static bool same_member(const struct json *a, const struct json *b, const char *name)
{
	const struct json *left = json_member(a, name), *right = json_member(b, name);
	struct buffer left_text, right_text;

	if (left == NULL || right == NULL)
		return left == right;
	buffer_init(&left_text);
	buffer_init(&right_text);
	json_print(&left_text, left);
	json_print(&right_text, right);
	const bool same = strcmp(left_text.bytes, right_text.bytes) == 0;
	buffer_done(&left_text);
	buffer_done(&right_text);
	return same;
}

bool envelope_only_differs(struct span recorded, struct span rebuilt)
{
	struct faults faults = {0};
	const struct json *a, *b;
	struct arena arena;

	arena_init(&arena);
	bool same = json_parse(&arena, recorded, &faults, &a) == OK && json_parse(&arena, rebuilt, &faults, &b) == OK &&
		    json_type(a) == JSON_OBJECT && json_type(b) == JSON_OBJECT;
	for (const char *const *name = decided; *name != NULL && same; name++)
		same = same_member(a, b, *name);
	arena_done(&arena);
	return same;
}
