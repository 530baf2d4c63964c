/* An item that is asked by RPC, those who wait for it, and how they are told. */
#ifndef RPC_CALL_H
#define RPC_CALL_H

#include "rpc/wire.h"

/* How an item ended. */
struct rpc_end {
	enum status status; /* OK: `text` is the reply as it came */
	char *text;
	size_t size;
	bool sent;
};

struct ask;

/* Who waits for an item. Stays where it is until it is told, which happens once, without any lock held. */
struct subscriber {
	struct ask *ask;
	struct subscriber *next; /* of the same item; then, among those who gave up */
	int64_t due_us;          /* monotonic_now(): gives up then */
	bool sent;               /* it gave up, and the item had been sent */
	void (*tell)(struct subscriber *subscriber, const struct rpc_end *end);
};

/* One item, asked by one caller or, where several want the same, by all of them. The table's, until it ends. */
struct ask {
	struct uuid id;
	int type;
	struct caller caller;
	struct span text, data;   /* the item as JSON; its data within it */
	int64_t begun_us, due_us; /* monotonic_now() */
	bool read, probe;
	bool timed_out; /* counted as such */
	struct rpc_queue *queue;
	struct sent *sent; /* the message that it travels in; NULL: it waits */
	struct subscriber *subscribers;
	size_t callers;                     /* how many they are */
	struct ask *before, *after;         /* among those that wait, or travel in one message */
	struct ask *next_by_id, *next_read; /* chains of the table */
	struct rpc_end end;                 /* once it has ended */
};

/* A list of them. */
struct asks {
	struct ask *first, *last;
};
void asks_append(struct asks *asks, struct ask *ask);
void asks_remove(struct asks *asks, struct ask *ask);

/* What has ended under the lock, and who gave up there; to be told without it. */
struct ended {
	struct ask *asks;
	struct subscriber *late;
};

/* Takes the end's text, and the item. */
void ask_end(struct ask *ask, const struct rpc_end *end, struct ended *ended);
/* Tells those who waited, and frees the items. No lock must be held: who is told may ask again. */
void ended_tell(struct ended *ended);

/* An item that nobody waits for yet. */
struct ask *ask_new(const struct contract *contract, const struct rpc_request *request, int64_t due_us);
void ask_free(struct ask *ask);
void ask_add(struct ask *ask, struct subscriber *subscriber);
/* The same question by the same caller. */
bool ask_equals(const struct ask *a, const struct ask *b);

#endif
