/* struct txn: the database connection, the memory and the caches of one thread. The thread uses it for one batch after
 * another, and a batch uses it for one or more transactions. It lives as long as the thread; only its arena is reset
 * between batches.
 *
 * Stores, inbox, deadlines, cache guard and event writer get a txn and know nothing of the consumer. */
#ifndef STORE_TXN_H
#define STORE_TXN_H

#include "comanda/service.h"
#include "store/cache/cache_epoch.h"

struct aggregate_cache;

struct txn {
	const struct service *service;
	const void *settings; /* the program's */
	const char *name;     /* label of metrics: the consumer's name in its configuration */
	struct db *db;
	struct cache *cache;
	bool has_cache;                          /* a Redis is configured */
	struct aggregate_cache *aggregate_cache; /* NULL: none */
	struct arena arena;
	struct buffer scratch;
	struct cache_epoch epoch; /* of cached values, as this connection knows it */
	bool epoch_raised;        /* by the transaction under way */
};

/* Zeroed before. The other fields are the caller's to fill. */
void txn_init(struct txn *txn, const struct service *service, const void *settings);
/* Frees the memory. `db` and both caches stay the caller's. */
void txn_done(struct txn *txn);

static inline const struct message_type *txn_type(const struct txn *txn, int type)
{
	return &txn->service->contract->types[type];
}

#endif
