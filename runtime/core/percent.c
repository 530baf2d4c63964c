/* Percent-encoding. */
#include "core/percent.h"

#include "core/hex.h"

enum { INVALID = -1 };

/* The byte at *at, which is then moved behind it; INVALID for a broken one. */
static int decode_byte(struct span text, size_t *at, enum plus plus)
{
	const char c = text.bytes[(*at)++];

	if (c == '+' && plus == PLUS_IS_SPACE)
		return ' ';
	if (c != '%')
		return c != '\0' ? (unsigned char)c : INVALID;
	if (text.size - *at < 2)
		return INVALID;
	const int high = hex_value(text.bytes[(*at)++]), low = hex_value(text.bytes[(*at)++]);
	return high < 0 || low < 0 || high + low == 0 ? INVALID : high * 16 + low;
}

enum status percent_decode(struct span text, enum plus plus, struct buffer *out)
{
	const size_t start = out->size;
	char *bytes = buffer_room(out, text.size); /* decoding never makes it longer */
	size_t size = 0;

	for (size_t at = 0; at < text.size; size++) {
		const int byte = decode_byte(text, &at, plus);

		if (byte == INVALID) {
			bytes[0] = '\0';
			return E_MALFORMED;
		}
		bytes[size] = (char)byte;
	}
	bytes[size] = '\0';
	out->size = start + size;
	return OK;
}

char *percent_decoded(struct arena *arena, struct span text)
{
	struct buffer decoded;
	char *copy = NULL;

	buffer_init(&decoded);
	if (percent_decode(text, PLUS_IS_PLUS, &decoded) == OK)
		copy = arena_copy(arena, decoded.bytes, decoded.size);
	buffer_done(&decoded);
	return copy;
}
