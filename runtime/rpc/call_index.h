/* Finds pending calls by their id, and calls that can be merged by their content. Private to rpc/. */
#ifndef RPC_CALL_INDEX_H
#define RPC_CALL_INDEX_H

#include "rpc/pending_call.h"

enum { RPC_BUCKETS = 1024 };

/* Hash chains. The index owns nothing. */
struct call_index {
	struct pending_call *by_id[RPC_BUCKETS], *mergeable[RPC_BUCKETS];
};

void call_index_add(struct call_index *index, struct pending_call *pending);
void call_index_remove(struct call_index *index, struct pending_call *pending);
/* From now on no call joins this one. */
void call_index_stop_merging(struct call_index *index, struct pending_call *pending);
/* The chain of calls whose ids have the hash of `id`, by next_by_id. */
struct pending_call *call_index_chain(const struct call_index *index, const struct uuid *id);
/* Looks for a call that this one can join. OK: *ret_existing is that call. E_NOT_FOUND: there is none.
 * E_KEY_REUSED: a different request has this id. */
must_check enum status call_index_find_equal(const struct call_index *index, const struct pending_call *pending,
					     struct pending_call **ret_existing);

#endif
