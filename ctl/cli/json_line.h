/* One object of an answer for programs (--json): members are added, then it is printed as one line. */
#ifndef CTL_CLI_JSON_LINE_H
#define CTL_CLI_JSON_LINE_H

#include "json/json.h"

struct json_line {
	struct buffer text;
};

void json_line_open(struct json_line *line);
void json_line_text(struct json_line *line, const char *name, const char *value); /* NULL: null */
void json_line_int(struct json_line *line, const char *name, int64_t value);      /* INT_ABSENT: null */
void record_bool(struct json_line *line, const char *name, bool value);
void json_line_id(struct json_line *line, const char *name, const struct uuid *id); /* nil: null */
void json_line_timestamp(struct json_line *line, const char *name, int64_t at_us);  /* INT_ABSENT: null */
void json_line_json(struct json_line *line, const char *name, struct span json);    /* as it is */
/* Prints the line, and flushes it. */
void json_line_print(struct json_line *line);
/* The text instead; taken over by the caller, who calls buffer_done. */
struct buffer json_line_take(struct json_line *line);

#endif
