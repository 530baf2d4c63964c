/* Counting what is begun and ended. */
#include "relay/admission_control.h"

#define STALLED_US SECOND_US     /* nothing has ended for so long: waiting does not help */
#define REST_US    (250 * MS_US) /* the longest rest at a time */

void pace_init(struct pace *pace, int64_t open_max)
{
	pace->open_max = open_max;
	atomic_init(&pace->open, 0);
	atomic_init(&pace->ended_at, 0);
	atomic_init(&pace->begun, 0);
	atomic_init(&pace->ended, 0);
}

void pace_heard(struct pace *pace, int64_t begun, int64_t ended)
{
	const int64_t more = begun - ended;

	if (ended > 0)
		atomic_store(&pace->ended_at, moment_steady());
	const int64_t open = atomic_fetch_add(&pace->open, more) + more;
	/* A backlog that others had begun, or we before a restart, is no credit for as much at once. */
	if (open < -pace->open_max)
		atomic_fetch_add(&pace->open, -pace->open_max - open);
}

void pace_note(struct pace *pace, const struct unit *unit)
{
	const struct deadline *deadlines;
	const int64_t count = (int64_t)unit_deadlines(unit, &deadlines);
	int64_t ended = 0;

	for (int64_t i = 0; i < count; i++)
		ended += deadlines[i].due_us == INT64_MIN;
	atomic_fetch_add(&pace->begun, count - ended);
	atomic_fetch_add(&pace->ended, ended);
	pace_heard(pace, count - ended, ended);
}

void pace_at_most(struct pace *pace, int64_t open)
{
	const int64_t counted = atomic_load(&pace->open);

	if (counted > open)
		atomic_fetch_sub(&pace->open, counted - open);
}

bool pace_rests(struct pace *pace, int64_t since_us)
{
	const int64_t now = moment_steady(), open = atomic_load(&pace->open);

	if (open <= pace->open_max)
		return false;
	if (now - atomic_load(&pace->ended_at) < STALLED_US)
		return now - since_us < REST_US;
	atomic_fetch_sub(&pace->open, open); /* whoever was to end it is away: when he is back, we count anew */
	return false;
}
