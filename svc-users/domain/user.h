/* An account, and the unique claim of its e-mail address. */
#ifndef USERS_DOMAIN_USER_H
#define USERS_DOMAIN_USER_H

#include "comanda/unit.h"

/* The aggregate. Texts are replaced, never changed in place. */
struct user {
	struct uuid id;
	const char *email, *name; /* the e-mail address in lower case */
	bool admin;               /* otherwise a customer */
	bool disabled;            /* cannot sign in and cannot buy */
	const char *password_hash;
	int64_t session_epoch; /* a session that began under an older epoch has ended */
	int64_t version;       /* 1 when registered; every change adds one */
	int64_t created_at, updated_at;
};

/* The unique claim of an e-mail address: an aggregate of its own, whose id is derived from the address. A decision
 * finds a taken address by loading the claim. Two registrations at the same instant meet in one row. */
struct email_claim {
	struct uuid id, user_id;
};

struct uuid email_claim_id(const char *email);

/* Whether the caller is the account's owner, by a verified token. */
bool user_is_owner(const struct caller *caller, const struct uuid *user_id);
/* Whether the caller may see the account: its owner and admins may. Reading and changing share this rule. */
bool user_visible_to(const struct uuid *user_id, const struct caller *caller);

#endif
