/* What svc-users decides: one function per message, named by the tables in handlers.c. All decisions are pure
 * (comanda/unit.h).
 *
 * A decision needs no clock, random source, key or slow hash. What these make is made before the decision
 * (credentials/prepare.c) and comes with the message as a struct ..._facts in `message->prepared`. */
#ifndef USERS_USECASES_DECISIONS_H
#define USERS_USECASES_DECISIONS_H

#include "proto/messages.h"
#include "users/domain/session.h"

/* The name in derived ids, and the broker's user. */
#define USERS_SERVICE "svc-users"

/* ---- aggregates, in locking order: who gets the e-mail claim decides a registration ---- */

extern const struct aggregate email_claim_kind; /* struct email_claim */
extern const struct aggregate user_kind;        /* struct user */
extern const struct aggregate buyer_kind;       /* struct user, read without a lock and never changed */
extern const struct aggregate session_kind;     /* struct session */

/* ---- facts ---- */

/* Of users.register. */
struct registration_facts {
	const char *password_hash;
};

/* Of users.change with a password. */
struct password_facts {
	const char *known_hash; /* the hash that the old password was compared with; NULL: there was no account */
	bool matches;
	const char *new_hash;
};

/* Tokens, signed and hashed, that become valid with the decision. */
struct issued_tokens {
	struct uuid session_id;
	struct token_hash hash; /* of the refresh token */
	int64_t lifetime_us;    /* of the refresh token */
	const struct token_view *view;
};

/* Of tokens.grant. */
struct sign_in_facts {
	struct uuid user_id;  /* nil: no account has this address and this password */
	int64_t user_version; /* of the account whose password was compared and whose role is in the tokens */
	bool matches;
	struct issued_tokens issued;
};

/* Of tokens.refresh. */
struct refresh_facts {
	struct uuid session_id, user_id; /* user_id nil: there is no such session */
	int64_t user_version;            /* of the account whose role is in the tokens */
	struct token_hash presented;
	struct issued_tokens issued;
};

/* Of tokens.revoke. */
struct revocation_facts {
	struct uuid session_id; /* the session that the refresh token names; nil: it is malformed */
	struct token_hash presented;
};

/* ---- decisions, with the aggregates that they touch ---- */

keys_function registration_keys;
decide_function register_user; /* users.register */
decide_function install_admin; /* the same with the role admin: for first_admin.c, not for a message */

keys_function user_change_keys;
decide_function change_user; /* users.change */
keys_function disable_keys;
decide_function disable_user; /* users.disable */

keys_function sign_in_keys;
decide_function sign_in; /* tokens.grant */
keys_function refresh_keys;
decide_function refresh_session; /* tokens.refresh */
keys_function sign_out_keys;
decide_function sign_out; /* tokens.revoke */

keys_function buyer_keys;
decide_function verify_buyer; /* order.placed */

#endif
