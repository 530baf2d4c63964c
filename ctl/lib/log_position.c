/* Reads positions. */
#include "ctl/lib/log_position.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole timestamp, or a time of today: "20:15" or "20:15:30". */
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

const char *option_log_position(const char *text, void *ret_position)
{
	struct log_position *position = ret_position;
	int64_t period;
	char *end;

	*position = (struct log_position){.kind = POSITION_EVENT};
	if (uuid_parse(text, strlen(text), &position->id) == OK)
		return NULL;
	position->kind = POSITION_OFFSET;
	position->offset = strtoll(text, &end, 10);
	if (isdigit((unsigned char)*text) && *end == '\0')
		return NULL;
	position->kind = POSITION_TIME;
	if (duration_parse(text, &period) == OK) {
		const int64_t now_us = timestamp_now();

		position->at_us = period < now_us ? now_us - period : 0;
		return NULL;
	}
	if (!read_time(text, &position->at_us))
		return "is no offset, no time (2026-11-25T20:00:00Z, 20:00, or 15m for so long ago) and no event's id";
	return position->at_us > timestamp_now() ? "lies in the future: the log has no events of that time" : NULL;
}

const char *option_log_time(const char *text, void *ret_position)
{
	const char *wrong = option_log_position(text, ret_position);

	if (wrong == NULL && ((const struct log_position *)ret_position)->kind != POSITION_TIME)
		return "is no time (2026-11-25T20:00:00Z, 20:00, or 15m for so long ago)";
	return wrong;
}

struct log_position log_position_before(const struct uuid *id)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id->bytes[i];
	const int64_t at_us = ms * MS_US - 10 * MINUTE_US;
	if (id->bytes[6] >> 4 != 7 || at_us <= 0 || at_us > timestamp_now())
		return (struct log_position){.kind = POSITION_NONE};
	return (struct log_position){.kind = POSITION_TIME, .at_us = at_us};
}
