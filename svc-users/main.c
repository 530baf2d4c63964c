/* svc-users: accounts, sign-in, and whether a person may buy. */
#include "users/service.h"

int main(int argc, char **argv)
{
	return service_run(&users_service, argc, argv);
}
