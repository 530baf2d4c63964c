/* The save of a turn, statement by statement, as the runtime's transaction makes it. */
#ifndef TESTS_MODEL_SAVE_H
#define TESTS_MODEL_SAVE_H

#include "tests/model/search.h"
#include "tests/model/turns.h"

/* Would every statement touch as many rows as it names, and none collide? If not, the turn is run again. */
bool save_fits(struct model *model, const struct bag *state, const struct turn *turn);
/* Does this write touch a row? INSERT ... ON CONFLICT DO NOTHING for what was not found, DO UPDATE for what was. */
bool save_takes_effect(const struct model *model, const struct bag *state, const struct turn *turn, unsigned write);
/* The inbox row of a message. */
struct fact save_claim(const struct model *model, const struct turn *turn, unsigned item);
/* What an item's decision did: the letter that it said, or one of these. */
enum { EFFECT_NONE = 0, EFFECT_SILENT = UINT16_MAX };
number_t save_effect(const struct turn *turn, unsigned item);

void save_rows(struct model *model, struct bag *state, const struct turn *turn); /* aggregates and inbox */
void save_outbox(struct model *model, struct bag *state, const struct turn *turn);
void save_deadlines(struct model *model, struct bag *state, const struct turn *turn);

/* Holds a save that is about to be committed against the rules for steps. */
void save_check(struct search *search, const struct bag *state, const struct turn *turn, struct step step);

#endif
