/* What is seen of a batch from outside: counts, durations, spans, log lines. The lane calls these; turns do not. */
#ifndef RT_TALLY_H
#define RT_TALLY_H

#include "consumer/consumer.h"

/* The batch has been taken: how long its messages have waited, and where each one's span begins. */
void tally_gathered(struct lane *lane);
/* Around the turn. Its own span is below that of a lone message; of several it is apart, and linked to each. */
void tally_turn_begin(struct lane *lane);
void tally_turn_end(struct lane *lane, bool settled);
/* The batch has been answered and acknowledged. */
void tally_settled(struct lane *lane);

#endif
