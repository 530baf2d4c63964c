/* The settings of svc-users, and the keys that are made of them. */
#ifndef USERS_SETTINGS_H
#define USERS_SETTINGS_H

#include "comanda/service.h"
#include "jwt/token.h"

struct users_settings {
	const char *first_admin_email, *first_admin_password; /* "": none */
	const char *token_key, *token_key_other;              /* PEM; other "": none */
	int64_t access_token_us, refresh_token_us;
	struct service_settings service;

	/* made at start, then only read */
	struct token_key *signing_key, *other_key; /* other_key NULL: none */
};

extern const struct setting users_settings_table[];

/* Loads the keys that are not loaded yet. E_INVALID, with a line in the log that says which setting is wrong, where
 * that is not possible. */
must_check enum status users_keys_load(struct users_settings *settings);
void users_keys_free(struct users_settings *settings);

#endif
