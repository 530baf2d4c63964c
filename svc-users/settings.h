/* The settings of svc-users: its own and those of every service. */
#ifndef USERS_SETTINGS_H
#define USERS_SETTINGS_H

#include "comanda/service.h"
#include "users/credentials/first_admin.h"
#include "users/credentials/tokens.h"

struct users_settings {
	struct service_settings service;
	struct token_settings tokens;
	struct first_admin first_admin;
};

extern const struct setting users_settings_table[];

#endif
