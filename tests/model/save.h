/* The save of a turn, statement by statement, as the runtime's transaction makes it. */
#ifndef MODEL_SAVE_H
#define MODEL_SAVE_H

#include "rules.h"
#include "turns.h"

/* Would every statement touch as many rows as it names? If not, the turn is run again. */
bool save_fits(const struct model *model, const struct bag *state, const struct turn *turn);
/* The rule that this save would break; RULE_ALL: none. */
enum rule save_breaks(struct model *model, const struct bag *state, const struct turn *turn);

void save_rows(struct model *model, struct bag *state, const struct turn *turn); /* aggregates and inbox */
void save_outbox(struct model *model, struct bag *state, const struct turn *turn);
void save_deadlines(struct model *model, struct bag *state, const struct turn *turn);

#endif
