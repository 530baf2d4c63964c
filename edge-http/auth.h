/* Who calls: bearer tokens, verified against the keys of svc-users.
 *
 * A thread that nobody waits for asks for the keys from the start until it has them, and then each minute. A request
 * asks by itself where there are none yet, or where its token names a key that is not among them (at most every few
 * seconds). A token that was verified is remembered until it expires. */
#ifndef EDGE_AUTH_H
#define EDGE_AUTH_H

#include "core/message.h"

struct auth;

/* Asks for the key set: {"keys":[…]} as JSON in the arena. */
typedef enum status fetch_keys_function(void *context, struct arena *arena, struct span *ret_jwks);

struct auth *auth_new(fetch_keys_function *fetch, void *context);
void auth_free(struct auth *auth);

/* Once true, always true. */
bool auth_has_keys(struct auth *auth);

/* Any thread may ask. E_UNAUTHENTICATED: not a token to believe; E_UNAVAILABLE: nobody can tell, the keys cannot be
 * had. */
must_check enum status auth_verify(struct auth *auth, const char *token, struct arena *arena,
				   struct caller *ret_caller);

#endif
