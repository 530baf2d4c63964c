/* Faults, named formats of texts, blank structs. */
#include "core/schema.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "core/money/currency.h"

void faults_add(struct faults *faults, struct arena *arena, const char *field, const char *format, ...)
{
	static const size_t kept_max = sizeof faults->items / sizeof faults->items[0];
	size_t index = faults->count++;
	va_list args;

	if (index >= kept_max)
		return;
	va_start(args, format);
	faults->items[index] = (struct fault){
		.field = arena_text(arena, field),
		.message = arena_vformat(arena, format, args),
	};
	va_end(args);
}

/* ---- formats ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_letter_or_digit(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

/* One to 63 letters, digits, hyphens inside; any characters beyond ASCII (internationalised names, RFC 5890). */
static bool is_host_label(const char *label, size_t size)
{
	if (size == 0 || size > 63 || label[0] == '-' || label[size - 1] == '-')
		return false;
	for (size_t i = 0; i < size; i++)
		if (!is_letter_or_digit(label[i]) && label[i] != '-' && (unsigned char)label[i] < 0x80)
			return false;
	return true;
}

static bool is_host(const char *host)
{
	for (;;) {
		size_t size = strcspn(host, ".");

		if (!is_host_label(host, size))
			return false;
		if (host[size] == '\0')
			return true;
		host += size + 1;
	}
}

/* The dot-atom of RFC 5322, section 3.2.3, with UTF-8 (RFC 6531); no quoted local parts. */
static bool is_mailbox_name(const char *name, size_t size)
{
	if (size == 0 || size > 64 || name[0] == '.' || name[size - 1] == '.')
		return false;
	for (size_t i = 0; i < size; i++) {
		if (name[i] == '.' && name[i + 1] == '.')
			return false;
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f || strchr("\"(),:;<>@[\\]", name[i]) != NULL)
			return false;
	}
	return true;
}

/* A well-formed address. Whether it exists, only a mail can show. */
static bool is_email(const char *text)
{
	const char *at = strrchr(text, '@');

	return at != NULL && strlen(text) <= 254 && is_mailbox_name(text, (size_t)(at - text)) && is_host(at + 1);
}

static bool is_currency(const char *text)
{
	return currency_digits(text) >= 0;
}

static bool is_sku(const char *text)
{
	size_t size = 0;

	for (; text[size] != '\0'; size++)
		if (!is_letter_or_digit(text[size]) && strchr("._-/", text[size]) == NULL)
			return false;
	return size >= 1 && size <= 64;
}

/* Length alone: NIST SP 800-63B, section 5.1.1.2, advises against composition rules. Bytes, because bytes are hashed.
 */
static bool is_password(const char *text)
{
	size_t size = strlen(text);

	return size >= 8 && size <= 256;
}

static const struct format {
	const char *name;
	bool (*fits)(const char *text);
	const char *fault;
} formats[] = {
	{"currency", is_currency, "must be the code of a currency in ISO 4217, such as EUR"},
	{"email", is_email, "must be an e-mail address"},
	{"password", is_password, "must be 8 to 256 bytes long"},
	{"sku", is_sku, "must be 1 to 64 letters, digits, or any of . _ - /"},
};

const char *format_fault(const char *format, const char *text)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i].name, format) == 0)
			return formats[i].fits(text) ? NULL : formats[i].fault;
	assert(false && "a field table names a format that is not here");
	abort();
}

/* ---- blank structs ---- */

void schema_blank(const struct schema *schema, void *ret_struct)
{
	memset(ret_struct, 0, schema->size);
	for (const struct field *field = schema->fields; field->name != NULL; field++) {
		char *place = (char *)ret_struct + field->offset;

		if (field->type == F_INT || field->type == F_TIMESTAMP)
			memcpy(place, &(int64_t){INT_ABSENT}, sizeof(int64_t));
		else if (field->type == F_ENUM)
			memcpy(place, &(int){-1}, sizeof(int));
	}
}
