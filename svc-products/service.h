/* svc-products as a whole: its tables, for its main.c and for who decides again what it decided. */
#ifndef PRODUCTS_SERVICE_H
#define PRODUCTS_SERVICE_H

#include "comanda/replay.h"

extern const struct service products_service;
extern const struct replay_spec products_replay_spec;

#endif
