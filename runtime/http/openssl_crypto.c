/* A library with the name libcrypto.so, which otherwise only libssl-dev installs. It links the real one of OpenSSL 3.
 */
#include <openssl/crypto.h>

unsigned long comanda_openssl_version(void);

unsigned long comanda_openssl_version(void)
{
	return OpenSSL_version_num();
}
