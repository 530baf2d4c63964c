/* Serving HTTP: the server, bearer tokens, percent-encoding. */
#ifndef COMANDA_HTTP_H
#define COMANDA_HTTP_H

#include "core/percent.h"
#include "core/utf8.h"
#include "http/http.h"
#include "jwt/token.h"

#endif
