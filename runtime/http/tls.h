/* TLS for the HTTP server: TLS 1.2 or newer, with the ciphers that OpenSSL takes for good. Private to the server.
 *
 * civetweb looks for OpenSSL by the names libssl.so and libcrypto.so, and for a function that OpenSSL 3 has renamed.
 * Two small libraries have these names (libcomanda-ssl.so and -crypto.so; beside the program's bin/, as built in lib/,
 * as installed in lib/comanda/); they are loaded before, and the loader takes a library that is there already. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "core/status.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* `certificate`: a PEM file with the server's certificate and those that vouch for it, in this order; `key`: a PEM file
 * with its private key. E_INVALID, with a line in the log that says what is wrong. */
must_check enum status http_tls_new(const char *certificate, const char *key, struct ssl_ctx_st **ret_tls);
void http_tls_free(struct ssl_ctx_st *tls);

#endif
