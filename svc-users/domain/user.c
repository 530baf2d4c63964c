/* The rules of one account. */
#include "users/domain/user.h"

#include "proto/roles.h"

#include <string.h>

struct uuid email_claim_id(const char *email)
{
	return uuid_of_text("email", email, strlen(email));
}

bool user_is_owner(const struct caller *caller, const struct uuid *user_id)
{
	return caller->role != CALLER_NOBODY && uuid_equal(&caller->user_id, user_id);
}

bool user_visible_to(const struct uuid *user_id, const struct caller *caller)
{
	return caller->role == CALLER_ADMIN || user_is_owner(caller, user_id);
}
