/* Forms and queries become JSON, so that the same schemas read them. */
#include "edge/urlencoded.h"

#include <string.h>

#include "comanda/http.h"
#include "comanda/rpc.h"

static bool is_utf8(const struct buffer *text)
{
	size_t at = 0, step = 1;

	while (at < text->size && step > 0)
		at += step = utf8_next(text->bytes + at, text->size - at, NULL);
	return step > 0;
}

/* One name or value. */
static enum status decode_part(const char *text, size_t size, struct buffer *out)
{
	buffer_clear(out);
	if (percent_decode((struct span){text, size}, PLUS_IS_SPACE, out) != OK)
		return E_MALFORMED;
	return is_utf8(out) ? OK : E_MALFORMED;
}

static bool is_number(const struct schema *schema, const char *name, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	/* JSON has no leading zeroes. Every JSON reader keeps 15 digits exactly. */
	if (digits == 0 || digits > 15 || value[digits] != '\0' || (value[0] == '0' && digits > 1))
		return false;
	for (const struct field *field = schema->fields; field->name != NULL; field++)
		if (strcmp(field->name, name) == 0)
			return field->type == F_INT;
	return false;
}

static enum status add_pair(const char *pair, size_t size, const struct schema *schema, struct buffer *out)
{
	const char *equals = memchr(pair, '=', size);
	size_t name_size = equals != NULL ? (size_t)(equals - pair) : size;
	size_t skip = equals != NULL ? name_size + 1 : size;
	struct buffer name, value;
	enum status status = OK;

	buffer_init(&name);
	buffer_init(&value);
	status = decode_part(pair, name_size, &name);
	if (status == OK)
		status = decode_part(pair + skip, size - skip, &value);
	if (status == OK) {
		const char *text = value.size > 0 ? value.bytes : "";

		json_quote(out, name.size > 0 ? name.bytes : "");
		buffer_text(out, ":");
		if (is_number(schema, name.size > 0 ? name.bytes : "", text))
			buffer_text(out, text);
		else
			json_quote(out, text);
	}
	buffer_done(&name);
	buffer_done(&value);
	return status;
}

enum status urlencoded_to_json(struct span form, const struct schema *schema, struct buffer *out)
{
	const char *at = form.size > 0 ? form.bytes : "",
		   *end = at + form.size; /* the bytes of an empty span may be NULL */
	bool first = true;

	buffer_text(out, "{");
	while (at < end) {
		const char *next = memchr(at, '&', (size_t)(end - at));
		size_t pair = (size_t)((next != NULL ? next : end) - at);

		if (pair > 0) {
			if (!first)
				buffer_text(out, ",");
			first = false;
			if (add_pair(at, pair, schema, out) != OK)
				return E_MALFORMED;
		}
		at += pair + 1;
	}
	buffer_text(out, "}");
	return OK;
}
