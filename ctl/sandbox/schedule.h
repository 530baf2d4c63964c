/* An order in which each decision follows those that it depends on, and is otherwise by time. */
#ifndef CTL_SANDBOX_SCHEDULE_H
#define CTL_SANDBOX_SCHEDULE_H

#include "ctl/sandbox/plan.h"

struct schedule;

struct schedule *schedule_new(void);
void schedule_free(struct schedule *schedule);
/* Decision `to` depends on decision `from`: indices of plan->decisions. */
void schedule_edge(struct schedule *schedule, size_t from, size_t to);
/* Fills plan->in_order. False: the edges contain a cycle. */
bool schedule_run(const struct schedule *schedule, struct plan *plan);

#endif
