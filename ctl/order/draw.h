/* An order's story drawn: services as columns, time downwards. 80 columns of a terminal. */
#ifndef CTL_ORDER_DRAW_H
#define CTL_ORDER_DRAW_H

#include "ctl/order/timeline.h"

void story_draw(const struct order_story *story);
void story_json(const struct order_story *story);

#endif
