/* The thread of the asking side that speaks with the broker. */
#ifndef RPC_IO_H
#define RPC_IO_H

#include "amqp/broker.h"
#include "rpc/pending_calls.h"

struct rpc {
	struct rpc_config config;
	struct rpc_table table;
	pthread_t thread, clock;
	int wake_fd; /* eventfd: written where the thread sleeps and has something to do */

	/* The thread's own. */
	struct broker *broker;
	int64_t next_complaint; /* monotonic_now() */
	struct arena arena;
	struct rpc_bundle bundle;
};

/* Runs until table.stopping. `argument` is the struct rpc. */
void *rpc_io_run(void *argument);

#endif
