/* Counting what is begun and ended. */
#include "relay/admission_control.h"

#define STALLED_US SECOND_US     /* nothing has ended for so long: waiting does not help */
#define REST_US    (250 * MS_US) /* the longest rest at a time */

void admission_init(struct admission *admission, int64_t max_pending)
{
	admission->max_pending = max_pending;
	atomic_init(&admission->open, 0);
	atomic_init(&admission->ended_at, 0);
	atomic_init(&admission->begun, 0);
	atomic_init(&admission->ended, 0);
}

void admission_add_remote(struct admission *admission, int64_t begun, int64_t ended)
{
	const int64_t more = begun - ended;

	if (ended > 0)
		atomic_store(&admission->ended_at, monotonic_now());
	const int64_t open = atomic_fetch_add(&admission->open, more) + more;
	/* A backlog that others had begun, or we before a restart, is no credit for as much at once. */
	if (open < -admission->max_pending)
		atomic_fetch_add(&admission->open, -admission->max_pending - open);
}

void admission_count(struct admission *admission, const struct unit *unit)
{
	const struct deadline *deadlines;
	const int64_t count = (int64_t)unit_deadlines(unit, &deadlines);
	int64_t ended = 0;

	for (int64_t i = 0; i < count; i++)
		ended += deadlines[i].due_us == INT64_MIN;
	atomic_fetch_add(&admission->begun, count - ended);
	atomic_fetch_add(&admission->ended, ended);
	admission_add_remote(admission, count - ended, ended);
}

void admission_cap(struct admission *admission, int64_t open)
{
	const int64_t counted = atomic_load(&admission->open);

	if (counted > open)
		atomic_fetch_sub(&admission->open, counted - open);
}

bool admission_throttled(struct admission *admission, int64_t since_us)
{
	const int64_t now = monotonic_now(), open = atomic_load(&admission->open);

	if (open <= admission->max_pending)
		return false;
	if (now - atomic_load(&admission->ended_at) < STALLED_US)
		return now - since_us < REST_US;
	atomic_fetch_sub(&admission->open, open); /* whoever was to end it is away: when he is back, we count anew */
	return false;
}
