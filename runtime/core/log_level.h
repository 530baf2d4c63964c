/* How important a line of the log is. */
#ifndef CORE_LOG_LEVEL_H
#define CORE_LOG_LEVEL_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

#endif
