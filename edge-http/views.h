/* The two members that the edge needs of a reply. It passes the rest on as it is. */
#ifndef EDGE_VIEWS_H
#define EDGE_VIEWS_H

#include "comanda/rpc.h"

/* The id of a user, product or order. E_NOT_FOUND: the JSON is not an object with an id. */
must_check enum status view_id(struct span view, char ret_id[static UUID_TEXT + 1]);
/* Its version. INT_ABSENT: it has none. */
int64_t view_version(struct span view);

#endif
