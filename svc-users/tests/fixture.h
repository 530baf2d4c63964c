/* The fixture for tests of decisions: rows in memory, a clock, and one decision at a time, with load and save as in a
 * consumer. Only what the keys of a handler name is loaded, so a decision that needs more fails here. */
#ifndef USERS_TESTS_FIXTURE_H
#define USERS_TESTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "users/usecases/decisions.h"

enum { FIXTURE_ROWS = 64 };

struct fixture {
	struct arena arena;
	struct {
		const struct aggregate *kind;
		struct uuid id;
		void *data;
	} rows[FIXTURE_ROWS];
	size_t count;
	int64_t now_us;
	unsigned messages;
	struct unit *unit; /* of the last decision */
};

int fixture_open(void **state);
int fixture_close(void **state);

struct act {
	keys_function *keys;
	decide_function *decide;
};
extern const struct act registering, installing, changing, disabling, signing_in, refreshing, signing_out, answering;

/* Decides a message, and saves the result. */
struct decision_result fixture_decide(struct fixture *fixture, struct act act, struct caller caller, const void *body,
				      const void *prepared);

/* An aggregate as it is now; NULL: there is none. */
const void *fixture_find(const struct fixture *fixture, const struct aggregate *kind, const struct uuid *id);
/* The events of the last decision. */
size_t fixture_events(const struct fixture *fixture, const struct output **ret_events);

extern const struct caller nobody;
struct caller caller_of(const struct user *user);

/* Registers an account (an admin's, by the operator) with the password hash "hash of <name>". */
const struct user *fixture_user(struct fixture *fixture, const char *name);
const struct user *fixture_admin(struct fixture *fixture, const char *name);
/* The account as it is now. */
const struct user *user_now(const struct fixture *fixture, const struct user *user);

/* Tokens whose refresh token's hash is all `mark`. */
struct issued_tokens tokens_marked(struct uuid session_id, uint8_t mark);
struct token_hash hash_marked(uint8_t mark);
/* Signs in with tokens marked `mark`; returns the session's id. */
struct uuid fixture_session(struct fixture *fixture, const struct user *user, uint8_t mark);

/* A refusal with this status and code, and no event. */
void assert_refused(const struct fixture *fixture, struct decision_result decision, enum status status,
		    const char *code);
/* One event of this type, about this account, with its version. */
void assert_published(const struct fixture *fixture, int type, const struct user *user);
void assert_nothing_published(const struct fixture *fixture);

#endif
