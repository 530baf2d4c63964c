/* Accounts, sign-in, and "may this person buy?": the aggregates, and every decision about them. Pure: what needs a
 * clock, a random source, a key or a slow hash was made before the decision and comes with the message as facts. */
#ifndef USERS_DOMAIN_USERS_H
#define USERS_DOMAIN_USERS_H

#include "core/unit.h"
#include "proto/messages.h"

/* ---- aggregates ---- */

struct user {
	struct uuid id;
	const char *email, *name;
	int role, status; /* enum user_role, enum user_status */
	const char *password_hash;
	int64_t session_epoch; /* sessions that began under an older one have ended */
	int64_t version, created_at, updated_at;
};

/* Who holds an e-mail address. Its id stands for the address, so that a taken one is found by loading it, and two
 * registrations at the same instant meet in one row. */
struct email_claim {
	struct uuid id, user_id;
};

/* BLAKE2b-256 of a refresh token: 256 random bits need no slow hash. */
struct token_hash {
	uint8_t bytes[32];
};

/* A sign-in, and the family of refresh tokens that came of it: one is good at a time. */
struct session {
	struct uuid id, user_id;
	struct token_hash current, previous; /* previous: until the first rotation, all zero */
	int64_t epoch;                       /* the user's session_epoch at sign-in */
	int64_t created_at, expires_at;
	int64_t rotated_at; /* INT_ABSENT: never */
	bool revoked;
};

extern const struct aggregate user_kind, email_claim_kind, session_kind;
/* A user (struct user) that is only looked at: loaded without a lock, never changed. */
extern const struct aggregate buyer_kind;

struct uuid email_claim_id(const char *email);
/* The account as others see it: never a credential. Texts are the user's. */
struct user_view user_view(const struct user *user);

/* ---- refresh tokens: "<session id>.<43 characters of base64url>" ---- */

enum { REFRESH_SECRET_TEXT = 43, REFRESH_TOKEN_TEXT = UUID_TEXT + 1 + REFRESH_SECRET_TEXT };

/* A rotated token whose successor was never used gives a new successor for this long: a lost answer must not sign the
 * user out. */
#define REFRESH_GRACE_US (60 * SECOND_US)

/* The session that a token names. E_MALFORMED: it is none of ours. */
must_check enum status refresh_token_session(const char *token, struct uuid *ret_session_id);

/* ---- facts: what was made before the decision ---- */

struct registration_facts {
	const char *password_hash;
};

/* A change of password. */
struct password_facts {
	const char *known_hash; /* the hash that the old password was held against; NULL: there was no account */
	bool matches;
	const char *new_hash;
};

/* Tokens, signed and hashed, that become real with the decision. */
struct issued_tokens {
	struct uuid session_id;
	struct token_hash hash; /* of the refresh token */
	int64_t lifetime_us;    /* of the refresh token */
	const struct token_view *view;
};

struct sign_in_facts {
	struct uuid user_id;  /* nil: nobody has this address, or not this password */
	int64_t user_version; /* of the account that the password was held against and the tokens speak of */
	bool matches;
	struct issued_tokens issued;
};

struct refresh_facts {
	struct uuid session_id, user_id; /* user_id nil: there is no such session */
	int64_t user_version;
	struct token_hash presented;
	struct issued_tokens issued;
};

/* ---- decisions, with what they touch ---- */

void registration_keys(struct keys *keys, const struct message *message);
enum status register_user(struct unit *unit, const struct message *message); /* users.register */
enum status install_admin(struct unit *unit, const struct message *message); /* the same, by the operator */

void user_change_keys(struct keys *keys, const struct message *message);
enum status change_user(struct unit *unit, const struct message *message); /* users.change */
void disable_keys(struct keys *keys, const struct message *message);
enum status disable_user(struct unit *unit, const struct message *message); /* users.disable */

void sign_in_keys(struct keys *keys, const struct message *message);
enum status sign_in(struct unit *unit, const struct message *message); /* tokens.grant */
void refresh_keys(struct keys *keys, const struct message *message);
enum status refresh_session(struct unit *unit, const struct message *message); /* tokens.refresh */
void sign_out_keys(struct keys *keys, const struct message *message);
enum status sign_out(struct unit *unit, const struct message *message); /* tokens.revoke */

void buyer_keys(struct keys *keys, const struct message *message);
enum status answer_order(struct unit *unit, const struct message *message); /* order.placed */

/* May `caller` see this account? The one rule that reading shares with changing. */
bool may_see(const struct caller *caller, const struct uuid *user_id);

#endif
