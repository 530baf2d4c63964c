/* TLS 1.2 and 1.3 for the HTTP server, by OpenSSL. Private to http/.
 *
 * civetweb loads OpenSSL by the names libssl.so and libcrypto.so, and needs a function that OpenSSL 3 has renamed. Two
 * small libraries of Comanda have these names: libcomanda-ssl.so and libcomanda-crypto.so. They lie in lib/ (built) or
 * lib/comanda/ (installed), beside the program's bin/. They are loaded first, so that the loader takes them. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "core/status.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* `certificate`: a PEM file with the server's certificate and then its intermediates. `key`: a PEM file with the
 * private key. E_INVALID: one of them cannot be used, and the log says why. */
must_check enum status http_tls_new(const char *certificate, const char *key, struct ssl_ctx_st **ret_tls);
void http_tls_free(struct ssl_ctx_st *tls);

#endif
