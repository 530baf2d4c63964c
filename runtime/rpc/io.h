/* The state of an RPC client, and its RPC thread. Private to rpc/. */
#ifndef RPC_IO_H
#define RPC_IO_H

#include "amqp/broker.h"
#include "core/wake.h"
#include "rpc/call_table.h"

struct rpc {
	struct rpc_config config;
	struct call_table table;
	pthread_t rpc_thread, timer_thread;
	struct wake wake; /* sent when the RPC thread sleeps and has something to do */

	/* Used only by the RPC thread. */
	struct broker *broker;
	int64_t next_log_us; /* by monotonic_now() */
	struct arena arena;
	struct rpc_bundle bundle;
};

/* The RPC thread: runs until table.stopping is set. `argument` is the struct rpc. */
void *rpc_io_run(void *argument);

#endif
