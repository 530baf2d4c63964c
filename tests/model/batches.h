/* Batches: the results of the product's own decisions on messages and rows. Decisions are pure, so each runs once per
 * (messages, rows, time), and its result is stored. */
#ifndef TESTS_MODEL_BATCHES_H
#define TESTS_MODEL_BATCHES_H

#include "tests/model/model.h"

enum { BATCH_ITEMS_MAX = 2, BATCH_ROWS_MAX = 2 * 2, BATCH_EVENTS_MAX = 4 };

struct batch {
	uint8_t service, count, seen_count, write_count, event_count, deadline_count;
	bool dedup; /* check duplicates of all messages first: not the first try */
	number_t deliveries[BATCH_ITEMS_MAX];
	enum status status[BATCH_ITEMS_MAX];
	/* the loaded rows; row 0: there was none */
	struct {
		number_t aggregate, row;
	} seen[BATCH_ROWS_MAX];
	/* the rows to save */
	struct {
		number_t aggregate, row;
		bool found; /* the row exists; otherwise it is inserted */
	} writes[BATCH_ROWS_MAX];
	number_t events[BATCH_EVENTS_MAX]; /* messages */
	/* by item */
	number_t processed[BATCH_ITEMS_MAX]; /* FACT_PROCESSED of an earlier decision; 0: none */
	bool changed[BATCH_ITEMS_MAX];       /* changed a row or a deadline */
	number_t event[BATCH_ITEMS_MAX];     /* the event that it published; 0: none */
	struct {
		number_t type, subject;
		bool set; /* false: cleared */
	} deadlines[BATCH_EVENTS_MAX];
	number_t accepted;                  /* the order whose acceptance the client gets */
	number_t verified[BATCH_ITEMS_MAX]; /* ids of orders whose buyer is active */
	uint8_t verified_count;
};

/* The mode of a batch. */
enum mode {
	MODE_FIRST = 0,    /* the first try: no duplicate check for idempotent aggregates */
	MODE_DEDUP = 1,    /* a later try: duplicate check for all */
	MODE_OTHER_IDS = 2 /* with other ids than the first try */
};

/* Decides the messages one after the other on the rows of `state`. `mode`: of enum mode. */
number_t batch_number(struct model *model, const struct bag *state, const number_t *deliveries, unsigned count,
		      unsigned mode);
struct batch batch_of(const struct model *model, number_t batch);
/* The fact that this event of an idempotent aggregate was decided before; 0: none. */
number_t batch_processed(const struct model *model, const struct bag *state, number_t delivery);
/* Does the batch decide this item without a duplicate check? */
bool batch_skips_dedup(const struct model *model, const struct batch *batch, unsigned item);

#endif
