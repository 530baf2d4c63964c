/* Counting what begins and ends. */
#include "relay/admission_control.h"

#define STALLED_US SECOND_US     /* nothing has ended for so long: a pause does not help */
#define PAUSE_US   (250 * MS_US) /* the longest pause at a time */

void admission_init(struct admission *admission, int64_t max_pending)
{
	admission->max_pending = max_pending;
	atomic_init(&admission->pending, 0);
	atomic_init(&admission->ended_at, 0);
}

void admission_count(struct admission *admission, const struct unit *unit)
{
	const struct deadline *deadlines;
	const int64_t count = (int64_t)unit_deadlines(unit, &deadlines);
	int64_t ended = 0;

	for (int64_t i = 0; i < count; i++)
		ended += deadlines[i].due_us == INT64_MIN;
	const int64_t more = count - 2 * ended; /* what has begun, less what has ended */
	if (ended > 0)
		atomic_store(&admission->ended_at, monotonic_now());
	const int64_t pending = atomic_fetch_add(&admission->pending, more) + more;
	/* This process may end what another replica has begun, or what it had begun itself before a restart. That must
	 * not let it begin as many at once. */
	if (pending < -admission->max_pending)
		atomic_fetch_add(&admission->pending, -admission->max_pending - pending);
}

void admission_cap(struct admission *admission, int64_t pending)
{
	const int64_t counted = atomic_load(&admission->pending);

	if (counted > pending)
		atomic_fetch_sub(&admission->pending, counted - pending);
}

bool admission_throttled(struct admission *admission, int64_t since_us)
{
	const int64_t now = monotonic_now(), pending = atomic_load(&admission->pending);

	if (pending <= admission->max_pending)
		return false;
	if (now - atomic_load(&admission->ended_at) < STALLED_US)
		return now - since_us < PAUSE_US;
	/* The service that would end them is away: the count starts anew when it is back. */
	atomic_fetch_sub(&admission->pending, pending);
	return false;
}
