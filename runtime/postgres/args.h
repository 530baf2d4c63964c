/* The parameters of one statement, in PostgreSQL's binary format; private to the database adapter. */
#ifndef POSTGRES_ARGS_H
#define POSTGRES_ARGS_H

#include "postgres/db.h"

enum { ARGS_MAX = 64 };

/* Types by their fixed numbers (src/include/catalog/pg_type.dat). */
enum pg_type {
	PG_UNKNOWN = 0,
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_NAME = 19,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_JSON = 114,
	PG_BPCHAR = 1042,
	PG_VARCHAR = 1043,
	PG_TIMESTAMPTZ = 1184,
	PG_UUID = 2950,
	PG_JSONB = 3802,
	PG_FIRST_USER_TYPE = 16384 /* enums and domains of a migration */
};

/* timestamptz counts microseconds from 2000-01-01T00:00:00Z. */
#define PG_EPOCH_US (946684800 * SECOND_US)

struct arg {
	struct buffer bytes; /* reused from statement to statement, so that later ones allocate nothing */
	enum pg_type type;   /* of the value, or of an array's elements; PG_UNKNOWN: no value yet */
	int32_t count;       /* of an array's elements */
	bool array, null, holds_null;
};

struct args {
	struct arg list[ARGS_MAX];
	int count;
	int first_column, columns, next_column; /* of the unnest group that is being filled */
	/* As libpq takes them; filled by args_finish. */
	unsigned types[ARGS_MAX];
	const char *values[ARGS_MAX];
	int lengths[ARGS_MAX], formats[ARGS_MAX];
};

void args_done(struct args *args);
/* Forgets the parameters, keeps the room. */
void args_reset(struct args *args);
/* Completes array headers and fills the four arrays. The pointers hold until the next arg_ or put_ call. */
void args_finish(struct args *args);

#endif
