/* UTF-8 (RFC 3629): one code point after the other. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The number of bytes (1 to 4) of the code point at the start of `size` bytes; 0 where they are not UTF-8: overlong,
 * cut off, a surrogate, beyond U+10FFFF. `ret_point` may be NULL. */
size_t utf8_next(const char *bytes, size_t size, uint32_t *ret_point);

#endif
