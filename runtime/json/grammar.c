/* The grammar of RFC 8259. Each function skips one element, or reports a fault. */
#include "json/grammar.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/utf8.h"

enum { NUMBER_LENGTH_MAX = 60 }; /* cJSON accepts 63 */

struct scan {
	const char *at, *end;
	int depth_left;
	const char *fault;
};

/* Keeps the first fault; returns false. */
static bool wrong(struct scan *scan, const char *fault)
{
	if (scan->fault == NULL)
		scan->fault = fault;
	return false;
}

static int peek(const struct scan *scan)
{
	return scan->at < scan->end ? (unsigned char)*scan->at : -1;
}

static bool take(struct scan *scan, char wanted)
{
	if (peek(scan) != wanted)
		return false;
	scan->at++;
	return true;
}

static void skip_space(struct scan *scan)
{
	for (int byte = peek(scan); byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; byte = peek(scan))
		scan->at++;
}

static bool skip_word(struct scan *scan, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
		return wrong(scan, "a value is expected");
	scan->at += size;
	return true;
}

static bool skip_digits(struct scan *scan)
{
	const char *start = scan->at;

	while (peek(scan) >= '0' && peek(scan) <= '9')
		scan->at++;
	return scan->at > start || wrong(scan, "a digit is expected");
}

static bool skip_number(struct scan *scan)
{
	const char *start = scan->at;

	(void)take(scan, '-');
	if (!take(scan, '0') && !skip_digits(scan))
		return false;
	if (take(scan, '.') && !skip_digits(scan))
		return false;
	if (take(scan, 'e') || take(scan, 'E')) {
		(void)(take(scan, '+') || take(scan, '-'));
		if (!skip_digits(scan))
			return false;
	}
	return scan->at - start <= NUMBER_LENGTH_MAX || wrong(scan, "a number has too many digits");
}

static bool skip_hex(struct scan *scan, unsigned *ret_unit)
{
	unsigned unit = 0;

	for (int i = 0; i < 4; i++, scan->at++) {
		int digit = peek(scan);

		if (digit >= '0' && digit <= '9')
			unit = unit << 4 | (unsigned)(digit - '0');
		else if ((digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F'))
			unit = unit << 4 | (unsigned)((digit | 0x20) - 'a' + 10);
		else
			return wrong(scan, "four hexadecimal digits are expected after \\u");
	}
	*ret_unit = unit;
	return true;
}

/* After "\u". A high surrogate must be followed by a low one (RFC 8259, section 7). */
static bool skip_unicode_escape(struct scan *scan)
{
	unsigned unit = 0, low = 0;

	if (!skip_hex(scan, &unit))
		return false;
	if (unit == 0)
		return wrong(scan, "a string must not contain \\u0000");
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	if (unit > 0xdbff || !take(scan, '\\') || !take(scan, 'u') || !skip_hex(scan, &low) || low < 0xdc00 ||
	    low > 0xdfff)
		return wrong(scan, "a surrogate escape lacks its other half");
	return true;
}

static bool skip_escape(struct scan *scan)
{
	int letter = peek(scan);

	if (letter <= 0 || strchr("\"\\/bfnrtu", letter) == NULL)
		return wrong(scan, "an escape that JSON does not have");
	scan->at++;
	return letter != 'u' || skip_unicode_escape(scan);
}

static uint64_t each_byte(unsigned char byte)
{
	return UINT64_C(0x0101010101010101) * byte;
}

/* Skips plain ASCII, eight bytes at a time: no byte below 0x20 or above 0x7f, no quote, no backslash. (A subtraction
 * borrows into the sign bit of a byte that is too small: Anderson, "Bit Twiddling Hacks".) The byte-by-byte code
 * handles the rest. */
static bool are_plain(const char *bytes)
{
	uint64_t eight;

	memcpy(&eight, bytes, sizeof(eight));
	return ((eight | (eight - each_byte(' ')) | ((eight ^ each_byte('"')) - each_byte(1)) |
		 ((eight ^ each_byte('\\')) - each_byte(1))) &
		each_byte(0x80)) == 0;
}

static void skip_plain(struct scan *scan)
{
	while (scan->end - scan->at >= 8 && are_plain(scan->at))
		scan->at += 8;
}

static bool skip_string(struct scan *scan)
{
	if (!take(scan, '"'))
		return wrong(scan, "a string is expected");
	skip_plain(scan);
	for (;;) {
		int byte = peek(scan);
		size_t size = 1;

		if (byte < 0)
			return wrong(scan, "a string is not closed");
		if (byte < ' ')
			return wrong(scan, "a control character in a string; write it as an escape");
		if (byte >= 0x80)
			size = utf8_next(scan->at, (size_t)(scan->end - scan->at), NULL);
		if (size == 0)
			return wrong(scan, "not valid UTF-8");
		scan->at += size;
		if (byte == '"')
			return true;
		if (byte == '\\' && !skip_escape(scan))
			return false;
	}
}

static bool skip_value(struct scan *scan);

static bool skip_member(struct scan *scan)
{
	skip_space(scan);
	if (!skip_string(scan))
		return false;
	skip_space(scan);
	if (!take(scan, ':'))
		return wrong(scan, "a colon is expected");
	return skip_value(scan);
}

/* Skips the items of a list and its closing bracket. The opening one was skipped. */
static bool skip_list(struct scan *scan, bool (*skip_item)(struct scan *scan), char closing)
{
	if (scan->depth_left-- == 0)
		return wrong(scan, "too many arrays and objects within each other");
	skip_space(scan);
	if (!take(scan, closing)) {
		do {
			if (!skip_item(scan))
				return false;
			skip_space(scan);
		} while (take(scan, ','));
		if (!take(scan, closing))
			return wrong(scan, closing == '}' ? "a comma or } is expected" : "a comma or ] is expected");
	}
	scan->depth_left++;
	return true;
}

static bool skip_value(struct scan *scan)
{
	skip_space(scan);
	switch (peek(scan)) {
	case '{':
		scan->at++;
		return skip_list(scan, skip_member, '}');
	case '[':
		scan->at++;
		return skip_list(scan, skip_value, ']');
	case '"':
		return skip_string(scan);
	case 't':
		return skip_word(scan, "true");
	case 'f':
		return skip_word(scan, "false");
	case 'n':
		return skip_word(scan, "null");
	case -1:
		return wrong(scan, "the text ends too early");
	default:
		if (strchr("-0123456789", peek(scan)) == NULL || peek(scan) == 0)
			return wrong(scan, "a value is expected");
		return skip_number(scan);
	}
}

const char *json_check(struct span text, int depth_max, size_t *ret_offset)
{
	struct scan scan = {.at = text.bytes, .end = text.bytes + text.size, .depth_left = depth_max};

	if (skip_value(&scan)) {
		skip_space(&scan);
		if (scan.at == scan.end)
			return NULL;
		(void)wrong(&scan, "something follows the JSON value");
	}
	*ret_offset = (size_t)(scan.at - text.bytes);
	return scan.fault;
}
