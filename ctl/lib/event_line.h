/* An event for a person's eye, or for a program's. */
#ifndef CTL_LIB_EVENT_LINE_H
#define CTL_LIB_EVENT_LINE_H

#include "ctl/cli/terminal.h"
#include "ctl/lib/event_log.h"

/* Heads the lines below, where standard output is a terminal. */
void event_line_heading(void);
/* One line: offset, time, type, what it is about, and the little that matters of its data. */
void event_line(const struct logged *event);
/* The event as one line of JSON, with the offset beside it: {"offset":…,"event":{…}}. */
void event_json_line(const struct logged *event);

/* Green for good ends, red for refusals. */
enum tint event_tint(const char *type);
/* "reason: out_of_stock", "3 × 2 lines, 37.80 EUR": in the given number of bytes. */
void event_gist(const struct logged *event, char *ret_gist, size_t room);

#endif
