/* Prints the timeline of an order. */
#ifndef CTL_ORDER_TIMELINE_PRINT_H
#define CTL_ORDER_TIMELINE_PRINT_H

#include "ctl/order/timeline.h"

/* For a person: services as columns, time downwards. Three services fit 80 columns of a terminal. */
void timeline_draw(const struct order_timeline *timeline);
/* For programs: one JSON object. */
void timeline_json(const struct order_timeline *timeline);

#endif
