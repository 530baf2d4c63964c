/* Parsers of request headers. */
#include "edge/headers.h"

#include <string.h>
#include <strings.h>

#include "comanda/rpc.h"

enum { KEY_MAX = 255, WAIT_DIGITS_MAX = 6, VERSION_DIGITS_MAX = 15 };

static bool is_visible(char c)
{
	return c > ' ' && c < 0x7f;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* ---- Idempotency-Key ---- */

/* Inside the quotes, a backslash is allowed only before a quote or a backslash (RFC 8941 section 3.3.3). */
static enum status unquote(const char *value, size_t size, char *ret_key)
{
	size_t length = 0;

	if (size < 2 || value[size - 1] != '"')
		return E_MALFORMED;
	for (size_t i = 1; i < size - 1; i++) {
		if (value[i] == '"')
			return E_MALFORMED;
		if (value[i] == '\\' && (++i == size - 1 || strchr("\"\\", value[i]) == NULL))
			return E_MALFORMED;
		ret_key[length++] = value[i];
	}
	return OK;
}

enum status header_idempotency_key(const char *value, struct arena *arena, const char **ret_key)
{
	size_t size = strlen(value), length = 0;
	char *key = arena_new(arena, size + 1, 1);

	if (value[0] == '"' && unquote(value, size, key) != OK)
		return E_MALFORMED;
	if (value[0] != '"')
		memcpy(key, value, size);
	for (; key[length] != '\0'; length++)
		if (!is_visible(key[length]) || (value[0] != '"' && strchr("\",", key[length]) != NULL))
			return E_MALFORMED;
	if (length == 0 || length > KEY_MAX)
		return E_MALFORMED;
	*ret_key = key;
	return OK;
}

/* ---- entity tags ---- */

/* Reads an entity tag at the start of `text` (RFC 9110 section 8.8.3). *ret_opaque is the part between the quotes.
 * Returns what follows the tag; NULL: there is no tag. */
static const char *read_tag(const char *text, bool *ret_weak, struct span *ret_opaque)
{
	const char *at = text, *end = NULL;
	bool weak = strncmp(at, "W/", 2) == 0;

	at += weak ? 2 : 0;
	if (*at != '"')
		return NULL;
	end = strchr(++at, '"');
	if (end == NULL)
		return NULL;
	*ret_weak = weak;
	*ret_opaque = (struct span){at, (size_t)(end - at)};
	return end + 1;
}

/* The version of a tag: a number without leading zeroes, as the edge writes it. */
static int64_t version_of_tag(struct span opaque)
{
	int64_t version = 0;

	if (opaque.size == 0 || opaque.size > VERSION_DIGITS_MAX || opaque.bytes[0] == '0')
		return VERSION_NONE;
	for (size_t i = 0; i < opaque.size; i++) {
		if (opaque.bytes[i] < '0' || opaque.bytes[i] > '9')
			return VERSION_NONE;
		version = version * 10 + (opaque.bytes[i] - '0');
	}
	return version;
}

enum status header_if_match(const char *value, int64_t *ret_version)
{
	struct span opaque;
	const char *rest = NULL;
	bool weak = false;

	if (strcmp(value, "*") == 0) {
		*ret_version = INT_ABSENT;
		return OK;
	}
	rest = read_tag(value, &weak, &opaque);
	if (rest == NULL || rest[strspn(rest, " \t")] != '\0')
		return E_MALFORMED;
	/* If-Match uses the strong comparison: a weak tag matches no version. */
	*ret_version = weak ? VERSION_NONE : version_of_tag(opaque);
	return OK;
}

bool header_names_version(const char *value, int64_t version)
{
	const char *at = value;
	struct span opaque;
	bool weak = false;

	if (strcmp(value, "*") == 0)
		return true;
	while (at != NULL && *at != '\0') {
		at = read_tag(at + strspn(at, " \t,"), &weak, &opaque);
		if (at != NULL && version_of_tag(opaque) == version)
			return true;
	}
	return false;
}

/* ---- other headers ---- */

/* Reads "wait=10" or "wait=\"10\""; -1: another preference. */
static int read_wait(const char *preference)
{
	static const char name[] = "wait";
	const char *at = preference + sizeof(name) - 1;
	size_t digits = 0;
	int seconds = 0;

	if (strncasecmp(preference, name, sizeof(name) - 1) != 0)
		return -1;
	at += strspn(at, " \t");
	if (*at++ != '=')
		return -1;
	at += strspn(at, " \t\"");
	digits = count_digits(at);
	if (digits == 0 || digits > WAIT_DIGITS_MAX || strchr("\" \t,;", at[digits]) == NULL)
		return -1;
	for (size_t i = 0; i < digits; i++)
		seconds = seconds * 10 + (at[i] - '0');
	return seconds;
}

int header_wait_seconds(const char *value)
{
	const char *at = value;

	while (*at != '\0') {
		int seconds = 0;

		at += strspn(at, " \t,");
		seconds = read_wait(at);
		if (seconds >= 0)
			return seconds;
		at += strcspn(at, ",");
	}
	return 0;
}

bool header_request_id_fits(const char *value)
{
	size_t size = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return size >= 1 && size <= 64 && value[size] == '\0';
}

/* The value of the parameter `name` in "type/subtype; a=b; c=d"; NULL: there is no such parameter. */
static const char *parameter(const char *value, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = strchr(value, ';'); at != NULL; at = strchr(at, ';')) {
		at += strspn(at, "; \t");
		if (strncasecmp(at, name, size) == 0 && at[size] == '=')
			return at + size + 1;
	}
	return NULL;
}

bool header_media_type_is(const char *value, const char *wanted)
{
	size_t size = strlen(wanted);
	const char *charset = parameter(value, "charset");

	/* strchr also finds the terminating NUL. */
	if (strncasecmp(value, wanted, size) != 0 || strchr(" \t;", value[size]) == NULL)
		return false;
	if (charset == NULL)
		return true;
	charset += *charset == '"' ? 1 : 0;
	return strncasecmp(charset, "utf-8", 5) == 0 && strchr("\" \t;", charset[5]) != NULL;
}

const char *header_bearer(const char *value)
{
	static const char scheme[] = "Bearer ";
	const char *token = value + sizeof(scheme) - 1;

	if (strncasecmp(value, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	token += strspn(token, " ");
	return *token != '\0' && strpbrk(token, " ,") == NULL ? token : NULL;
}
