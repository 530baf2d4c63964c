/* Aggregates and the contents of their rows. Contents that decisions cannot distinguish are equal: change times, the
 * history of an order except its length, and the sequence of a product are ignored. */
#ifndef TESTS_MODEL_ROWS_H
#define TESTS_MODEL_ROWS_H

#include "tests/model/model.h"

struct aggregate_value {
	const struct aggregate *kind;
	struct uuid id;
};

number_t aggregate_number(struct model *model, const struct aggregate *kind, const struct uuid *id);
struct aggregate_value aggregate_of(const struct model *model, number_t aggregate);

/* The number of a content; the content is copied deeply. */
number_t row_number(struct model *model, const struct aggregate *kind, const void *data);
/* The content; NULL for 0. */
const void *row_data(const struct model *model, number_t row);

#endif
