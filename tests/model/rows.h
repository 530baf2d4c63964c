/* Aggregates, and the contents that their rows may have. Contents that no decision could tell apart are one: left out
 * are the times of change, an order's history beyond its length, and a product's sequence. */
#ifndef TESTS_MODEL_ROWS_H
#define TESTS_MODEL_ROWS_H

#include "tests/model/model.h"

struct aggregate_value {
	const struct aggregate *kind;
	struct uuid id;
};

number_t aggregate_number(struct model *model, const struct aggregate *kind, const struct uuid *id);
struct aggregate_value aggregate_of(const struct model *model, number_t aggregate);

/* The number of a content; it is copied with all that it points at. */
number_t row_number(struct model *model, const struct aggregate *kind, const void *data);
/* The content; NULL for 0. */
const void *row_data(const struct model *model, number_t row);

#endif
