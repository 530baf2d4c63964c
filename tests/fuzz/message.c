/* Messages of the contract: "NAME\nJSON". NAME is the name of a golden sample ("order.placed.v1",
 * "orders.get.v1.reply"). The target reads the JSON, writes it, reads and writes it again. Both texts must be equal. */
#include <stdio.h>
#include <string.h>

#include "proto/messages.h"
#include "tests/fuzz/fuzz.h"
#include "json/json.h"

void target_begin(void)
{
	json_init();
}

/* An unknown name selects some schema, so that mutations of the name try other messages. */
static const struct schema *schema_named(struct span name)
{
	uint32_t hash = 0;
	char known[120];

	for (int i = 0; i < comanda_contract.count; i++) {
		const struct message_type *type = &comanda_contract.types[i];
		const size_t size = (size_t)snprintf(known, sizeof(known), "%s.v%d", type->name, type->version);

		if (name.size >= size && memcmp(name.bytes, known, size) == 0)
			return name.size > size ? type->reply : type->schema;
	}
	for (size_t i = 0; i < name.size; i++)
		hash = hash * 31 + (uint8_t)name.bytes[i];
	const struct message_type *type = &comanda_contract.types[hash / 2 % (uint32_t)comanda_contract.count];
	return hash % 2 == 0 || type->schema == NULL ? type->reply : type->schema;
}

static void write_and_read_again(const struct schema *schema, const void *body, struct arena *arena)
{
	struct faults faults = {.count = 0};
	struct buffer first, second;
	void *again = NULL;

	buffer_init(&first);
	buffer_init(&second);
	json_encode(&first, schema, body);
	must(json_decode((struct span){first.bytes, first.size}, schema, UNKNOWN_REFUSED, arena, &faults, &again) ==
	     OK);
	json_encode(&second, schema, again);
	must(first.size == second.size && memcmp(first.bytes, second.bytes, first.size) == 0);
	buffer_clear(&second);
	json_encode_public(&second, schema, body);
	buffer_done(&first);
	buffer_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes, *line = size > 0 ? memchr(text, '\n', size) : NULL;
	struct faults faults = {.count = 0};
	void *body = NULL;
	struct arena arena;

	if (line == NULL)
		return 0;
	const struct span name = {text, (size_t)(line - text)}, json = {line + 1, size - name.size - 1};
	const struct schema *schema = schema_named(name);
	arena_init(&arena);
	if (json_decode(json, schema, UNKNOWN_IGNORED, &arena, &faults, &body) == OK && schema != NULL)
		write_and_read_again(schema, body, &arena);
	arena_done(&arena);
	return 0;
}
