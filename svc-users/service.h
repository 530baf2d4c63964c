/* What the files of svc-users know of each other: stores, reads, what is prepared, start. */
#ifndef USERS_SERVICE_H
#define USERS_SERVICE_H

#include "comanda/replay.h"
#include "comanda/service.h"
#include "users/domain/users.h"
#include "users/settings.h"

extern const struct service users_service;
extern const struct replay_spec users_replay_spec; /* what it said, back to what it decided */
extern const struct migration users_migrations[];

/* ---- stores.c ---- */

extern const struct store user_store, buyer_store, email_claim_store, session_store;

/* The columns that user_read takes, in this order. */
#define USER_COLUMNS "id, email, name, role, status, password_hash, session_epoch, version, created_at, updated_at"
void user_read(const struct rows *rows, int row, struct arena *arena, void *ret_user);

/* ---- read_users.c: users.get, users.list, users.keys ---- */

read_function read_users, list_users, read_keys;

/* ---- prepare.c: what comes before a decision, and its facts (users.h) ---- */

prepare_function prepare_registration, prepare_change, prepare_sign_in, prepare_refresh;

/* ---- first_admin.c ---- */

/* Makes the admin that the settings name, unless somebody has the address. Safe with several replicas starting at
 * once. */
must_check enum status first_admin_install(const struct users_settings *settings, struct db *db);

#endif
