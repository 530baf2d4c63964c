/* An order's timeline drawn: services as columns, time downwards. 80 columns of a terminal. */
#ifndef CTL_ORDER_DRAW_H
#define CTL_ORDER_DRAW_H

#include "ctl/order/timeline.h"

void timeline_draw(const struct order_timeline *timeline);
void timeline_json(const struct order_timeline *timeline);

#endif
