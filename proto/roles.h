/* The roles of callers: the names that the contract gives to `struct caller`'s role. */
#ifndef PROTO_ROLES_H
#define PROTO_ROLES_H

enum caller_role {
	CALLER_NOBODY, /* no access token */
	CALLER_CUSTOMER,
	CALLER_ADMIN
};
extern const char *const caller_role_names[]; /* "nobody", "customer", "admin", NULL */

#endif
