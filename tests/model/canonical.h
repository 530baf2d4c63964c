/* States that no future can tell apart are one. */
#ifndef MODEL_CANONICAL_H
#define MODEL_CANONICAL_H

#include "model.h"

void canonical(struct model *model, struct bag *state);

/* Does the state speak of this id, or of one that came of it? */
bool state_knows_id(const struct model *model, const struct bag *state, number_t id);
/* Is something under way with this id, or with one that it came of: may this id still arrive? */
bool id_may_arrive(const struct model *model, const struct bag *state, number_t id);

#endif
