/* Row contents: a key with everything that decisions read, and a permanent copy. */
#include "tests/model/rows.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "orders/domain/order.h"
#include "orders/usecases/decisions.h"
#include "products/usecases/decisions.h"
#include "users/usecases/decisions.h"

/* ---- aggregates ---- */

number_t aggregate_number(struct model *model, const struct aggregate *kind, const struct uuid *id)
{
	const struct aggregate_value value = {kind, *id};
	unsigned char key[sizeof(kind) + sizeof(*id)];
	bool is_new;

	memcpy(key, &kind, sizeof(kind));
	memcpy(key + sizeof(kind), id, sizeof(*id));
	const uint32_t number = table_number(&model->aggregates, key, sizeof(key), &is_new);
	if (is_new)
		*(struct aggregate_value *)table_value(&model->aggregates, number) = value;
	return number_of(number);
}

struct aggregate_value aggregate_of(const struct model *model, number_t aggregate)
{
	return *(const struct aggregate_value *)table_value(&model->aggregates, aggregate);
}

/* ---- what makes a content ---- */

static void add_uuid(struct buffer *key, const struct uuid *id)
{
	char text[UUID_TEXT + 1];

	uuid_text(id, text);
	buffer_format(key, "%s ", text);
}

static void add_text(struct buffer *key, const char *text)
{
	buffer_format(key, "%s|", text == NULL ? "-" : text);
}

static void order_key_text(struct buffer *key, const void *data)
{
	const struct order *order = data;

	add_uuid(key, &order->id);
	add_uuid(key, &order->user_id);
	buffer_format(key, "%d %" PRId64 " %" PRId64 " %" PRId64 " %zu %" PRId64 " ", order->state, order->version,
		      order->created_us, order->expires_us, order->history_count, order->total_cents);
	add_text(key, order->currency);
	add_text(key, order->reason.code);
	add_text(key, order->reason.detail);
	for (size_t i = 0; i < order->item_count; i++) {
		add_uuid(key, &order->items[i].product_id);
		buffer_format(key, "%" PRId64 " %" PRId64 " ", order->items[i].quantity,
			      order->items[i].unit_price_cents);
		add_text(key, order->items[i].name);
	}
	/* The events that changed the order; they do not change it twice. Its own events never come back to it. */
	for (size_t i = 0; i < order->history_count; i++)
		if (strncmp(order->history[i].event, "order.", strlen("order.")) != 0)
			add_uuid(key, &order->history[i].event_id);
}

static void reservation_key_text(struct buffer *key, const void *data)
{
	const struct reservation *reservation = data;

	add_uuid(key, &reservation->order_id);
	buffer_format(key, "%d %" PRId64 " %" PRId64 " %" PRId64 " ", (int)reservation->state, reservation->expires_at,
		      reservation->version, reservation->total_cents);
	add_text(key, reservation->currency);
	for (size_t i = 0; i < reservation->line_count; i++) {
		add_uuid(key, &reservation->lines[i].product_id);
		buffer_format(key, "%" PRId64 " %" PRId64 " ", reservation->lines[i].quantity,
			      reservation->lines[i].unit_price_cents);
		add_text(key, reservation->lines[i].name);
	}
}

static void product_key_text(struct buffer *key, const void *data)
{
	const struct product *product = data;

	add_uuid(key, &product->id);
	buffer_format(key, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %d ", product->on_hand, product->reserved,
		      product->price_cents, product->version, product->withdrawn);
	add_text(key, product->name);
	add_text(key, product->currency);
}

static void user_key_text(struct buffer *key, const void *data)
{
	const struct user *user = data;

	add_uuid(key, &user->id);
	buffer_format(key, "%d %" PRId64, user->disabled, user->version);
}

/* ---- copies that last ---- */

static void order_copy(struct arena *arena, void *data)
{
	struct order *order = data;
	struct order_item *items = arena_new(arena, order->item_count, sizeof(*items));

	for (size_t i = 0; i < order->item_count; i++) {
		items[i] = order->items[i];
		items[i].name = arena_text(arena, items[i].name);
	}
	order->items = items;
	order->note = arena_text(arena, order->note);
	order->currency = arena_text(arena, order->currency);
	order->reason.code = arena_text(arena, order->reason.code);
	order->reason.detail = arena_text(arena, order->reason.detail);
}

static void reservation_copy(struct arena *arena, void *data)
{
	struct reservation *reservation = data;
	struct reserved_line *lines = arena_new(arena, reservation->line_count, sizeof(*lines));

	for (size_t i = 0; i < reservation->line_count; i++) {
		lines[i] = reservation->lines[i];
		lines[i].name = arena_text(arena, lines[i].name);
	}
	reservation->lines = lines;
	reservation->currency = arena_text(arena, reservation->currency);
}

/* Its texts belong to the scenario, which is permanent. */
static void shallow_copy(struct arena *arena, void *data)
{
	(void)arena;
	(void)data;
}

static const struct content {
	const struct aggregate *kind;
	void (*key)(struct buffer *key, const void *data);
	void (*copy)(struct arena *arena, void *data);
} contents[] = {
	{&order_kind, order_key_text, order_copy},
	{&reservation_kind, reservation_key_text, reservation_copy},
	{&product_kind, product_key_text, shallow_copy},
	{&buyer_kind, user_key_text, shallow_copy},
};

static const struct content *content_of(const struct aggregate *kind)
{
	size_t i = 0;

	while (i < sizeof(contents) / sizeof(contents[0]) && contents[i].kind != kind)
		i++;
	assert(i < sizeof(contents) / sizeof(contents[0]) && "a kind of aggregate that the explorer does not know");
	return &contents[i];
}

number_t row_number(struct model *model, const struct aggregate *kind, const void *data)
{
	const struct content *content = content_of(kind);
	struct buffer key;
	bool is_new;

	buffer_init(&key);
	buffer_format(&key, "%s ", kind->name);
	content->key(&key, data);
	const uint32_t number = table_number(&model->rows, key.bytes, key.size, &is_new);
	buffer_done(&key);
	if (is_new) {
		void *copy = arena_copy(&model->kept, data, kind->size);

		content->copy(&model->kept, copy);
		*(const void **)table_value(&model->rows, number) = copy;
	}
	return number_of(number);
}

const void *row_data(const struct model *model, number_t row)
{
	return row == 0 ? NULL : *(const void **)table_value(&model->rows, row);
}
