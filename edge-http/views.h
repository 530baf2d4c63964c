/* What the edge looks at in a reply that it otherwise passes on as it came. */
#ifndef EDGE_VIEWS_H
#define EDGE_VIEWS_H

#include "core/schema.h"

/* The id of a view (user_view, product_view, order_view), which its field table puts first. E_NOT_FOUND elsewhere. */
must_check enum status view_id(struct span view, char ret_id[static UUID_TEXT + 1]);
/* Its version, which the field table puts last. INT_ABSENT elsewhere. Read from the end, because the hottest route of
 * all needs it, and it needs nothing else. */
int64_t view_version(struct span view);

#endif
