/* Reading places and periods. */
#include "ctl/lib/log_position.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool period_read(const char *text, int64_t *ret_us)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {{"ms", MS_US}, {"s", SECOND_US}, {"m", MINUTE_US}, {"h", HOUR_US}, {"d", DAY_US}};
	char *end;
	const long long number = strtoll(text, &end, 10);

	if (!isdigit((unsigned char)*text) || number > 1000000)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].name) == 0) {
			*ret_us = number * units[i].us;
			return true;
		}
	return false;
}

/* "20:15" and "20:15:30" are of today. */
static bool read_time(const char *text, int64_t *ret_us)
{
	char today[MOMENT_TEXT + 1], whole[MOMENT_TEXT + 8];

	if (moment_parse(text, strlen(text), ret_us) == OK)
		return true;
	if (strlen(text) != 5 && strlen(text) != 8)
		return false;
	moment_text(moment_now(), today);
	snprintf(whole, sizeof(whole), "%.11s%s%sZ", today, text, strlen(text) == 5 ? ":00" : "");
	return moment_parse(whole, strlen(whole), ret_us) == OK;
}

const char *place_read(const char *text, struct place *ret_place)
{
	int64_t period;
	char *end;

	if (uuid_parse(text, strlen(text), &ret_place->id) == OK) {
		ret_place->kind = PLACE_EVENT;
		return NULL;
	}
	ret_place->offset = strtoll(text, &end, 10);
	if (isdigit((unsigned char)*text) && *end == '\0') {
		ret_place->kind = PLACE_OFFSET;
		return NULL;
	}
	ret_place->kind = PLACE_TIME;
	if (period_read(text, &period)) {
		ret_place->at_us = moment_now() - period;
		return NULL;
	}
	if (!read_time(text, &ret_place->at_us))
		return "is no offset, no time (2026-11-25T20:00:00Z, 20:00, or 15m for so long ago) and no event's id";
	return ret_place->at_us > moment_now() ? "lies in the future: nothing has happened then" : NULL;
}
