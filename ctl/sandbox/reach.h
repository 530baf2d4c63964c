/* Whether the log reaches back to the beginning of the live database. */
#ifndef CTL_SANDBOX_REACH_H
#define CTL_SANDBOX_REACH_H

#include "comanda/replay.h"
#include "ctl/sandbox/history.h"

/* False after an error message: the live database has an aggregate that is older than the first event of the log. That
 * is so after the log was lost. */
bool reach_check(const struct history *history, const struct replay_spec *spec, struct db *live);

#endif
