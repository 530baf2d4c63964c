/* A file of events: its first line says what it is, each one after it is an event: {"offset":…,"event":{…}}. */
#ifndef CTL_EVENTS_EXPORT_FILE_H
#define CTL_EVENTS_EXPORT_FILE_H

#define EXPORT_MARK "comanda_events_export"

#endif
