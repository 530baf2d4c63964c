/* Prints an event as one line: for a person, or as JSON. */
#ifndef CTL_LIB_EVENT_LINE_H
#define CTL_LIB_EVENT_LINE_H

#include "ctl/cli/terminal.h"
#include "ctl/lib/log_event.h"

/* Prints the heading of the lines below, where standard output is a terminal. */
void event_line_heading(void);
/* Offset, time, type, subject, and a summary of the data. */
void event_line(const struct log_event *event);
/* {"offset":…,"event":{…}} */
void event_json_line(const struct log_event *event);

/* Green for an event that brings an order forward, red for a refusal or an end without success. */
enum tint event_tint(const char *type);

#endif
