/* Turns: what the product's own decisions make of letters and rows. A decision is pure, so each is run once for every
 * (letters, rows, moment), and remembered. */
#ifndef TESTS_MODEL_TURNS_H
#define TESTS_MODEL_TURNS_H

#include "tests/model/model.h"

enum { TURN_ITEMS_MAX = 2, TURN_ROWS_MAX = 2 * 2, TURN_SAID_MAX = 4 };

struct turn {
	uint8_t side, count, seen_count, write_count, said_count, deadline_count;
	bool claims; /* everything: it is not the first try */
	number_t deliveries[TURN_ITEMS_MAX];
	enum status status[TURN_ITEMS_MAX];
	/* what it was decided on; row 0: there was none */
	struct {
		number_t aggregate, row;
	} seen[TURN_ROWS_MAX];
	/* what is to be saved */
	struct {
		number_t aggregate, row;
		bool found; /* the row was there: otherwise it is inserted */
	} writes[TURN_ROWS_MAX];
	number_t said[TURN_SAID_MAX]; /* letters */
	/* by item */
	number_t heard[TURN_ITEMS_MAX]; /* FACT_HEARD, if it had been decided before; 0: it had not */
	bool changed[TURN_ITEMS_MAX];   /* a row, or a deadline */
	number_t spoke[TURN_ITEMS_MAX]; /* the letter that it said; 0: none */
	struct {
		number_t type, subject;
		bool set; /* otherwise it is cleared */
	} deadlines[TURN_SAID_MAX];
	number_t told;                     /* the order that a client is told is accepted */
	number_t verified[TURN_ITEMS_MAX]; /* ids of orders whose buyer was found active */
	uint8_t verified_count;
};

/* How a turn is run. */
enum manner {
	MANNER_FIRST = 0,    /* the first try: what aggregates remember is not claimed */
	MANNER_CLAIMS = 1,   /* a later one: everything is */
	MANNER_OTHER_IDS = 2 /* with other ids than the first time */
};

/* Decides the letters one after the other on the rows of `state`. `manner`: of enum manner. */
number_t turn_number(struct model *model, const struct bag *state, const number_t *deliveries, unsigned count,
		     unsigned manner);
struct turn turn_of(const struct model *model, number_t turn);
/* The fact that this event, which aggregates remember, was decided before; 0: it was not. */
number_t turn_heard(const struct model *model, const struct bag *state, number_t delivery);
/* Does the turn decide this item without a claim? */
bool turn_leaves(const struct model *model, const struct turn *turn, unsigned item);

#endif
