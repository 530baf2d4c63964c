/* Letters: messages as they travel. An event is written as a CloudEvent and read again by the programs' own codec;
 * equal texts are one letter. Left blank is what no decision reads: when it was decided, and the levels in stock.*. */
#ifndef TESTS_MODEL_LETTERS_H
#define TESTS_MODEL_LETTERS_H

#include "tests/model/model.h"

/* Where an id comes from: its cause, who made it out of that, as the how-many-eth. */
struct id_origin {
	struct uuid id;
	number_t cause; /* 0: nothing that the model knows */
	uint8_t side, index;
	number_t note_type, note_subject; /* of a note: its deadline; note_subject 0: it is none */
};

struct letter {
	number_t id;
	number_t subject; /* the id of the aggregate that it is about; 0: not known */
	uint8_t side;     /* who sends it */
	uint8_t heard_by; /* bits 1 << enum side_name */
	struct message message;
	const char *text; /* of an event */
};

enum { NAMED_MAX = 2 };

/* A letter at one consumer: what it is handled by, and the aggregates that it names. */
struct delivery {
	number_t letter, id;
	int type;
	bool request;    /* asked by a client; otherwise an event or a note */
	bool remembered; /* by the aggregates: a turn's first try does not claim it */
	uint8_t side, named_count;
	number_t named[NAMED_MAX];
	keys_function *keys;
	decide_function *decide;
};

number_t id_number(struct model *model, const struct uuid *id);
struct id_origin id_origin(const struct model *model, number_t id);
/* Is `ancestor` the id itself, or its cause, or the cause of that, ...? */
bool id_descends(const struct model *model, number_t id, number_t ancestor);

struct letter letter_of(const struct model *model, number_t letter);
struct delivery delivery_of(const struct model *model, number_t delivery);
number_t delivery_number(struct model *model, enum side_name side, number_t letter);

/* A request of a client. The message's body must last. */
number_t letter_request(struct model *model, const struct message *message);
/* The event that `side` says in its decision about the letter `cause`, as the index-th. */
number_t letter_event(struct model *model, enum side_name side, const struct output *output, number_t cause,
		      unsigned index);
/* The `attempts`-th note of a deadline. */
number_t letter_note(struct model *model, enum side_name side, int type, number_t subject, unsigned attempts);

#endif
