/* Parameters of statements in PostgreSQL's binary format (src/backend/utils/adt: uuid_recv, array_recv and friends). */
#include "postgres/args.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

enum {
	ARRAY_HEADER = 20,       /* dimensions, flags, element type, length, lower bound: five int32 */
	EMPTY_ARRAY_HEADER = 12, /* without a dimension */
	ROOM_MAX = 1 << 20       /* a larger buffer is freed after its statement */
};

static const struct {
	enum pg_type element;
	unsigned array;
} array_types[] = {
	{PG_BOOL, 1000}, {PG_BYTEA, 1001}, {PG_INT8, 1016}, {PG_TEXT, 1009}, {PG_TIMESTAMPTZ, 1185}, {PG_UUID, 2951},
};

static unsigned array_type(enum pg_type element)
{
	for (size_t i = 0; i < sizeof array_types / sizeof *array_types; i++)
		if (array_types[i].element == element)
			return array_types[i].array;
	return PG_UNKNOWN;
}

static void store32(char *place, uint32_t number)
{
	number = htobe32(number);
	memcpy(place, &number, sizeof number);
}

void args_done(struct args *args)
{
	for (int i = 0; i < ARGS_MAX; i++)
		buffer_done(&args->list[i].bytes);
}

void args_reset(struct args *args)
{
	for (int i = 0; i < args->count; i++) {
		if (args->list[i].bytes.room <= ROOM_MAX)
			continue;
		buffer_done(&args->list[i].bytes);
		buffer_init(&args->list[i].bytes);
	}
	args->count = args->columns = args->next_column = 0;
}

static struct arg *next_arg(struct args *args, enum pg_type type)
{
	assert(args->count < ARGS_MAX);
	struct arg *arg = &args->list[args->count++];

	buffer_clear(&arg->bytes);
	arg->type = type;
	arg->count = 0;
	arg->array = arg->null = arg->holds_null = false;
	return arg;
}

static struct arg *next_array(struct args *args, enum pg_type type)
{
	static const char header[ARRAY_HEADER];
	struct arg *arg = next_arg(args, type);

	buffer_add(&arg->bytes, header, sizeof header);
	arg->array = true;
	return arg;
}

static void add_scalar(struct args *args, enum pg_type type, const void *bytes, size_t size)
{
	struct arg *arg = next_arg(args, type);

	arg->null = bytes == NULL;
	if (bytes != NULL)
		buffer_add(&arg->bytes, bytes, size);
}

/* One element: its length (-1: null), then its bytes. */
static void add_element(struct arg *arg, const void *bytes, size_t size)
{
	char length[4];

	assert(size <= INT32_MAX);
	store32(length, bytes == NULL ? UINT32_MAX : (uint32_t)size);
	buffer_add(&arg->bytes, length, sizeof length);
	arg->count++;
	if (bytes == NULL)
		arg->holds_null = true;
	else
		buffer_add(&arg->bytes, bytes, size);
}

void arg_uuid(struct args *args, const struct uuid *id)
{
	add_scalar(args, PG_UUID, id == NULL ? NULL : id->bytes, sizeof id->bytes);
}

void arg_int(struct args *args, int64_t number)
{
	uint64_t wire = htobe64((uint64_t)number);

	add_scalar(args, PG_INT8, number == INT64_MIN ? NULL : &wire, sizeof wire);
}

void arg_bool(struct args *args, bool value)
{
	char wire = value ? 1 : 0;

	add_scalar(args, PG_BOOL, &wire, sizeof wire);
}

void arg_text(struct args *args, const char *text)
{
	add_scalar(args, PG_TEXT, text, text == NULL ? 0 : strlen(text));
}

void arg_bytes(struct args *args, const void *bytes, size_t size)
{
	add_scalar(args, PG_BYTEA, bytes, size);
}

