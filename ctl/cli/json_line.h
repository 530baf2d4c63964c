/* One object of an answer for programs (--json): members are added, then it is printed as one line. */
#ifndef CTL_RECORD_H
#define CTL_RECORD_H

#include "json/json.h"

struct record {
	struct buffer text;
};

void record_open(struct record *record);
void record_text(struct record *record, const char *name, const char *value); /* NULL: null */
void record_int(struct record *record, const char *name, int64_t value);      /* INT_ABSENT: null */
void record_bool(struct record *record, const char *name, bool value);
void record_id(struct record *record, const char *name, const struct uuid *id); /* nil: null */
void record_moment(struct record *record, const char *name, int64_t at_us);     /* INT_ABSENT: null */
void record_json(struct record *record, const char *name, struct span json);    /* as it is */
/* Prints the line, and flushes it. */
void record_print(struct record *record);
/* The text instead; taken over by the caller, who calls buffer_done. */
struct buffer record_take(struct record *record);

#endif
