/* The index of pending calls. */
#include "rpc/call_index.h"

#include "core/hash.h"

/* A call joins an equal one that ends at most this much earlier than the call itself would. */
static const int64_t merge_slack_us = 500 * MS_US;

static size_t id_bucket(const struct uuid *id)
{
	return uuid_hash(id) % RPC_BUCKETS;
}

static size_t content_bucket(const struct pending_call *pending)
{
	return fnv_bytes(FNV_START ^ (uint64_t)pending->type, pending->data.bytes, pending->data.size) % RPC_BUCKETS;
}

void call_index_add(struct call_index *index, struct pending_call *pending)
{
	struct pending_call **chain = &index->by_id[id_bucket(&pending->id)];

	pending->next_by_id = *chain;
	*chain = pending;
	if (!pending->mergeable)
		return;
	chain = &index->mergeable[content_bucket(pending)];
	pending->next_mergeable = *chain;
	*chain = pending;
}

void call_index_stop_merging(struct call_index *index, struct pending_call *pending)
{
	struct pending_call **at = &index->mergeable[content_bucket(pending)];

	if (!pending->mergeable)
		return;
	while (*at != pending)
		at = &(*at)->next_mergeable;
	*at = pending->next_mergeable;
	pending->mergeable = false;
}

void call_index_remove(struct call_index *index, struct pending_call *pending)
{
	struct pending_call **at = &index->by_id[id_bucket(&pending->id)];

	while (*at != pending)
		at = &(*at)->next_by_id;
	*at = pending->next_by_id;
	call_index_stop_merging(index, pending);
}

struct pending_call *call_index_chain(const struct call_index *index, const struct uuid *id)
{
	return index->by_id[id_bucket(id)];
}

static bool can_join(const struct pending_call *pending, const struct pending_call *existing)
{
	return existing->due_us + merge_slack_us >= pending->due_us;
}

enum status call_index_find_equal(const struct call_index *index, const struct pending_call *pending,
				  struct pending_call **ret_existing)
{
	struct pending_call *at = call_index_chain(index, &pending->id);

	for (; at != NULL; at = at->next_by_id) {
		if (!uuid_equal(&at->id, &pending->id))
			continue;
		if (!pending_call_repeats(at, pending))
			return E_KEY_REUSED;
		if (!can_join(pending, at))
			continue;
		*ret_existing = at;
		return OK;
	}
	if (!pending->mergeable)
		return E_NOT_FOUND;
	for (at = index->mergeable[content_bucket(pending)]; at != NULL; at = at->next_mergeable) {
		if (!pending_call_equals(at, pending) || !can_join(pending, at))
			continue;
		*ret_existing = at;
		return OK;
	}
	return E_NOT_FOUND;
}
