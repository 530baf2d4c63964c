/* All that can happen next. */
#ifndef MODEL_STEPS_H
#define MODEL_STEPS_H

#include "letters.h"
#include "search.h"
#include "turns.h"

void steps_from(struct search *search, const struct bag *state);

/* ---- its parts ---- */

void steps_of_lanes(struct search *search, const struct bag *state);   /* messages are handled */
void steps_of_relays(struct search *search, const struct bag *state);  /* events are published, notes are sent */
void steps_of_the_rest(struct search *search, const struct bag *state); /* time passes, people act */

/* Does the inbox know this message? */
bool steps_is_known(struct model *model, const struct bag *state, number_t delivery);

/* The broker has these letters: whoever is bound to them gets each once, or twice where that may happen. Every way in
 * which this can go is reached. */
void publish(struct search *search, const struct bag *state, const number_t *letters, unsigned count,
	     struct step step);

#endif
