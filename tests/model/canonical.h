/* States that no future can tell apart are one. */
#ifndef TESTS_MODEL_CANONICAL_H
#define TESTS_MODEL_CANONICAL_H

#include "tests/model/model.h"

void canonical(struct model *model, struct bag *state);

/* Does the state speak of this id, or of one that came of it? */
bool state_knows_id(const struct model *model, const struct bag *state, number_t id);
/* How many timers of a deadline are under way, or have led to something that is. */
unsigned state_timers(const struct model *model, const struct bag *state, number_t type, number_t subject);

#endif
