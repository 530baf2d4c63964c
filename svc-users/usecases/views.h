/* The account between the domain's struct (user.h) and the contract's (messages.h). */
#ifndef USERS_USECASES_VIEWS_H
#define USERS_USECASES_VIEWS_H

#include "proto/messages.h"
#include "users/domain/user.h"

/* The account as REST and events show it: never a credential. Texts are the user's. */
struct user_view user_view_of(const struct user *user);

#endif
