/* IP addresses and lists of them, as texts. */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include <stdbool.h>

/* Whether `list` ("127.0.0.1, 10.0.0.0/8, ::1") contains the address or a network of it. Elements that are not
 * addresses match nothing. */
bool address_listed(const char *list, const char *address);

/* The fault of a list of addresses, as a text for people; NULL: none. */
const char *address_list_fault(const char *list);

#endif
