/* How states of an order are shown. */
#ifndef CTL_ORDER_ORDER_STATE_H
#define CTL_ORDER_ORDER_STATE_H

#include "ctl/cli/terminal.h"
#include "orders/domain/saga.h"

/* Green for confirmed, red for the other ends, yellow for an open order. */
enum tint order_state_tint(enum order_state state);
/* The services whose answers an open order waits for: "users and products"; NULL for an order that has ended. */
const char *order_state_waits_for(enum order_state state);

#endif
