/* What read and prepare functions may use of a txn, and how a reader answers. */
#include "store/txn.h"

#include <stdarg.h>
#include <stdio.h>

#include "json/json.h"

void txn_init(struct txn *txn, const struct service *service, const void *settings)
{
	txn->service = service;
	txn->settings = settings;
	arena_init(&txn->arena);
	buffer_init(&txn->scratch);
}

void txn_done(struct txn *txn)
{
	buffer_done(&txn->scratch);
	arena_done(&txn->arena);
}

struct db *txn_db(struct txn *txn)
{
	return txn->db;
}

struct cache *txn_cache(struct txn *txn)
{
	return txn->cache;
}

struct arena *txn_arena(struct txn *txn)
{
	return &txn->arena;
}

const void *txn_settings(const struct txn *txn)
{
	return txn->settings;
}

void query_reply(struct txn *txn, struct query *query, const void *body)
{
	buffer_clear(&txn->scratch);
	json_encode(&txn->scratch, txn_type(txn, query->message.type)->reply, body);
	query->reply = (struct span){
		.bytes = arena_copy(&txn->arena, txn->scratch.bytes, txn->scratch.size),
		.size = txn->scratch.size,
	};
}

void query_reply_json(struct query *query, struct span json)
{
	query->reply = json;
}

void query_refuse(struct txn *txn, struct query *query, enum status status, const char *code, const char *format, ...)
{
	char detail[500];
	va_list values;

	va_start(values, format);
	vsnprintf(detail, sizeof(detail), format, values);
	va_end(values);
	query->status = status;
	query->refusal = (struct refusal){.status = status, .code = code, .detail = arena_text(&txn->arena, detail)};
}
