/* Reading log_positions and periods. */
#include "ctl/lib/log_position.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* "20:15" and "20:15:30" are of today. */
static bool read_time(const char *text, int64_t *ret_us)
{
	char today[TIMESTAMP_TEXT + 1], whole[TIMESTAMP_TEXT + 8];

	if (timestamp_parse(text, strlen(text), ret_us) == OK)
		return true;
	if (strlen(text) != 5 && strlen(text) != 8)
		return false;
	timestamp_text(timestamp_now(), today);
	snprintf(whole, sizeof(whole), "%.11s%s%sZ", today, text, strlen(text) == 5 ? ":00" : "");
	return timestamp_parse(whole, strlen(whole), ret_us) == OK;
}

const char *place_read(const char *text, struct log_position *ret_log_position)
{
	int64_t period;
	char *end;

	if (uuid_parse(text, strlen(text), &ret_log_position->id) == OK) {
		ret_log_position->kind = PLACE_EVENT;
		return NULL;
	}
	ret_log_position->offset = strtoll(text, &end, 10);
	if (isdigit((unsigned char)*text) && *end == '\0') {
		ret_log_position->kind = PLACE_OFFSET;
		return NULL;
	}
	ret_log_position->kind = PLACE_TIME;
	if (duration_parse(text, &period) == OK) {
		const int64_t now_us = timestamp_now();

		ret_log_position->at_us = period < now_us ? now_us - period : 0;
		return NULL;
	}
	if (!read_time(text, &ret_log_position->at_us))
		return "is no offset, no time (2026-11-25T20:00:00Z, 20:00, or 15m for so long ago) and no event's id";
	return ret_log_position->at_us > timestamp_now() ? "lies in the future: nothing has happened then" : NULL;
}
