/* Equivalent states get the same form. */
#ifndef TESTS_MODEL_CANONICAL_H
#define TESTS_MODEL_CANONICAL_H

#include "tests/model/model.h"

void canonical(struct model *model, struct bag *state);

/* Does the state contain this id, or an id derived from it? */
bool state_knows_id(const struct model *model, const struct bag *state, number_t id);
/* The number of timers of a deadline that are in flight, or led to a message in flight. */
unsigned state_timers(const struct model *model, const struct bag *state, number_t type, number_t subject);

#endif
