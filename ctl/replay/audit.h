/* What a forced replay leaves behind: the event operator.replayed. */
#ifndef CTL_REPLAY_AUDIT_H
#define CTL_REPLAY_AUDIT_H

#include "amqp/broker.h"
#include "ctl/replay/plan.h"
#include "proto/messages.h"

/* Tells it to `events`, and waits until the broker has it. False after saying what is wrong. */
bool replay_audit(struct broker *broker, const struct replay_plan *plan, const char *reason);

#endif
