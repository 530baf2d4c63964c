/* Readers of plain values. */
#include "ctl/cli/option.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/timestamp.h"
#include "core/uuid.h"

const char *option_flag(const char *text, void *ret_value)
{
	(void)text;
	*(bool *)ret_value = true;
	return NULL;
}

const char *option_text(const char *text, void *ret_value)
{
	*(const char **)ret_value = text;
	return NULL;
}

const char *option_count(const char *text, void *ret_value)
{
	char *end;

	errno = 0;
	const int64_t count = strtoll(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != '\0')
		return "is no number";
	if (errno == ERANGE)
		return "is too large a number";
	*(int64_t *)ret_value = count;
	return NULL;
}

const char *option_limit(const char *text, void *ret_value)
{
	const char *wrong = option_count(text, ret_value);

	return wrong != NULL || *(const int64_t *)ret_value > 0 ? wrong : "must be at least 1";
}

const char *option_id(const char *text, void *ret_value)
{
	return uuid_parse(text, strlen(text), ret_value) == OK ? NULL : "is no id";
}

const char *option_period(const char *text, void *ret_value)
{
	return duration_parse(text, ret_value) == OK ? NULL : "is no period such as 500ms, 10s, 5m, 2h or 7d";
}
