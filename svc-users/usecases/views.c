/* The account between the domain's struct and the contract's. */
#include "users/usecases/views.h"

struct user_view user_view_of(const struct user *user)
{
	return (struct user_view){
		.id = user->id,
		.email = user->email,
		.name = user->name,
		.role = user->admin ? ROLE_ADMIN : ROLE_CUSTOMER,
		.status = user->disabled ? USER_INACTIVE : USER_ACTIVE,
		.created_at = user->created_at,
		.updated_at = user->updated_at,
		.version = user->version,
	};
}
