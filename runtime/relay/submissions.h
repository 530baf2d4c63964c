/* Batches on their way from consumers to the relay's thread, and back where a consumer waits for one. */
#ifndef RELAY_SUBMISSIONS_H
#define RELAY_SUBMISSIONS_H

#include <pthread.h>

#include "core/wake.h"
#include "store/outbox.h"

struct submissions {
	pthread_mutex_t mutex; /* guards what follows, and `over` of the batches */
	pthread_cond_t over;   /* a batch for which a consumer waits is over */
	struct outbox_batch *first, **end;
	bool sleeping;    /* the relay's thread polls `wake` */
	struct wake wake; /* a batch was added */
};

must_check enum status submissions_init(struct submissions *submissions);
void submissions_done(struct submissions *submissions);

/* From any thread. */
void submissions_add(struct submissions *submissions, struct outbox_batch *batch);
/* True: the batch is over. */
bool submissions_wait(struct submissions *submissions, struct outbox_batch *batch, int64_t until_us);

/* From the relay's thread. */

/* All batches that were added, linked by `next`; NULL: none. */
struct outbox_batch *submissions_take(struct submissions *submissions);
/* The batch is over: wakes the consumer that waits for it. */
void submissions_set_over(struct submissions *submissions, struct outbox_batch *batch);
/* True: nothing was added, and from now on submissions_add makes wake.fd readable. Then submissions_awake must follow.
 */
bool submissions_sleep(struct submissions *submissions);
/* `woken`: wake.fd is readable. */
void submissions_awake(struct submissions *submissions, bool woken);

#endif
