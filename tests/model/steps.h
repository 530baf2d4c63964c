/* All possible next steps. */
#ifndef TESTS_MODEL_STEPS_H
#define TESTS_MODEL_STEPS_H

#include "tests/model/batches.h"
#include "tests/model/messages.h"
#include "tests/model/search.h"

void steps_from(struct search *search, const struct bag *state);

/* ---- its parts ---- */

void steps_of_consumers(struct search *search, const struct bag *state);   /* messages are handled */
void steps_of_relays(struct search *search, const struct bag *state);      /* events are published, timers are sent */
void steps_of_environment(struct search *search, const struct bag *state); /* time passes, accounts change */

/* The messages that a consumer has taken. */
struct taken {
	unsigned count;
	number_t deliveries[BATCH_ITEMS_MAX];
};

/* A batch after its decisions; `before`: the state without the taken messages. */
void finish_batch(struct search *search, const struct bag *before, const struct batch *batch, const struct taken *taken,
		  struct step step);
/* The same for stateless svc-users: publish, confirm, acknowledge. */
void finish_stateless(struct search *search, const struct bag *before, const struct batch *batch,
		      const struct taken *taken, struct step step);

/* Does the inbox know this message? */
bool steps_is_known(struct model *model, const struct bag *state, number_t delivery);

/* The broker has these messages. Each bound queue gets each message once, or twice where duplicates can happen. Reaches
 * all combinations. */
void publish(struct search *search, const struct bag *state, const number_t *messages, unsigned count,
	     struct step step);

#endif
