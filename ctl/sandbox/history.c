/* Reads the log once. */
#include "ctl/sandbox/history.h"

#include <string.h>

#include "ctl/cli/terminal.h"
#include "ctl/lib/event_log.h"
#include "ctl/lib/services.h"
#include "proto/messages.h"
#include "rpc/cloudevent.h"

/* The contract's type of an event that a service published; -1 for all others, on which no decision depends. */
static int type_of(const struct log_event *event)
{
	const int type = contract_find(&comanda_contract, event->type, 0);
	const char *producer = type < 0 ? NULL : comanda_contract.types[type].producer;

	return type >= 0 && service_of_program(producer) != NULL && strcmp(producer, event->producer) == 0 ? type : -1;
}

static void keep(struct history *history, const struct log_event *event, int type)
{
	struct buffer text;

	if (history->count == history->room) {
		history->room = history->room == 0 ? 4096 : history->room * 2;
		history->events = mem_grow(history->events, history->room * sizeof(*history->events));
	}
	buffer_init(&text);
	json_print(&text, event->json);
	history->events[history->count] = (struct history_event){
		.id = event->id,
		.subject = event->subject,
		.cause = event->cause,
		.type = type,
		.offset = event->offset,
		.sequence = event->sequence,
		.time_us = event->time_us,
		.text = {arena_copy(&history->arena, text.bytes, text.size), text.size},
		.previous_about = id_map_get(&history->subjects, &event->subject),
	};
	id_map_set(&history->subjects, &event->subject, (int64_t)history->count++);
	buffer_done(&text);
}

static void take(struct history *history, const struct log_event *event)
{
	const int type = type_of(event);

	if (type < 0) {
		history->unknown++;
		return;
	}
	if (id_map_put(&history->ids, &event->id, (int64_t)history->count) != (int64_t)history->count)
		history->repeated++; /* the relay sends an event again where the publisher confirm was lost */
	else
		keep(history, event, type);
}

static bool read_all(struct history *history)
{
	const struct log_range whole = {.from.kind = POSITION_NONE};
	struct log_event event;
	struct event_log *log;
	enum log_step step;

	if (!event_log_open(&whole, &log))
		return false;
	while ((step = event_log_next(log, &event)) == LOG_EVENT)
		take(history, &event);
	const int64_t first = event_log_first(log);
	history->last = event_log_last(log);
	event_log_free(log);
	if (step == LOG_FAILED || interrupted())
		return false;
	if (first > 0)
		print_error(
			"the log begins with offset %lld: retention has dropped what came before, and state cannot be "
			"rebuilt without its beginning",
			(long long)first);
	return first <= 0;
}

/* ---- the cut ---- */

/* Finds the offset after which all events are later. Not for a cut by time, because the log is not in order of time. */
static bool find_cut(struct history *history, const struct log_position *until)
{
	char id[UUID_TEXT + 1];

	history->cut_offset = history->last;
	if (until->kind == POSITION_OFFSET)
		history->cut_offset = until->offset;
	if (until->kind == POSITION_OFFSET && until->offset > history->last) {
		print_error("there is no offset %lld yet: the log ends at %lld", (long long)until->offset,
			    (long long)history->last);
		return false;
	}
	if (until->kind != POSITION_EVENT)
		return true;
	const struct history_event *event = history_find(history, &until->id);
	uuid_text(&until->id, id);
	if (event == NULL)
		print_error("there is no event %s in the log", id);
	else
		history->cut_offset = event->offset;
	return event != NULL;
}

static void mark_later(struct history *history, const struct log_position *until)
{
	const int64_t cut = until->kind == POSITION_EVENT ? id_map_get(&history->ids, &until->id) : INT64_MAX;

	for (size_t i = 0; i < history->count; i++) {
		struct history_event *event = &history->events[i];

		event->later = event->offset > history->cut_offset || (int64_t)i > cut ||
			       (until->kind == POSITION_TIME && event->time_us > until->at_us);
		history->before += !event->later;
		if (event->time_us < history->first_us)
			history->first_us = event->time_us;
		if (!event->later && event->time_us > history->cut_us)
			history->cut_us = event->time_us;
	}
}

bool history_read(const struct log_position *until, struct history *ret_history)
{
	*ret_history = (struct history){.last = -1, .first_us = INT64_MAX};
	arena_init(&ret_history->arena);
	id_map_init(&ret_history->ids);
	id_map_init(&ret_history->subjects);
	if (!read_all(ret_history) || !find_cut(ret_history, until)) {
		history_done(ret_history);
		return false;
	}
	mark_later(ret_history, until);
	return true;
}

void history_done(struct history *history)
{
	arena_done(&history->arena);
	id_map_done(&history->ids);
	id_map_done(&history->subjects);
	free(history->events);
}

const struct history_event *history_find(const struct history *history, const struct uuid *id)
{
	const int64_t index = id_map_get(&history->ids, id);

	return index == ID_MAP_NONE ? NULL : &history->events[index];
}

bool history_event_message(const struct history_event *event, struct arena *arena, struct message *ret_message)
{
	struct faults faults = {0};
	const struct json *json, *data;

	if (json_parse(arena, event->text, &faults, &json) != OK ||
	    cloudevent_read(json, &comanda_contract, arena, &faults, ret_message, &data) != OK)
		return false;
	const struct schema *schema = comanda_contract.types[ret_message->type].schema;
	void *body = arena_new(arena, 1, schema->size);
	schema_blank(schema, body);
	ret_message->body = body;
	return data != NULL && json_read(data, schema, UNKNOWN_IGNORED, arena, &faults, body) == OK;
}

/* ---- mentions ---- */

static void mention_text(struct span text, struct id_map *ids)
{
	struct uuid id;

	for (size_t i = 0; i + UUID_TEXT + 2 <= text.size; i++)
		if (text.bytes[i] == '"' && text.bytes[i + UUID_TEXT + 1] == '"' &&
		    uuid_parse(text.bytes + i + 1, UUID_TEXT, &id) == OK) {
			id_map_put(ids, &id, 1);
			i += UUID_TEXT;
		}
}

void history_event_mentions(const struct history_event *event, struct id_map *ids)
{
	mention_text(event->text, ids);
}

bool history_read_tail(const struct history *history, const char *producer, struct log_tail *tail)
{
	const struct log_range rest = {.from = {.kind = POSITION_OFFSET, .offset = history->last}, .quiet = true};
	struct log_event event;
	struct event_log *log;
	enum log_step step;
	struct buffer text;

	if (history->last < 0)
		return true;
	if (!event_log_open(&rest, &log))
		return false;
	buffer_init(&text);
	while ((step = event_log_next(log, &event)) == LOG_EVENT) {
		if (event.offset <= history->last)
			continue;
		buffer_clear(&text);
		json_print(&text, event.json);
		mention_text((struct span){text.bytes, text.size}, &tail->mentions);
		if (strcmp(event.producer, producer) == 0)
			id_map_put(&tail->causes, &event.cause, 1);
	}
	buffer_done(&text);
	event_log_free(log);
	return step == LOG_END;
}
