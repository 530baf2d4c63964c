/* An empty library, to be loaded as libcrypto.so: that name is otherwise in libssl-dev alone. It brings OpenSSL 3
 * along. */
#include <openssl/crypto.h>

unsigned long comanda_openssl_version(void);

unsigned long comanda_openssl_version(void)
{
	return OpenSSL_version_num();
}
