/* The audit event of a forced replay: operator.replayed. */
#ifndef CTL_REPLAY_AUDIT_H
#define CTL_REPLAY_AUDIT_H

#include "amqp/broker.h"
#include "ctl/replay/plan.h"
#include "proto/messages.h"

/* Publishes the event to the exchange `events`, and waits for the publisher confirm. Publishes nothing where no
 * delivery takes effect again. False after an error message. */
bool replay_audit(struct broker *broker, const struct replay_plan *plan, const char *reason);

#endif
