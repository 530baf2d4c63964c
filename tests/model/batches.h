/* Batches: what the product's own decisions make of messages and rows. A decision is pure, so each is run once for
 * every (messages, rows, moment), and remembered. */
#ifndef TESTS_MODEL_BATCHES_H
#define TESTS_MODEL_BATCHES_H

#include "tests/model/model.h"

enum { BATCH_ITEMS_MAX = 2, BATCH_ROWS_MAX = 2 * 2, BATCH_EVENTS_MAX = 4 };

struct batch {
	uint8_t service, count, seen_count, write_count, event_count, deadline_count;
	bool dedup; /* everything: it is not the first try */
	number_t deliveries[BATCH_ITEMS_MAX];
	enum status status[BATCH_ITEMS_MAX];
	/* what it was decided on; row 0: there was none */
	struct {
		number_t aggregate, row;
	} seen[BATCH_ROWS_MAX];
	/* what is to be saved */
	struct {
		number_t aggregate, row;
		bool found; /* the row was there: otherwise it is inserted */
	} writes[BATCH_ROWS_MAX];
	number_t events[BATCH_EVENTS_MAX]; /* messages */
	/* by item */
	number_t processed[BATCH_ITEMS_MAX]; /* FACT_PROCESSED, if it had been decided before; 0: it had not */
	bool changed[BATCH_ITEMS_MAX];       /* a row, or a deadline */
	number_t event[BATCH_ITEMS_MAX];     /* the message that it said; 0: none */
	struct {
		number_t type, subject;
		bool set; /* otherwise it is cleared */
	} deadlines[BATCH_EVENTS_MAX];
	number_t accepted;                  /* the order that a client is told is accepted */
	number_t verified[BATCH_ITEMS_MAX]; /* ids of orders whose buyer was found active */
	uint8_t verified_count;
};

/* How a batch is run. */
enum mode {
	MODE_FIRST = 0,    /* the first try: what aggregates remember is not claimed */
	MODE_DEDUP = 1,    /* a later one: everything is */
	MODE_OTHER_IDS = 2 /* with other ids than the first time */
};

/* Decides the messages one after the other on the rows of `state`. `manner`: of enum manner. */
number_t batch_number(struct model *model, const struct bag *state, const number_t *deliveries, unsigned count,
		      unsigned mode);
struct batch batch_of(const struct model *model, number_t batch);
/* The fact that this event, which aggregates remember, was decided before; 0: it was not. */
number_t batch_processed(const struct model *model, const struct bag *state, number_t delivery);
/* Does the batch decide this item without a claim? */
bool batch_skips_dedup(const struct model *model, const struct batch *batch, unsigned item);

#endif
