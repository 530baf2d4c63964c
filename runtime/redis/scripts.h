/* What Redis does in one step, as Lua scripts; and how a key's value looks. Private to the cache.
 *
 * A key is one of:
 *   V<epoch>:<sequence>|<bytes>                    a value that a reader has filled in
 *   V<epoch>:<sequence>w|<bytes>                   a value that a writer has left; who read it is not known
 *   L<lease, 16 hex digits>                        somebody is filling it; nobody else may
 *   F<seen>,<doubt>;<token>@<until ms>;...         fenced by the writers with these tokens, until then or until they
 *                                                  have written
 *
 * Fences are counted by token, so that a writer lifts none but its own. `seen` is the highest sequence that was
 * written or replaced meanwhile: the last writer to lift its fence puts its value only if it is as new. `doubt` is 1
 * when a fence ran out unlifted: what its writer did is not known, so the last one removes the key instead, and the
 * next reader fetches the truth. A writer whose own fence has run out never puts a value.
 *
 * A value that a writer finds there as another writer left it is not followed by a third: what is written again and
 * again and never read would cost more here than in the database. */
#ifndef REDIS_SCRIPTS_H
#define REDIS_SCRIPTS_H

enum cache_script { SCRIPT_READ, SCRIPT_FILL, SCRIPT_FENCE, SCRIPT_WRITE, SCRIPT_COUNT };

extern const char *const cache_scripts[SCRIPT_COUNT];

#endif
