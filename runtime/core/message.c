/* Looking up the rows of a contract. */
#include "core/message.h"

#include <string.h>

int contract_find(const struct contract *contract, const char *name, int version)
{
	for (int i = 0; i < contract->count; i++)
		if ((version == 0 || contract->types[i].version == version) &&
		    strcmp(contract->types[i].name, name) == 0)
			return i;
	return -1;
}

int contract_role(const struct contract *contract, const char *name)
{
	for (int i = 0; contract->roles != NULL && contract->roles[i] != NULL; i++)
		if (strcmp(contract->roles[i], name) == 0)
			return i;
	return -1;
}

bool contract_may_answer(const struct contract *contract, const char *queue, const char *user)
{
	if (contract->responders == NULL)
		return true;
	for (const struct responder *responder = contract->responders; responder->queues != NULL; responder++)
		if (strncmp(queue, responder->queues, strlen(responder->queues)) == 0)
			return user != NULL && strcmp(user, responder->user) == 0;
	return false;
}
