/* What is made before a decision, outside any transaction: hashes, random tokens, signatures.
 *
 * Each function puts the facts of usecases/decisions.h into query->message.prepared. The decision judges the facts. If
 * the account has changed since, the decision returns E_RETRY and the facts are made again. Each function may block for
 * tens of milliseconds. Errors: what the database says, and E_UNAVAILABLE if there is no memory for a hash. */
#ifndef USERS_CREDENTIALS_PREPARE_H
#define USERS_CREDENTIALS_PREPARE_H

#include "users/credentials/tokens.h"

prepare_function registration_prepare; /* users.register */
prepare_function password_prepare;     /* users.change with a password */
prepare_function revocation_prepare;   /* tokens.revoke */

/* tokens.grant, tokens.refresh: as prepare_function, with what tokens are made with. */
enum status sign_in_prepare(struct txn *txn, struct query *query, const struct token_settings *settings);
enum status refresh_prepare(struct txn *txn, struct query *query, const struct token_settings *settings);

#endif
