/* The clocks, RFC 3339, durations. */
#include "core/timestamp.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t clock_us(clockid_t clock)
{
	struct timespec at;

	(void)clock_gettime(clock, &at); /* fails only for an unknown clock */
	return at.tv_sec * SECOND_US + at.tv_nsec / 1000;
}

int64_t timestamp_now(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t monotonic_now(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* ---- the civil calendar: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" ---- */

enum { ERA_DAYS = 146097, ERA_YEARS = 400, EPOCH_DAYS = 719468 /* from 0000-03-01 to 1970-01-01 */ };

struct date {
	int64_t year, month, day;
};

static int64_t days_of(struct date date)
{
	int64_t year = date.month <= 2 ? date.year - 1 : date.year;
	int64_t era = (year >= 0 ? year : year - (ERA_YEARS - 1)) / ERA_YEARS;
	int64_t year_of_era = year - era * ERA_YEARS;
	int64_t day_of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

static struct date date_of(int64_t days)
{
	int64_t shifted = days + EPOCH_DAYS;
	int64_t era = (shifted >= 0 ? shifted : shifted - (ERA_DAYS - 1)) / ERA_DAYS;
	int64_t day_of_era = shifted - era * ERA_DAYS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;
	int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

	return (struct date){
		.year = year_of_era + era * ERA_YEARS + (month <= 2 ? 1 : 0),
		.month = month,
		.day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
	};
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* RFC 3339 has the years 0000 to 9999. */
static bool can_be_written(int64_t at_us)
{
	return at_us >= days_of((struct date){0, 1, 1}) * DAY_US &&
	       at_us < days_of((struct date){10000, 1, 1}) * DAY_US;
}

static char *put_digits(char *end, int64_t number, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		end[i] = (char)('0' + number % 10);
		number /= 10;
	}
	return end + count;
}

void timestamp_text(int64_t at_us, char ret_text[static TIMESTAMP_TEXT + 1])
{
	assert(can_be_written(at_us));
	int64_t days = (at_us >= 0 ? at_us : at_us - (DAY_US - 1)) / DAY_US;
	int64_t rest = at_us - days * DAY_US;
	struct date date = date_of(days);
	char *end = put_digits(ret_text, date.year, 4);

	*end++ = '-';
	end = put_digits(end, date.month, 2);
	*end++ = '-';
	end = put_digits(end, date.day, 2);
	*end++ = 'T';
	end = put_digits(end, rest / HOUR_US, 2);
	*end++ = ':';
	end = put_digits(end, rest / MINUTE_US % 60, 2);
	*end++ = ':';
	end = put_digits(end, rest / SECOND_US % 60, 2);
	*end++ = '.';
	end = put_digits(end, rest % SECOND_US, 6);
	*end++ = 'Z';
	*end = '\0';
}

/* ---- parsing ---- */

struct reader {
	const char *at, *end;
};

static bool take(struct reader *reader, char wanted)
{
	if (reader->at == reader->end || *reader->at != wanted)
		return false;
	reader->at++;
	return true;
}

/* Exactly `count` digits, a number within [least, most]. */
static bool take_number(struct reader *reader, int count, int64_t least, int64_t most, int64_t *ret_number)
{
	int64_t number = 0;

	if (reader->end - reader->at < count)
		return false;
	for (int i = 0; i < count; i++) {
		char digit = *reader->at++;

		if (digit < '0' || digit > '9')
			return false;
		number = number * 10 + (digit - '0');
	}
	*ret_number = number;
	return number >= least && number <= most;
}

static bool take_fraction(struct reader *reader, int64_t *ret_us)
{
	int64_t us = 0, scale = SECOND_US / 10;
	const char *start = reader->at;

	for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
		us += (*reader->at - '0') * scale;
		scale /= 10;
	}
	*ret_us = us;
	return reader->at > start;
}

static bool take_offset(struct reader *reader, int64_t *ret_us)
{
	int64_t hours = 0, minutes = 0, sign = 0;

	if (take(reader, 'Z') || take(reader, 'z')) {
		*ret_us = 0;
		return true;
	}
	if (take(reader, '+'))
		sign = 1;
	else if (take(reader, '-'))
		sign = -1;
	if (sign == 0 || !take_number(reader, 2, 0, 23, &hours) || !take(reader, ':') ||
	    !take_number(reader, 2, 0, 59, &minutes))
		return false;
	*ret_us = sign * (hours * HOUR_US + minutes * MINUTE_US);
	return true;
}

static bool take_date(struct reader *reader, int64_t *ret_us)
{
	struct date date = {0};

	if (!take_number(reader, 4, 0, 9999, &date.year) || !take(reader, '-') ||
	    !take_number(reader, 2, 1, 12, &date.month) || !take(reader, '-') ||
	    !take_number(reader, 2, 1, days_in_month(date.year, date.month), &date.day))
		return false;
	*ret_us = days_of(date) * DAY_US;
	return true;
}

/* A leap second (":60") is refused: no clock of a Linux system shows one. */
static bool take_time(struct reader *reader, int64_t *ret_us)
{
	int64_t hour = 0, minute = 0, second = 0, fraction = 0;

	if (!take_number(reader, 2, 0, 23, &hour) || !take(reader, ':') || !take_number(reader, 2, 0, 59, &minute) ||
	    !take(reader, ':') || !take_number(reader, 2, 0, 59, &second))
		return false;
	if (take(reader, '.') && !take_fraction(reader, &fraction))
		return false;
	*ret_us = hour * HOUR_US + minute * MINUTE_US + second * SECOND_US + fraction;
	return true;
}

enum status timestamp_parse(const char *text, size_t size, int64_t *ret_us)
{
	struct reader reader = {.at = text, .end = text + size};
	int64_t date = 0, time_of_day = 0, offset = 0;

	if (!take_date(&reader, &date) || !(take(&reader, 'T') || take(&reader, 't')) ||
	    !take_time(&reader, &time_of_day) || !take_offset(&reader, &offset) || reader.at != reader.end)
		return E_MALFORMED;
	if (!can_be_written(date + time_of_day - offset))
		return E_MALFORMED;
	*ret_us = date + time_of_day - offset;
	return OK;
}

/* ---- durations ---- */

static const struct duration_unit {
	const char *name;
	int64_t us;
} duration_units[] = {{"ms", MS_US}, {"s", SECOND_US}, {"m", MINUTE_US}, {"h", HOUR_US}, {"d", DAY_US}};

enum { DURATION_UNITS = sizeof duration_units / sizeof duration_units[0] };

enum status duration_parse(const char *text, int64_t *ret_us)
{
	char *unit = NULL;
	int64_t us = 0;

	if (*text < '0' || *text > '9')
		return E_MALFORMED;
	errno = 0;
	const long long number = strtoll(text, &unit, 10);
	if (errno != 0)
		return E_MALFORMED;
	for (int i = 0; i < DURATION_UNITS; i++) {
		if (strcmp(duration_units[i].name, unit) != 0)
			continue;
		if (__builtin_mul_overflow(number, duration_units[i].us, &us))
			return E_MALFORMED;
		*ret_us = us;
		return OK;
	}
	return E_MALFORMED;
}

char *duration_text(struct arena *arena, int64_t us)
{
	for (int i = DURATION_UNITS - 1; i > 0; i--)
		if (us != 0 && us % duration_units[i].us == 0)
			return arena_format(arena, "%lld%s", (long long)(us / duration_units[i].us),
					    duration_units[i].name);
	return arena_format(arena, "%lldms", (long long)(us / MS_US));
}
