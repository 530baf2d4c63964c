/* A small world for decisions: aggregates at rest, a clock, and one decision at a time, loaded and saved as a consumer
 * does it. Only what a handler's keys name is loaded, so a decision that forgets one fails here. */
#ifndef USERS_TESTS_FIXTURE_H
#define USERS_TESTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "users/usecases/decisions.h"

enum { SCENE_ROOM = 64 };

struct scene {
	struct arena arena;
	struct {
		const struct aggregate *kind;
		struct uuid id;
		void *data;
	} things[SCENE_ROOM];
	size_t count;
	int64_t now_us;
	unsigned messages;
	struct unit *unit; /* of the last decision */
};

int scene_open(void **state);
int scene_close(void **state);

struct act {
	keys_function *keys;
	decide_function *decide;
};
extern const struct act registering, installing, changing, disabling, signing_in, refreshing, signing_out, answering;

/* Decides, and keeps what was decided. */
struct decision_result scene_act(struct scene *scene, struct act act, struct caller caller, const void *body,
				 const void *prepared);

/* An aggregate as it is now; NULL: there is none. */
const void *scene_find(const struct scene *scene, const struct aggregate *kind, const struct uuid *id);
/* The events of the last decision. */
size_t scene_events(const struct scene *scene, const struct output **ret_events);

extern const struct caller nobody;
struct caller caller_of(const struct user *user);

/* Registers an account (an admin's, by the operator) with the password hash "hash of <name>". */
const struct user *scene_user(struct scene *scene, const char *name);
const struct user *scene_admin(struct scene *scene, const char *name);
/* The account as it is now. */
const struct user *again(const struct scene *scene, const struct user *user);

/* Tokens whose refresh token's hash is all `mark`. */
struct issued_tokens tokens_marked(struct uuid session_id, uint8_t mark);
struct token_hash hash_marked(uint8_t mark);
/* Signs in with tokens marked `mark`; says the session. */
struct uuid scene_session(struct scene *scene, const struct user *user, uint8_t mark);

/* A refusal with this status and code, and nothing said to others. */
void assert_refused(const struct scene *scene, struct decision_result decision, enum status status, const char *code);
/* One event of this type, about this account, with its version. */
void assert_told(const struct scene *scene, int type, const struct user *user);
void assert_nothing_told(const struct scene *scene);

#endif