static uint64_t timestamp_wire(int64_t at_us)
{
	return at_us == INT64_MIN ? 0 : htobe64((uint64_t)(at_us - PG_EPOCH_US));
}

void arg_timestamp(struct args *args, int64_t at_us)
{
	uint64_t wire = timestamp_wire(at_us);

	add_scalar(args, PG_TIMESTAMPTZ, at_us == INT64_MIN ? NULL : &wire, sizeof wire);
}

void arg_uuids(struct args *args, const struct uuid *ids, size_t count)
{
	struct arg *arg = next_array(args, PG_UUID);

	for (size_t i = 0; i < count; i++)
		add_element(arg, ids[i].bytes, sizeof ids[i].bytes);
}

void arg_texts(struct args *args, const char *const *texts, size_t count)
{
	struct arg *arg = next_array(args, PG_TEXT);

	for (size_t i = 0; i < count; i++)
		add_element(arg, texts[i], texts[i] == NULL ? 0 : strlen(texts[i]));
}

void args_columns(struct args *args, int columns)
{
	assert(columns > 0 && args->next_column == 0);
	args->first_column = args->count;
	args->columns = columns;
	for (int i = 0; i < columns; i++)
		next_array(args, PG_UNKNOWN);
}

static void put(struct args *args, enum pg_type type, const void *bytes, size_t size)
{
	assert(args->columns > 0);
	struct arg *arg = &args->list[args->first_column + args->next_column];

	assert(arg->type == type || arg->type == PG_UNKNOWN);
	arg->type = type;
	add_element(arg, bytes, size);
	args->next_column = (args->next_column + 1) % args->columns;
}

void put_uuid(struct args *args, const struct uuid *id)
{
	put(args, PG_UUID, id == NULL ? NULL : id->bytes, sizeof id->bytes);
}

void put_int(struct args *args, int64_t number)
{
	uint64_t wire = htobe64((uint64_t)number);

	put(args, PG_INT8, number == INT64_MIN ? NULL : &wire, sizeof wire);
}

void put_bool(struct args *args, bool value)
{
	char wire = value ? 1 : 0;

	put(args, PG_BOOL, &wire, sizeof wire);
}

void put_text(struct args *args, const char *text)
{
	put(args, PG_TEXT, text, text == NULL ? 0 : strlen(text));
}

void put_bytes(struct args *args, const void *bytes, size_t size)
{
	put(args, PG_BYTEA, bytes, size);
}

void put_timestamp(struct args *args, int64_t at_us)
{
	uint64_t wire = timestamp_wire(at_us);

	put(args, PG_TIMESTAMPTZ, at_us == INT64_MIN ? NULL : &wire, sizeof wire);
}

static void finish_header(struct arg *arg)
{
	char *header = arg->bytes.bytes;

	store32(header, arg->count > 0 ? 1 : 0);
	store32(header + 4, arg->holds_null ? 1 : 0);
	store32(header + 8, (uint32_t)arg->type);
	store32(header + 12, (uint32_t)arg->count);
	store32(header + 16, 1);
}

void args_finish(struct args *args)
{
	assert(args->next_column == 0); /* otherwise the last row is not complete */
	for (int i = 0; i < args->count; i++) {
		struct arg *arg = &args->list[i];
		bool untyped = arg->array && arg->type == PG_UNKNOWN;

		if (arg->array)
			finish_header(arg);
		assert(arg->bytes.size <= INT32_MAX);
		/* A group without rows does not know its types; the statement's casts do, and text format fits all. */
		args->types[i] = arg->array ? array_type(arg->type) : (unsigned)arg->type;
		args->formats[i] = untyped ? 0 : 1;
		args->lengths[i] = arg->array && arg->count == 0 ? EMPTY_ARRAY_HEADER : (int)arg->bytes.size;
		args->values[i] = untyped ? "{}" : arg->null ? NULL : arg->bytes.size == 0 ? "" : arg->bytes.bytes;
	}
}
