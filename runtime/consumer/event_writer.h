/* Letters: what a turn writes to the outbox. Events, dead letters, messages to look at later. */
#ifndef RT_LETTERS_H
#define RT_LETTERS_H

#include "consumer/consumer.h"

/* Everything that the unit's decisions said, as events. */
void letters_events(struct lane *lane, struct parcel *parcel, const struct unit *unit);

/* The event as it came, to <house>.dead, with what is wrong with it in its headers. */
void letter_dead(struct lane *lane, struct parcel *parcel, const struct item *item, const struct refusal *refusal);
/* The event as it came, back to our own queue after a pause; dead after ten minutes of that. For what a newer build may
 * know. */
void letter_later(struct lane *lane, struct parcel *parcel, const struct item *item, const struct refusal *refusal);
/* The same dead letter in a transaction of its own, together with the event's claim. The item is done. */
must_check enum status letter_dead_alone(struct lane *lane, struct item *item, const struct refusal *refusal);

#endif
