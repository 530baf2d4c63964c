/* TLS, by OpenSSL. */
#include "http/tls.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "telemetry/log.h"

enum { PROGRAM_PATH = 512 };

static enum status log_fault(const char *file, const char *what)
{
	char reason[200] = "";

	ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
	ERR_clear_error();
	log_error("http.tls", kv_text("file", file), kv_text("detail", what), kv_text("reason", reason));
	return E_INVALID;
}

/* The directory of the program, with a slash at its end; "": it is not known. */
static void program_directory(char ret_path[static PROGRAM_PATH])
{
	const ssize_t size = readlink("/proc/self/exe", ret_path, PROGRAM_PATH - 1);

	ret_path[size > 0 ? size : 0] = '\0';
	char *slash = strrchr(ret_path, '/');
	if (slash != NULL)
		slash[1] = '\0';
}

/* Loads a library of Comanda. civetweb finds it by the name inside the library (DT_SONAME). */
static bool load_library(const char *file)
{
	/* Relative to the program's bin/: built, installed. */
	static const char *const places[] = {"../lib", "../lib/comanda"};
	char program[PROGRAM_PATH], path[PROGRAM_PATH + 64];

	program_directory(program);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s%s/%s", program, places[i], file);
		if (dlopen(path, RTLD_NOW | RTLD_GLOBAL) != NULL)
			return true;
	}
	return false;
}

/* Without these libraries civetweb crashes at the first handshake. */
static bool civetweb_finds_openssl(void)
{
	void *ssl = NULL;

	if (!load_library("libcomanda-crypto.so") || !load_library("libcomanda-ssl.so"))
		return false;
	ssl = dlopen("libssl.so", RTLD_NOW | RTLD_NOLOAD);
	return ssl != NULL && dlsym(ssl, "SSL_get_peer_certificate") != NULL;
}

enum status http_tls_new(const char *certificate, const char *key, struct ssl_ctx_st **ret_tls)
{
	SSL_CTX *tls = NULL;
	enum status status = OK;

	if (!civetweb_finds_openssl())
		return log_fault("libcomanda-ssl.so", "is needed for TLS, in lib/comanda/ beside the program's bin/, "
						      "with libcomanda-crypto.so");
	tls = SSL_CTX_new(TLS_server_method());
	if (tls == NULL)
		return log_fault("", "OpenSSL cannot be used");
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	/* RFC 9325: no renegotiation, no compression. Session tickets replace the session cache. */
	SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* For TLS 1.2: forward secrecy and authenticated encryption. Every cipher of TLS 1.3 has both. */
	if (SSL_CTX_set_cipher_list(tls, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
		status = log_fault("", "OpenSSL has none of the required ciphers: ECDHE with AES-GCM or ChaCha20");
	else if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1)
		status = log_fault(certificate, "this is not a PEM file of a certificate: see COMANDA_TLS_CERTIFICATE");
	else if (SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
		status = log_fault(key, "this is not a PEM file of the certificate's private key: see COMANDA_TLS_KEY");
	if (status != OK) {
		SSL_CTX_free(tls);
		return status;
	}
	*ret_tls = tls;
	return OK;
}

void http_tls_free(struct ssl_ctx_st *tls)
{
	SSL_CTX_free(tls);
}
