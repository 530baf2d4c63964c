/* Prints differences. */
#ifndef CTL_TOPOLOGY_DIFFERENCE_PRINT_H
#define CTL_TOPOLOGY_DIFFERENCE_PRINT_H

#include "ctl/topology/differences.h"

/* For a person: what differs, and what repairs it. */
void difference_print(const struct difference *difference);
/* In one line. */
void difference_print_short(const struct difference *difference);
/* For programs. `repaired`: apply has just repaired it. */
void difference_json(const struct difference *difference, bool repaired);

/* Finds and prints all differences, by `print` or as JSON. Returns an exit code. */
int differences_print(void (*print)(const struct difference *difference), bool json);

#endif
