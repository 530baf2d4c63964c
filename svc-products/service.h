/* svc-products as a whole: its tables, for main.c and for the sandbox, which replays its decisions. */
#ifndef PRODUCTS_SERVICE_H
#define PRODUCTS_SERVICE_H

#include "comanda/replay.h"

extern const struct service products_service;
extern const struct replay_spec products_replay_spec;

#endif
