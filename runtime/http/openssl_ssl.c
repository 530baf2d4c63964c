/* A library of one function, to be loaded as libssl.so: civetweb 1.15 asks OpenSSL by name, at run time, for what
 * OpenSSL 3 has renamed (SSL_get_peer_certificate), goes on without it, and then calls NULL at the first handshake. */
#include <openssl/ssl.h>

#undef SSL_get_peer_certificate
X509 *SSL_get_peer_certificate(const SSL *ssl);

X509 *SSL_get_peer_certificate(const SSL *ssl)
{
	return SSL_get1_peer_certificate(ssl);
}
