/* The log: one line of JSON per event, on standard error.
 *
 *   log_warn("broker.unavailable", kv_text("host", host), kv_int("retry_ms", wait));
 *
 * Every line has time, level, program, thread (if it has a name) and event, then the given pairs. The names of pairs
 * are the same everywhere: message_id, type, trace_id, status, detail. docs/reference/ lists the events. */
#ifndef TELEMETRY_LOG_H
#define TELEMETRY_LOG_H

#include "core/log_level.h"
#include "core/status.h"
#include "core/uuid.h"

struct kv {
	const char *name;
	enum { KV_END, KV_TEXT, KV_INT, KV_UUID } type;
	const char *text;
	int64_t number;
	struct uuid id;
};

#define kv_text(name_, value) ((struct kv){.name = (name_), .type = KV_TEXT, .text = (value)})
#define kv_int(name_, value)  ((struct kv){.name = (name_), .type = KV_INT, .number = (int64_t)(value)})
#define kv_uuid(name_, value) ((struct kv){.name = (name_), .type = KV_UUID, .id = (value)})

/* The program's name, which must live as long as the process, and the least level that is written. */
void log_init(const char *program, enum log_level least);
/* "debug", "info", "warn" or "error"; E_INVALID otherwise. */
must_check enum status log_level_parse(const char *text, enum log_level *ret_level);
/* Any thread, at any time (SIGUSR1: more lines, SIGUSR2: fewer). A value beyond the levels gives the nearest one. */
void log_level_set(enum log_level least);
enum log_level log_level_get(void);
const char *log_level_name(enum log_level level);
/* Names the calling thread in its lines. `name` must outlive the thread; NULL: no name. */
void log_thread(const char *name);
/* Writes a line, unless `level` is below the least one. `pairs` ends with KV_END; a NULL text is written as null. */
void log_line(enum log_level level, const char *event, const struct kv *pairs);

#define log_pairs(...)        ((const struct kv[]){__VA_ARGS__ __VA_OPT__(, ){.type = KV_END}})
#define log_debug(event, ...) log_line(LOG_DEBUG, event, log_pairs(__VA_ARGS__))
#define log_info(event, ...)  log_line(LOG_INFO, event, log_pairs(__VA_ARGS__))
#define log_warn(event, ...)  log_line(LOG_WARN, event, log_pairs(__VA_ARGS__))
#define log_error(event, ...) log_line(LOG_ERROR, event, log_pairs(__VA_ARGS__))

#endif
