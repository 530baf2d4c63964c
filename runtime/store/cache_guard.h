/* The cache around a turn that writes: fenced before the commit, written through after it. Where Redis cannot be told,
 * the epoch of cached values is raised in the same transaction (cache_epoch.h), and answers wait for the readers. */
#ifndef STORE_CACHE_GUARD_H
#define STORE_CACHE_GUARD_H

#include "consumer/consumer.h"

/* At the start of a turn that reads or writes what is cached. */
void cache_guard_refresh(struct consumer *consumer);

/* Before the turn's other statements of the save: fences, or queues the raise of the epoch. Says which entries are
 * wanted.
 */
void cache_guard_before(struct consumer *consumer, struct cache_entry *entries, size_t count);
/* Takes the raise's result, where there was one: before those of the other statements. */
must_check enum status cache_guard_read(struct consumer *consumer);
/* After COMMIT: writes through; or returns once no reader holds the old epoch. */
void cache_guard_after(struct consumer *consumer, const struct cache_entry *entries, size_t count);

#endif
