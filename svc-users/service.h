/* svc-users as a whole: its tables, for main.c and for the sandbox, which replays its decisions. */
#ifndef USERS_SERVICE_H
#define USERS_SERVICE_H

#include "comanda/replay.h"

extern const struct service users_service;
extern const struct replay_spec users_replay_spec;

#endif
