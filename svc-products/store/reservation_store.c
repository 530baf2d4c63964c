/* Reservations in PostgreSQL: one row per order, with its lines as JSON. */
#include <stddef.h>
#include <string.h>

#include "products/store/stores.h"
#include "products/usecases/decisions.h"

struct stored_lines {
	struct list lines; /* struct reserved_line */
};

static const struct schema line_schema = {
	.name = "reserved_line",
	.size = sizeof(struct reserved_line),
	.fields = (const struct field[]){field_uuid(struct reserved_line, product_id, REQUIRED),
					 field_text(struct reserved_line, name, REQUIRED, 0, 0),
					 field_int(struct reserved_line, quantity, REQUIRED, 1, QUANTITY_MAX),
					 field_int(struct reserved_line, unit_price_cents, REQUIRED, 0, PRICE_MAX),
					 field_end},
};
static const struct schema stored_lines_schema = {
	.name = "stored_lines",
	.size = sizeof(struct stored_lines),
	.fields = (const struct field[]){field_array(struct stored_lines, lines, REQUIRED, &line_schema, 0, LINES_MAX),
					 field_end},
};

static enum reservation_state state_read(struct span text)
{
	for (int state = 0; reservation_state_names[state] != NULL; state++) {
		if (strlen(reservation_state_names[state]) == text.size &&
		    memcmp(reservation_state_names[state], text.bytes, text.size) == 0)
			return (enum reservation_state)state;
	}
	return RESERVATION_REFUSED; /* ruled out by the table's CHECK */
}

/* Lines that were broken by hand are read as no lines. Then the end of the order is refused as a message that does not
 * fit. */
static void lines_read(struct span text, struct arena *arena, struct reservation *reservation)
{
	struct faults faults = {0};
	void *stored = NULL;

	if (json_decode(text, &stored_lines_schema, UNKNOWN_IGNORED, arena, &faults, &stored) != OK)
		return;
	reservation->lines = ((struct stored_lines *)stored)->lines.items;
	reservation->line_count = ((struct stored_lines *)stored)->lines.count;
}

static void reservation_read(const struct rows *rows, int row, struct arena *arena, void *ret_reservation)
{
	struct reservation *reservation = ret_reservation;

	reservation->order_id = row_uuid(rows, row, 0);
	reservation->state = state_read(row_bytes(rows, row, 1));
	if (!row_null(rows, row, 2))
		lines_read(row_bytes(rows, row, 2), arena, reservation);
	reservation->currency = row_text(rows, row, 3, arena);
	reservation->total_cents = row_int(rows, row, 4);
	reservation->expires_at = row_timestamp(rows, row, 5);
	reservation->updated_at = row_timestamp(rows, row, 6);
	reservation->version = row_int(rows, row, 7);
}

static void lines_write(struct args *args, const struct reservation *reservation)
{
	struct stored_lines stored;
	struct buffer json;

	if (reservation->line_count == 0) {
		put_text(args, NULL);
		return;
	}
	/* struct list has no const pointer; the lines are only read here. */
	memcpy(&stored.lines.items, &reservation->lines, sizeof(stored.lines.items));
	stored.lines.count = reservation->line_count;
	buffer_init(&json);
	json_encode(&json, &stored_lines_schema, &stored);
	put_text(args, json.bytes);
	buffer_done(&json);
}

static void reservation_write(struct args *args, const void *aggregate)
{
	const struct reservation *reservation = aggregate;

	put_uuid(args, &reservation->order_id);
	put_text(args, reservation_state_names[reservation->state]);
	lines_write(args, reservation);
	put_text(args, reservation->currency);
	put_int(args, reservation->total_cents);
	put_timestamp(args, reservation->expires_at);
	put_timestamp(args, reservation->updated_at);
	put_int(args, reservation->version);
}

#define COLUMNS "order_id, state, lines, currency, total_cents, expires_at, updated_at, version"
#define UNNEST                                                                                                         \
	"unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::timestamptz[], "  \
	"$8::bigint[]) AS given (" COLUMNS ")"

#define INSERT "INSERT INTO reservations (" COLUMNS ") SELECT * FROM " UNNEST

/* The lines of a reservation never change, only its state. */
static void end_write(struct args *args, const void *aggregate)
{
	const struct reservation *reservation = aggregate;

	put_uuid(args, &reservation->order_id);
	put_text(args, reservation_state_names[reservation->state]);
	put_timestamp(args, reservation->updated_at);
	put_int(args, reservation->version);
}

static const struct store_update updates[] = {
	{.sql = {"reservation_update",
		 "UPDATE reservations SET state = given.state, updated_at = given.updated_at, version = given.version "
		 "FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[]) "
		 "AS given (order_id, state, updated_at, version, seen) "
		 "WHERE reservations.order_id = given.order_id AND reservations.version = given.seen"},
	 .write = end_write,
	 .columns = 4},
};

static void reservation_copy(const void *aggregate, struct arena *arena, void *ret_copy)
{
	const struct reservation *reservation = aggregate;
	struct reservation *copy = ret_copy;
	struct reserved_line *lines = arena_new(arena, reservation->line_count, sizeof(*lines));

	*copy = *reservation;
	for (size_t i = 0; i < reservation->line_count; i++) {
		lines[i] = reservation->lines[i];
		lines[i].name = arena_text(arena, reservation->lines[i].name);
	}
	copy->lines = lines;
	copy->currency = arena_text(arena, reservation->currency);
}

static bool reservation_is_terminal(const void *aggregate)
{
	return ((const struct reservation *)aggregate)->state != RESERVATION_HELD;
}

#define SELECT "SELECT " COLUMNS " FROM reservations WHERE order_id = ANY($1) ORDER BY order_id"

const struct store reservation_store = {
	.kind = &reservation_kind,
	.load = {"reservation_load", SELECT " FOR NO KEY UPDATE"},
	.load_unlocked = {"reservation_load_unlocked", SELECT},
	.version = offsetof(struct reservation, version),
	.read = reservation_read,
	.insert_new = {"reservation_insert_new", INSERT},
	.insert_missing = {"reservation_insert", INSERT " ON CONFLICT DO NOTHING"},
	.write = reservation_write,
	.columns = 8,
	.updates = updates,
	.copy = reservation_copy,
	.version_check = STORE_VERSION_CHECK("reservations", "order_id", "version"),
	.is_terminal = reservation_is_terminal,
};
