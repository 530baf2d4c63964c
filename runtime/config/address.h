/* Addresses of machines, as text, and lists of them. */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include <stdbool.h>

/* Whether `list` ("127.0.0.1, 10.0.0.0/8, ::1") has the address, by itself or within a network. Elements that are no
 * addresses match nothing. */
bool address_listed(const char *list, const char *address);

/* What is wrong with a list of addresses; NULL: nothing. For settings. */
const char *address_list_fault(const char *list);

#endif
