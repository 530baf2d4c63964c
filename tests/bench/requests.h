/* The scenarios of the load. Each is a function that writes the next HTTP request. */
#ifndef TESTS_BENCH_REQUESTS_H
#define TESTS_BENCH_REQUESTS_H

#include <stdint.h>

#include "core/memory.h"

/* Lines of a file, read once. */
struct lines {
	char **items;
	size_t count;
};

/* The data for requests. */
struct stock {
	const char *host;
	struct lines products; /* ids */
	struct lines tokens;   /* access tokens; the first is an administrator's */
	uint64_t random;       /* state of a random generator with a fixed seed */
	uint64_t number;       /* of the next request */
	char run[17];          /* makes keys and names of this run unique */
};

struct scenario {
	const char *name, *about;
	void (*write)(struct stock *stock, struct buffer *request);
	int expected; /* HTTP status */
};

extern const struct scenario scenarios[]; /* ends with a row without a name */
const struct scenario *scenario_find(const char *name);

/* Reads the lines of a file; false if it cannot be read or is empty. */
int lines_read(const char *path, struct lines *ret_lines);

#endif
