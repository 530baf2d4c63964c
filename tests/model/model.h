/* What the explorer knows in one run: the scenario, and tables of all the things that a state may speak of.
 *
 * A state is a bag of facts: "this row has this content", "this message is in this queue", "this deadline is set".
 * Facts are numbered as they are first met, so that a state is a short sorted array of numbers, and equal states are
 * equal arrays. */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include "core/memory.h"
#include "tests/model/mutations.h"
#include "tests/model/scenario.h"
#include "tests/model/services.h"
#include "tests/model/table.h"

typedef uint16_t number_t; /* of an id, a message, a row, ...; 0: none */

enum fact_kind {
	FACT_CLOCK,     /* a: enum phase */
	FACT_ROW,       /* a: aggregate, b: its content */
	FACT_INBOX,     /* service's inbox has a: id */
	FACT_PROCESSED, /* a ghost: service has decided a: id, of an event that its aggregates remember; b: its effect
			 */
	FACT_OUTBOX,    /* service's outbox has a: message */
	FACT_QUEUE,     /* a: delivery, waiting in service's queue or unacknowledged */
	FACT_POSSIBLE_REQUEST, /* a: delivery, a request that a client may send */
	FACT_LOADED,           /* a: batch, loaded and not yet saved */
	FACT_DEADLINE,         /* service's tables have a: message type, b: id of the subject; see save.c */
	FACT_ACCEPTED,         /* a client knows that its order, a: aggregate, is accepted */
	FACT_VERIFIED,         /* users said that the buyer of a: id of the order may buy, and so it was */
	FACT_END_PROCESSED,    /* products has heard that a: id of the order ended otherwise than confirmed */
	FACT_CRASH,            /* one more crash may happen */
	FACT_DUPLICATE,        /* one more message may be doubled */
	FACT_DEAD_LETTER,      /* one more event may be dead-lettered */
	FACT_DISABLE           /* the account of a: aggregate may be disabled */
};

struct fact {
	uint8_t kind, service; /* service: enum service_name, where it matters */
	number_t a, b;
};

enum { BAG_MAX = 96 };

/* A state: numbers of facts, sorted; a fact may be there more than once. */
struct bag {
	unsigned count;
	number_t facts[BAG_MAX];
};

struct model {
	const struct scenario *scenario;
	const struct mutation *mutation;
	struct arena kept;                      /* lives as long as the model */
	struct arena scratch;                   /* of one decision */
	struct table facts;                     /* struct fact */
	struct table ids, messages, deliveries; /* messages.h */
	struct table aggregates, rows;          /* rows.h */
	struct table batches;                   /* batches.h */
};

void model_init(struct model *model, const struct scenario *scenario, const struct mutation *mutation);
void model_done(struct model *model);
/* How the scenario begins. */
void model_begin(struct model *model, struct bag *ret_state);

bool model_mutated(const struct model *model, enum runtime_mutation runtime_mutation);

/* ---- facts ---- */

static inline struct fact fact_of(const struct model *model, number_t number)
{
	return ((const struct fact *)(const void *)model->facts.values)[number];
}
void bag_add(struct model *model, struct bag *bag, struct fact fact);
void bag_drop(struct bag *bag, number_t number); /* it must be there */
/* Drops one fact of the kind; false: there is none. */
bool bag_spend(const struct model *model, struct bag *bag, enum fact_kind kind);
bool bag_has(struct model *model, const struct bag *bag, struct fact fact);
/* The fact is there once, or not at all. */
void bag_set(struct model *model, struct bag *bag, struct fact fact);
void bag_clear(struct model *model, struct bag *bag, struct fact fact);
unsigned bag_count(const struct model *model, const struct bag *bag, enum fact_kind kind);
/* Walks over different facts: the index of the first from `index` on that differs from the one before it. */
unsigned bag_next(const struct bag *bag, unsigned index);

enum phase bag_phase(const struct model *model, const struct bag *bag);
void bag_set_phase(struct model *model, struct bag *bag, enum phase phase);
/* The content of an aggregate's row; 0: there is no such row. */
number_t bag_row(const struct model *model, const struct bag *bag, number_t aggregate);
void bag_set_row(struct model *model, struct bag *bag, number_t aggregate, number_t row);

/* The moment that stands for a phase. */
int64_t phase_moment(enum phase phase);
/* How long an order waits. */
int64_t order_time_limit(void);

/* Narrowing, checked. */
number_t number_of(size_t value);

#endif
