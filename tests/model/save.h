/* The save of a batch, statement by statement, as the runtime's transaction makes it. */
#ifndef TESTS_MODEL_SAVE_H
#define TESTS_MODEL_SAVE_H

#include "tests/model/batches.h"
#include "tests/model/search.h"

/* Does every statement change as many rows as it names, without a collision? If not, the batch is retried. */
bool save_fits(struct model *model, const struct bag *state, const struct batch *batch);
/* Does this write touch a row? INSERT ... ON CONFLICT DO NOTHING for what was not found, DO UPDATE for what was. */
bool save_takes_effect(const struct model *model, const struct bag *state, const struct batch *batch, unsigned write);
/* The inbox row of a message. */
struct fact inbox_row(const struct model *model, const struct batch *batch, unsigned item);
/* The effect of an item's decision: the event that it published, or one of these. */
enum { EFFECT_NONE = 0, EFFECT_SILENT = UINT16_MAX };
number_t save_effect(const struct batch *batch, unsigned item);

void save_rows(struct model *model, struct bag *state, const struct batch *batch); /* aggregates and inbox */
void save_outbox(struct model *model, struct bag *state, const struct batch *batch);
void save_deadlines(struct model *model, struct bag *state, const struct batch *batch);

/* Checks a save before its commit against the rules for steps. */
void save_check(struct search *search, const struct bag *state, const struct batch *batch, struct step step);

#endif
