/* Messages: messages as they travel. An event is written as a CloudEvent and read again by the programs' own codec;
 * equal texts are one message. Left blank is what no decision reads: when it was decided, and the levels in stock.*. */
#ifndef TESTS_MODEL_MESSAGES_H
#define TESTS_MODEL_MESSAGES_H

#include "tests/model/model.h"

/* Where an id comes from: its cause, who made it out of that, as the how-many-eth. */
struct id_origin {
	struct uuid id;
	number_t cause; /* 0: nothing that the model knows */
	uint8_t service, index;
	number_t timer_type, timer_subject; /* of a timer: its deadline; timer_subject 0: it is none */
};

struct sent {
	number_t id;
	number_t subject;  /* the id of the aggregate that it is about; 0: not known */
	uint8_t service;   /* who sends it */
	uint8_t receivers; /* bits 1 << enum service_name */
	struct message message;
	const char *text; /* of an event */
};

enum { NAMED_MAX = 2 };

/* A message at one consumer: what it is handled by, and the aggregates that it names. */
struct delivery {
	number_t sent, id;
	int type;
	bool request;    /* asked by a client; otherwise an event or a timer */
	bool idempotent; /* by the aggregates: a batch's first try does not claim it */
	uint8_t service, named_count;
	number_t named[NAMED_MAX];
	keys_function *keys;
	decide_function *decide;
};

number_t id_number(struct model *model, const struct uuid *id);
struct id_origin id_origin(const struct model *model, number_t id);
/* Is `ancestor` the id itself, or its cause, or the cause of that, ...? */
bool id_descends(const struct model *model, number_t id, number_t ancestor);

struct sent sent_message_of(const struct model *model, number_t sent);
struct delivery delivery_of(const struct model *model, number_t delivery);
number_t delivery_number(struct model *model, enum service_name service, number_t sent);

/* A request of a client. The message's body must last. */
number_t message_request(struct model *model, const struct message *message);
/* The event that `service` says in its decision about the message `cause`, as the index-th. */
number_t message_event(struct model *model, enum service_name service, const struct output *output, number_t cause,
		       unsigned index);
/* The `attempts`-th timer of a deadline. */
number_t message_timer(struct model *model, enum service_name service, int type, number_t subject, unsigned attempts);

#endif
