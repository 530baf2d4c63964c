/* The Lua scripts of the cache, each one atomic step in Redis, and the states of a key. Private to the cache.
 *
 * A key holds one of these states:
 *   V<epoch>:<sequence>|<bytes>                    a value that a reader has filled in
 *   V<epoch>:<sequence>w|<bytes>                   a value that a writer has left; whether it is read is not known
 *   L<lease, 16 hex digits>                        a reader has the lease; no other reader may fill the key
 *   F<seen>,<doubt>;<token>@<until ms>;...         fenced by the writers with these tokens, each until its time or
 *                                                  until that writer has written
 *
 * Each fence has a token, so that a writer lifts only its own. `seen` is the highest sequence that was written or
 * replaced meanwhile. The last writer that lifts its fence puts its value only if its sequence is at least that.
 * `doubt` is 1 if a fence has expired: whether its writer has committed is not known. The last writer then removes the
 * key, and the next reader gets the value from the database. A writer whose own fence has expired never puts a value.
 *
 * A writer that finds the value of another writer does not put a third one. A value that is written again and again and
 * never read costs more here than in the database. */
#ifndef REDIS_SCRIPTS_H
#define REDIS_SCRIPTS_H

enum cache_script { SCRIPT_READ, SCRIPT_FILL, SCRIPT_FENCE, SCRIPT_WRITE, SCRIPT_COUNT };

extern const char *const cache_scripts[SCRIPT_COUNT];

#endif
