/* The settings of edge-http, as --help shows them. */
#include "edge/settings.h"

/* clang-format off */
#define ROW(name_, type_, ...) SETTING(name_, type_, struct edge_settings, __VA_ARGS__)

const struct setting edge_settings_table[] = {
	ROW("COMANDA_ADMIN_ADDRESS",               SET_TEXT,     admin_address,               "127.0.0.1", 0,             0,               "address of healthz, readyz and metrics; 0.0.0.0: all addresses, only in a separate network"),
	ROW("COMANDA_ADMIN_PORT",                  SET_PORT,     admin_port,                  "0",         0,             0,               "port of healthz, readyz and metrics; 0: any free port"),
	ROW("COMANDA_ALLOW_DEBUGGER",              SET_BOOL,     allow_debugger,              "off",       0,             0,               "on: other processes of the same account may read the memory of this one, keys included"),
	ROW("COMANDA_BROKER_HEARTBEAT",            SET_DURATION, broker_heartbeat_us,         "10s",       2 * SECOND_US, 600 * SECOND_US, "AMQP heartbeat; a dead connection is detected after twice this time"),
	ROW("COMANDA_BROKER_URL",                  SET_SECRET,   broker_url,                  NULL,        0,             0,               "amqp://user:password@host:port[,host:port]/vhost; amqps://…?cacertfile=/path for TLS"),
	ROW("COMANDA_CORS_ORIGINS",                SET_TEXT,     cors_origins,                "",          0,             0,               "origins whose scripts may call the API, separated by commas, or *; empty: none"),
	ROW("COMANDA_HTTP_ADDRESS",                SET_TEXT,     http_address,                "127.0.0.1", 0,             0,               "address to listen on; 0.0.0.0: all addresses"),
	ROW("COMANDA_HTTP_BODY_MAX",               SET_INT,      http_body_max,               "262144",    1024,          1048576,         "largest body in bytes; a larger one is answered 413"),
	ROW("COMANDA_HTTP_BODY_TIMEOUT",           SET_DURATION, http_body_timeout_us,        "10s",       100 * MS_US,   HOUR_US,         "time for a body to arrive, or it is answered 408; also the time for a client to read an answer"),
	ROW("COMANDA_HTTP_HEADERS",                SET_INT,      http_headers,                "60",        8,             63,              "largest number of headers; more are answered 431"),
	ROW("COMANDA_HTTP_HEADER_BYTES",           SET_INT,      http_header_bytes,           "16384",     1024,          65536,           "largest size of all headers in bytes; more are answered 431"),
	ROW("COMANDA_HTTP_HEADER_TIMEOUT",         SET_DURATION, http_header_timeout_us,      "5s",        100 * MS_US,   HOUR_US,         "time for the headers of the first request of a connection; then 408, or the connection is closed"),
	ROW("COMANDA_HTTP_IDLE_TIMEOUT",           SET_DURATION, http_idle_timeout_us,        "30s",       100 * MS_US,   HOUR_US,         "a connection without a next request is closed after this time"),
	ROW("COMANDA_HTTP_MAX_CONNECTIONS_PER_IP", SET_INT,      http_max_connections_per_ip, "100",       0,             100000,          "connections per address at the same time; 0: no limit"),
	ROW("COMANDA_HTTP_OVERLOAD_TIMEOUT",       SET_DURATION, http_overload_timeout_us,    "1s",        100 * MS_US,   HOUR_US,         "upper limit of the other timeouts while all threads are busy; it shrinks while that lasts"),
	ROW("COMANDA_HTTP_PORT",                   SET_PORT,     http_port,                   "8080",      0,             0,               "port of the REST API"),
	ROW("COMANDA_HTTP_THREADS",                SET_INT,      http_threads,                "160",       4,             4096,            "connections served at the same time; a quarter may wait for the outcome of an order"),
	ROW("COMANDA_HTTP_TRUSTED_PROXIES",        SET_TEXT,     http_trusted_proxies,        "",          0,             0,               "addresses and networks of proxies whose X-Forwarded-For is trusted"),
	ROW("COMANDA_HTTP_URI_MAX",                SET_INT,      http_uri_max,                "8192",      256,           65536,           "largest URI in bytes; a larger one is answered 414"),
	ROW("COMANDA_LIMIT_BURST",                 SET_INT,      limit_burst,                 "200",       1,             1000000,         "requests at once per user, or per address if nobody is signed in"),
	ROW("COMANDA_LIMIT_EXEMPT",                SET_TEXT,     limit_exempt,                "",          0,             0,               "addresses and networks without limits of number and rate, separated by commas"),
	ROW("COMANDA_LIMIT_RATE",                  SET_INT,      limit_rate,                  "50",        0,             1000000,         "requests per second per user or address in the long run; more are answered 429; 0: no limit"),
	ROW("COMANDA_LOG_LEVEL",                   SET_TEXT,     log_level,                   "info",      0,             0,               "debug, info, warn or error"),
	ROW("COMANDA_OTLP_URL",                    SET_TEXT,     otlp_url,                    "",          0,             0,               "http://host:4318 of the OpenTelemetry collector for spans; empty: no spans are recorded"),
	ROW("COMANDA_RPC_BREAKER_AFTER",           SET_INT,      rpc_breaker_after,           "10",        1,             10000,           "timeouts in a row after which the circuit breaker of a queue opens"),
	ROW("COMANDA_RPC_DEADLINE",                SET_DURATION, rpc_deadline_us,             "2s",        10 * MS_US,    60 * SECOND_US,  "longest wait for a service"),
	ROW("COMANDA_RPC_IN_FLIGHT",               SET_INT,      rpc_in_flight,               "2000",      1,             100000,          "requests in flight per queue; more are answered 503"),
	ROW("COMANDA_RPC_WINDOW",                  SET_INT,      rpc_window,                  "3",         1,             64,              "unanswered messages per queue; later requests wait and are sent together"),
	ROW("COMANDA_SHUTDOWN_TIMEOUT",            SET_DURATION, shutdown_timeout_us,         "8s",        100 * MS_US,   120 * SECOND_US, "longest orderly shutdown after SIGTERM"),
	ROW("COMANDA_SIGN_IN_ACCOUNT",             SET_INT,      sign_in_account,             "50",        0,             100000,          "failed sign-ins per account at once, from all addresses that never succeeded, and as many first attempts of new addresses; 0: no limit"),
	ROW("COMANDA_SIGN_IN_ACCOUNT_PAUSE",       SET_DURATION, sign_in_account_pause_us,    "10s",       MS_US,         DAY_US,          "after this time one more is allowed"),
	ROW("COMANDA_SIGN_IN_ADDRESS",             SET_INT,      sign_in_address,             "20",        0,             100000,          "failed sign-ins and registrations per address at once; 0: no limit"),
	ROW("COMANDA_SIGN_IN_ADDRESS_PAUSE",       SET_DURATION, sign_in_address_pause_us,    "6s",        MS_US,         DAY_US,          "after this time one more is allowed"),
	ROW("COMANDA_SIGN_IN_PAIR",                SET_INT,      sign_in_pair,                "5",         0,             100000,          "failed sign-ins per account and address at once; 0: no limit"),
	ROW("COMANDA_SIGN_IN_PAIR_PAUSE",          SET_DURATION, sign_in_pair_pause_us,       "30s",       MS_US,         DAY_US,          "after this time one more is allowed"),
	ROW("COMANDA_TLS_CERTIFICATE",             SET_TEXT,     tls_certificate,             "",          0,             0,               "PEM file of the certificate and its intermediates, for HTTPS only; empty: plain HTTP"),
	ROW("COMANDA_TLS_HSTS",                    SET_DURATION, tls_hsts_us,                 "365d",      0,             1000 * DAY_US,   "with TLS, the max-age of Strict-Transport-Security; 0s: the header is not sent"),
	ROW("COMANDA_TLS_KEY",                     SET_TEXT,     tls_key,                     "",          0,             0,               "PEM file of the private key of the certificate"),
	{0},
};
/* clang-format on */
