/* IP addresses and lists of them, as texts. */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include <stdbool.h>

enum { ADDRESS_CLIENT = 64 }; /* bytes of a client's text */

/* Whether `list` ("127.0.0.1, 10.0.0.0/8, ::1") contains the address or a network of it. Elements that are not
 * addresses match nothing. */
bool address_listed(const char *list, const char *address);

/* Writes what stands for one client: an IPv4 address, or the first 64 bits of an IPv6 address ("2001:db8::/64"). One
 * client can use all addresses of its /64. An IPv4 address that is mapped into IPv6 is the IPv4 address. A port or
 * brackets are left out. Other text is cut. */
void address_client(const char *address, char ret_client[static ADDRESS_CLIENT]);

/* The fault of a list of addresses, as a text for people; NULL: none. */
const char *address_list_fault(const char *list);

#endif
