/* An order of decisions in which each comes after those that it rests on, otherwise by time. */
#ifndef CTL_SANDBOX_SCHEDULE_H
#define CTL_SANDBOX_SCHEDULE_H

#include "ctl/sandbox/plan.h"

struct schedule;

struct schedule *schedule_new(void);
void schedule_free(struct schedule *schedule);
/* `to` rests on `from`: numbers of decisions. */
void schedule_edge(struct schedule *schedule, size_t from, size_t to);
/* Fills plan->in_order. False: the edges go round in a circle. */
bool schedule_run(const struct schedule *schedule, struct plan *plan);

#endif
