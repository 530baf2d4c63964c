/* UTF-8, strictly. */
#include "core/utf8.h"

size_t utf8_next(const char *bytes, size_t size, uint32_t *ret_point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* less would be overlong */
	unsigned char first = size > 0 ? (unsigned char)bytes[0] : 0x80;
	size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	uint32_t point = first;

	if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || length > size)
		return 0;
	if (length > 1)
		point &= 0x7fU >> length;
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | ((unsigned char)bytes[i] & 0x3f);
	}
	if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	if (ret_point != NULL)
		*ret_point = point;
	return length;
}
