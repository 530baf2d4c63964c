/* The settings of edge-http. */
#ifndef EDGE_SETTINGS_H
#define EDGE_SETTINGS_H

#include "comanda/program.h"

struct edge_settings {
	const char *admin_address;
	int64_t admin_port;
	bool allow_debugger;
	const char *broker_url;
	int64_t broker_heartbeat_us;
	const char *cors_origins;
	const char *http_address;
	int64_t http_body_max, http_header_bytes, http_headers, http_uri_max;
	int64_t http_body_timeout_us, http_header_timeout_us, http_idle_timeout_us, http_overload_timeout_us;
	int64_t http_max_connections_per_ip, http_port, http_threads;
	const char *http_trusted_proxies;
	int64_t limit_burst, limit_rate;
	const char *limit_exempt;
	const char *log_level, *otlp_url;
	int64_t rpc_breaker_after, rpc_deadline_us, rpc_in_flight, rpc_window;
	int64_t shutdown_timeout_us;
	int64_t sign_in_account, sign_in_account_pause_us, sign_in_address, sign_in_address_pause_us;
	int64_t sign_in_pair, sign_in_pair_pause_us;
	const char *tls_certificate, *tls_key;
	int64_t tls_hsts_us;
};

extern const struct setting edge_settings_table[];

#endif
