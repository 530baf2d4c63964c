/* Prints the routes and their fields for docs/reference/rest.md, as lines of tab-separated cells. */
#include <stdio.h>

#include "edge/call.h"
#include "edge/request_decode.h"
#include "proto/reference_lines.h"

static void print_options(unsigned options)
{
	static const struct {
		unsigned option;
		const char *text;
	} texts[] = {{QUERY, "query"},         {BODY, "body"},         {BODY_OPTIONAL, "optional-body"},
		     {FORM, "form"},           {KEY_OPTIONAL, "key"},  {KEY_REQUIRED, "required-key"},
		     {VERSIONED, "versioned"}, {LOCATION, "location"}, {CACHEABLE, "cacheable"}};
	const char *before = "\t";

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if ((options & texts[i].option) == 0)
			continue;
		printf("%s%s", before, texts[i].text);
		before = " ";
	}
	puts(*before == '\t' ? "\t" : "");
}

static void print_route(const struct route *route, struct arena *arena)
{
	static const char *const callers[] = {
		[ANYONE] = "anyone", [SIGNED_IN] = "signed in", [OWNER_OR_ADMIN] = "owner or admin", [ADMIN] = "admin"};
	const struct message_type *type = &comanda_contract.types[route->type];
	const char *name = arena_format(arena, "%s %s", route->method, route->path);

	printf("route\t%s\t%s\t%s\t%d", name, callers[route->access], type->name, route->success);
	print_options(route->options);
	if ((route->options & QUERY) != 0) {
		reference_fields("takes", name, type->schema);
		printf("default\t%s\tlimit\t%d\n", name, PAGE_DEFAULT); /* as the edge fills it in */
	} else if ((route->options & (BODY | BODY_OPTIONAL)) != 0) {
		reference_fields("takes", name, public_schema(arena, type->schema, NULL));
	}
}

int main(void)
{
	struct arena arena;

	arena_init(&arena);
	for (const struct route *route = routes; route->method != NULL; route++)
		print_route(route, &arena);
	arena_done(&arena);
	return reference_end();
}
