/* Sending requests to services: the contract, calls, and JSON. */
#ifndef COMANDA_RPC_H
#define COMANDA_RPC_H

#include "core/message.h"
#include "rpc/rpc.h"
#include "json/json.h"
#include "json/scan.h"

#endif
