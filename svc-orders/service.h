/* svc-orders as a whole: its tables, for its main.c and for who decides again what it decided. */
#ifndef ORDERS_SERVICE_H
#define ORDERS_SERVICE_H

#include "comanda/replay.h"

extern const struct service orders_service;
extern const struct replay_spec orders_replay_spec;

#endif
