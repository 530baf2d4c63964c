/* Fields of results in PostgreSQL's binary format. A column of another type than the one asked for aborts. */
#include "postgres/link.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "telemetry/log.h"

_Noreturn static void wrong_type(const struct cell *cell, const char *wanted)
{
	char text[160];

	snprintf(text, sizeof text, "column %s has type number %u, not %s: cast it in the statement", cell->column,
		 cell->type, wanted);
	log_error("db.column", kv_text("detail", text));
	abort();
}

bool row_null(const struct rows *rows, int row, int column)
{
	return db_cell(rows, row, column).bytes == NULL;
}

struct uuid row_uuid(const struct rows *rows, int row, int column)
{
	struct cell cell = db_cell(rows, row, column);
	struct uuid id = {0};

	if (cell.type != PG_UUID)
		wrong_type(&cell, "uuid");
	if (cell.bytes != NULL)
		memcpy(id.bytes, cell.bytes, sizeof id.bytes);
	return id;
}

/* Two's complement in network order, of 2, 4 or 8 bytes. */
static int64_t load_int(const struct cell *cell)
{
	uint64_t number = (cell->bytes[0] & 0x80) != 0 ? UINT64_MAX : 0;

	for (size_t i = 0; i < cell->size; i++)
		number = number << 8 | (uint8_t)cell->bytes[i];
	return (int64_t)number;
}

int64_t row_int(const struct rows *rows, int row, int column)
{
	struct cell cell = db_cell(rows, row, column);

	if (cell.type != PG_INT8 && cell.type != PG_INT4 && cell.type != PG_INT2)
		wrong_type(&cell, "an integer");
	return cell.bytes == NULL ? INT64_MIN : load_int(&cell);
}

bool row_bool(const struct rows *rows, int row, int column)
{
	struct cell cell = db_cell(rows, row, column);

	if (cell.type != PG_BOOL)
		wrong_type(&cell, "boolean");
	return cell.bytes != NULL && cell.bytes[0] != 0;
}

int64_t row_timestamp(const struct rows *rows, int row, int column)
{
	struct cell cell = db_cell(rows, row, column);

	if (cell.type != PG_TIMESTAMPTZ)
		wrong_type(&cell, "timestamptz");
	if (cell.bytes == NULL)
		return INT64_MIN;

	int64_t at_us = load_int(&cell);
	/* The ends of the range stand for infinity, and stay there. */
	if (at_us == INT64_MIN || at_us > INT64_MAX - PG_EPOCH_US)
		return at_us == INT64_MIN ? INT64_MIN + 1 : INT64_MAX;
	return at_us + PG_EPOCH_US;
}

static bool is_bytes(unsigned type)
{
	static const unsigned types[] = {PG_TEXT, PG_BYTEA, PG_JSON, PG_JSONB, PG_VARCHAR, PG_BPCHAR, PG_NAME};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i] == type)
			return true;
	return type >= PG_FIRST_USER_TYPE;
}

struct span row_bytes(const struct rows *rows, int row, int column)
{
	struct cell cell = db_cell(rows, row, column);

	if (!is_bytes(cell.type))
		wrong_type(&cell, "text, bytea or json");
	/* jsonb begins with the version of its format, 1. */
	if (cell.type == PG_JSONB && cell.bytes != NULL)
		return (struct span){cell.bytes + 1, cell.size - 1};
	return (struct span){cell.bytes, cell.size};
}

const char *row_text(const struct rows *rows, int row, int column, struct arena *arena)
{
	struct span span = row_bytes(rows, row, column);

	return span.bytes == NULL ? NULL : arena_copy(arena, span.bytes, span.size);
}
