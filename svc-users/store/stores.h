/* How the aggregates of svc-users are stored in PostgreSQL: one table per kind. */
#ifndef USERS_STORE_STORES_H
#define USERS_STORE_STORES_H

#include "comanda/service.h"
#include "users/domain/user.h"

/* In locking order: who gets the e-mail claim decides a registration. */
extern const struct store email_claim_store, user_store, buyer_store, session_store;

/* The columns of an account, in the order that user_read takes them. */
#define USER_COLUMNS "id, email, name, role, status, password_hash, session_epoch, version, created_at, updated_at"
/* Fills a struct user from one row. Its texts live in the arena. */
void user_read(const struct rows *rows, int row, struct arena *arena, void *ret_user);

#endif
