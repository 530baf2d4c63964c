/* Timestamps and durations: int64_t microseconds, called `..._us` everywhere. A timestamp counts from
 * 1970-01-01T00:00:00Z. */
#ifndef CORE_TIMESTAMP_H
#define CORE_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"
#include "core/status.h"

#define MS_US     1000LL
#define SECOND_US 1000000LL
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

enum { TIMESTAMP_TEXT = 27 }; /* characters of "2026-01-31T12:34:56.123456Z" */

/* The wall clock. A decision does not call it: it uses unit_now. */
int64_t timestamp_now(void);

/* A clock that never goes back, for measuring and for waiting (CLOCK_MONOTONIC), in microseconds. */
int64_t monotonic_now(void);

/* RFC 3339, UTC, microseconds, 27 characters and a NUL. */
void timestamp_text(int64_t at_us, char ret_text[static TIMESTAMP_TEXT + 1]);

/* Parses RFC 3339 with Z or a numeric offset, any number of fraction digits (beyond the sixth they are dropped).
 * E_MALFORMED, with *ret_us untouched, otherwise. */
must_check enum status timestamp_parse(const char *text, size_t size, int64_t *ret_us);

/* Parses a whole number and one unit: "250ms", "2s", "10m", "24h", "7d". E_MALFORMED, with *ret_us untouched, for
 * anything else, for a negative number, and for one that does not fit. */
must_check enum status duration_parse(const char *text, int64_t *ret_us);
/* The same form, in the largest unit that gives a whole number; parts of a millisecond are dropped. The text lives in
 * the arena. `us` is not negative. */
char *duration_text(struct arena *arena, int64_t us);

#endif
