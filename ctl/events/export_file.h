/* The format of an export. Its first line has this mark, and each further line is an event: {"offset":…,"event":{…}}.
 */
#ifndef CTL_EVENTS_EXPORT_FILE_H
#define CTL_EVENTS_EXPORT_FILE_H

#define EXPORT_MARK "comanda_events_export"

#endif
