/* An item that is asked by RPC, shared by those who wait for it and the thread that sends it. */
#ifndef RT_RPC_ASK_H
#define RT_RPC_ASK_H

#include <pthread.h>
#include <stdatomic.h>

#include "rpc_wire.h"

/* How an item ended. */
struct rpc_end {
	enum status status; /* OK: `text` is the reply as it came */
	char *text;
	size_t size;
	bool sent;
};

/* One item, asked by one caller or, where several want the same, by all of them. Counted: the table holds one
 * reference, each caller another. */
struct ask {
	struct uuid id;
	int type;
	struct caller caller;
	struct span text, data;   /* the item as JSON; its data within it */
	int64_t begun_us, due_us; /* moment_steady() */
	bool read, probe;
	bool timed_out; /* counted as such */
	struct rpc_lane *lane;
	struct sent *sent;                  /* the message that it travels in; NULL: it waits */
	size_t callers;                     /* that still wait */
	struct ask *before, *after;         /* among those that wait, or travel in one message */
	struct ask *next_by_id, *next_read; /* chains of the table */
	atomic_int references;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t ended;
	bool done;
	struct rpc_end end;
};

/* A list of them. */
struct asks {
	struct ask *first, *last;
};
void asks_append(struct asks *asks, struct ask *ask);
void asks_remove(struct asks *asks, struct ask *ask);

/* Those that have ended under the lock and are to be told without it. */
struct ended {
	struct ask *first;
};

/* Takes the end's text, and the reference that the table held. */
void ask_end(struct ask *ask, const struct rpc_end *end, struct ended *ended);
/* Wakes those who wait. No lock must be held, or they would wake only to queue up for it. */
void ended_tell(struct ended *ended);

/* An item with one caller. `steady`: attributes of conditions that wait by CLOCK_MONOTONIC. */
struct ask *ask_new(const struct contract *contract, const struct rpc_request *request, int64_t due_us,
		    const pthread_condattr_t *steady);
void ask_release(struct ask *ask);
/* True where the item ended before `due_us`. */
bool ask_wait(struct ask *ask, int64_t due_us);
bool ask_is_done(struct ask *ask);
/* The same question by the same caller. */
bool ask_equals(const struct ask *a, const struct ask *b);

#endif
