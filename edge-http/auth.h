/* Verification of bearer tokens with the keys of svc-users.
 *
 * A thread of its own fetches the keys at the start and then once per minute, so that requests do not wait for that. A
 * request fetches the keys itself when there are none yet, or when its token names an unknown key (at most once per few
 * seconds). One thread fetches at a time, and no other thread waits for it: svc-users may hang. A verified token is
 * cached until it expires. */
#ifndef EDGE_AUTH_H
#define EDGE_AUTH_H

#include "comanda/rpc.h"

struct auth;

/* Fetches the key set, {"keys":[…]} as JSON, into the arena. */
typedef enum status fetch_keys_function(void *context, struct arena *arena, struct span *ret_jwks);

struct auth *auth_new(fetch_keys_function *fetch, void *context);
void auth_free(struct auth *auth);

/* Whether the first keys have arrived. Once true, it stays true. */
bool auth_has_keys(struct auth *auth);

/* Whether this token was verified before and is still valid. Costs no signature check. */
bool auth_remembers(struct auth *auth, const char *token, struct caller *ret_caller);

/* From any thread. E_UNAUTHENTICATED: the token is not valid. E_UNAVAILABLE: there are no keys to verify it with, or
 * another thread is fetching a key that it may need. */
must_check enum status auth_verify(struct auth *auth, const char *token, struct arena *arena,
				   struct caller *ret_caller);

#endif
