/* svc-orders as a whole: its tables, for main.c and for the sandbox, which replays its decisions. */
#ifndef ORDERS_SERVICE_H
#define ORDERS_SERVICE_H

#include "comanda/replay.h"

extern const struct service orders_service;
extern const struct replay_spec orders_replay_spec;

#endif
