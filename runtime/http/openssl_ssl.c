/* A library with the name libssl.so and one function. civetweb 1.15 looks up SSL_get_peer_certificate at run time.
 * OpenSSL 3 has renamed it, and civetweb would call NULL at the first handshake. */
#include <openssl/ssl.h>

#undef SSL_get_peer_certificate
X509 *SSL_get_peer_certificate(const SSL *ssl);

X509 *SSL_get_peer_certificate(const SSL *ssl)
{
	return SSL_get1_peer_certificate(ssl);
}
