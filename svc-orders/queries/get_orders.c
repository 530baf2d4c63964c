/* orders.get and orders.timeline: one statement reads the orders of a whole batch. */
#include "orders/queries/queries.h"

#include "orders/store/stores.h"
#include "orders/usecases/history.h"
#include "orders/usecases/views.h"

/* Replies to one request with an order that the caller may see. */
typedef void answer_function(struct txn *txn, struct query *query, const struct order *order);

static int compare_by_id(const void *a, const void *b)
{
	const struct order *first = a, *second = b;

	return uuid_compare(&first->id, &second->id);
}

static const struct sql find_orders = {
	"orders_find",
	"SELECT " ORDER_COLUMNS " FROM orders WHERE id = ANY($1) ORDER BY id",
};

static enum status load_orders(struct txn *txn, struct query **queries, size_t count, struct list *ret_orders)
{
	struct arena *arena = txn_arena(txn);
	struct uuid *ids = arena_new(arena, count, sizeof(*ids));
	struct rows rows;

	for (size_t i = 0; i < count; i++)
		ids[i] = ((const struct by_id *)queries[i]->message.body)->id;
	arg_uuids(db_args(txn_db(txn)), ids, count);
	enum status status = db_run(txn_db(txn), &find_orders, &rows);
	if (status != OK)
		return status;

	struct order *orders = arena_new(arena, (size_t)rows.count, sizeof(*orders));
	for (int row = 0; row < rows.count; row++)
		order_read(&rows, row, arena, &orders[row]);
	*ret_orders = (struct list){.items = orders, .count = (size_t)rows.count};
	return OK;
}

static const struct order *find_order(const struct list *orders, const struct uuid *id)
{
	struct order wanted = {.id = *id};

	return bsearch(&wanted, orders->items, orders->count, sizeof(wanted), compare_by_id);
}

static enum status answer_each(struct txn *txn, struct query **queries, size_t count, answer_function *answer)
{
	struct list orders;
	enum status status = load_orders(txn, queries, count, &orders);

	if (status != OK)
		return status;
	for (size_t i = 0; i < count; i++) {
		const struct message *message = &queries[i]->message;
		const struct order *order = find_order(&orders, message->body);

		if (message->caller.role == CALLER_NOBODY)
			query_refuse(txn, queries[i], E_UNAUTHENTICATED, "unauthenticated", "Sign in to see orders.");
		else if (order == NULL || !order_visible_to(order, &message->caller))
			query_refuse(txn, queries[i], E_NOT_FOUND, "order_not_found", "There is no such order.");
		else
			answer(txn, queries[i], order);
	}
	return OK;
}

/* ---- the order ---- */

static void answer_order(struct txn *txn, struct query *query, const struct order *order)
{
	query_reply(txn, query, order_view_of(order, txn_arena(txn)));
}

enum status get_orders(struct txn *txn, struct query **queries, size_t count)
{
	return answer_each(txn, queries, count, answer_order);
}

/* ---- the timeline ---- */

static struct timeline_event timeline_event_of(const struct history_entry *entry, const struct history_event *event,
					       struct arena *arena)
{
	struct buffer data;

	buffer_init(&data);
	json_encode(&data, event->schema, event->data);
	const struct timeline_event shown = {
		.id = entry->event_id,
		.type = arena_format(arena, "comanda.%s.v%d", event->type->name, event->type->version),
		.source = arena_format(arena, "/%s", event->type->producer),
		.time = entry->at_us,
		.sequence = entry->sequence,
		.data = arena_copy(arena, data.bytes, data.size),
	};
	buffer_done(&data);
	return shown;
}

static void answer_timeline(struct txn *txn, struct query *query, const struct order *order)
{
	struct arena *arena = txn_arena(txn);
	struct timeline_event *events = arena_new(arena, order->history_count, sizeof(*events));
	size_t count = 0;
	struct history_event event;

	for (size_t i = 0; i < order->history_count; i++)
		if (order_history_event(order, &order->history[i], arena, &event))
			events[count++] = timeline_event_of(&order->history[i], &event, arena);
	query_reply(txn, query,
		    &(struct timeline_view){.order_id = order->id, .events = {.items = events, .count = count}});
}

enum status get_timelines(struct txn *txn, struct query **queries, size_t count)
{
	return answer_each(txn, queries, count, answer_timeline);
}
