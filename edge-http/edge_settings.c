/* The settings of edge-http: one alphabetical table. */
#include "edge_settings.h"

#include "moment.h"

#define ROW(name_, type_, member_, ...)                                                                                \
	{                                                                                                              \
		name_, type_, offsetof(struct edge_settings, member_), __VA_ARGS__                                     \
	}

const struct setting edge_settings_table[] = {
	/* clang-format off */
	ROW("COMANDA_ADMIN_ADDRESS",     SET_TEXT,     admin_address,       "127.0.0.1", 0, 0,
	    "address of healthz, readyz and metrics; 0.0.0.0: every one, for a network of its own"),
	ROW("COMANDA_ADMIN_PORT",        SET_PORT,     admin_port,          "0", 0, 0,
	    "port of healthz, readyz and metrics; 0: any free one"),
	ROW("COMANDA_BROKER_HEARTBEAT",  SET_DURATION, broker_heartbeat_us, "10s", 2 * SECOND_US, 600 * SECOND_US,
	    "AMQP heartbeat; a dead connection is noticed after twice this"),
	ROW("COMANDA_BROKER_URL",        SET_SECRET,   broker_url,          NULL, 0, 0,
	    "amqp://user:password@host:port[,host:port]/vhost"),
	ROW("COMANDA_CORS_ORIGINS",      SET_TEXT,     cors_origins,        "", 0, 0,
	    "origins whose scripts may call, separated by commas, or *; empty: none"),
	ROW("COMANDA_HTTP_ADDRESS",      SET_TEXT,     http_address,        "127.0.0.1", 0, 0,
	    "address to listen at; 0.0.0.0: every one"),
	ROW("COMANDA_HTTP_BODY_MAX",     SET_INT,      http_body_max,       "262144", 1024, 1048576,
	    "bytes of a body; a longer one is answered 413"),
	ROW("COMANDA_HTTP_BODY_TIME",    SET_DURATION, http_body_time_us,   "10s", 100 * MS_US, HOUR_US,
	    "a body must have arrived within this, or is answered 408; an answer must have been taken"),
	ROW("COMANDA_HTTP_HEADER_BYTES", SET_INT,      http_header_bytes,   "16384", 1024, 65536,
	    "bytes of all headers; more are answered 431"),
	ROW("COMANDA_HTTP_HEADERS",      SET_INT,      http_headers,        "60", 8, 63,
	    "headers of a request; more are answered 431"),
	ROW("COMANDA_HTTP_HEAD_TIME",    SET_DURATION, http_head_time_us,   "5s", 100 * MS_US, HOUR_US,
	    "a new connection's first request must have come, up to its body, within this: 408, or closed"),
	ROW("COMANDA_HTTP_IDLE",         SET_DURATION, http_idle_us,        "30s", 100 * MS_US, HOUR_US,
	    "a connection is closed when its next request has not come within this"),
	ROW("COMANDA_HTTP_PATIENCE",     SET_DURATION, http_patience_us,    "1s", 100 * MS_US, HOUR_US,
	    "how long each of these times lasts at most while all threads are taken; less, the longer they are"),
	ROW("COMANDA_HTTP_PER_ADDRESS",  SET_INT,      http_per_address,    "100", 0, 100000,
	    "connections of one address at once; 0: any number"),
	ROW("COMANDA_HTTP_PORT",         SET_PORT,     http_port,           "8080", 0, 0,
	    "port of the REST API"),
	ROW("COMANDA_HTTP_THREADS",      SET_INT,      http_threads,        "160", 4, 4096,
	    "connections served at once; a quarter may wait for an order's outcome"),
	ROW("COMANDA_HTTP_URI_MAX",      SET_INT,      http_uri_max,        "8192", 256, 65536,
	    "bytes of a URI; a longer one is answered 414"),
	ROW("COMANDA_LIMIT_EXEMPT",      SET_TEXT,     limit_exempt,        "", 0, 0,
	    "addresses and networks that no limit of number or rate counts for, separated by commas"),
	ROW("COMANDA_LOG_LEVEL",         SET_TEXT,     log_level,           "info", 0, 0,
	    "debug, info, warn or error"),
	ROW("COMANDA_OTLP_URL",          SET_TEXT,     otlp_url,            "", 0, 0,
	    "http://host:4318 of an OpenTelemetry collector that spans are sent to; empty: none are recorded"),
	ROW("COMANDA_RPC_BREAKER_AFTER", SET_INT,      rpc_breaker_after,   "10", 1, 10000,
	    "time-outs in a row after which a service's lane is taken for dead, and only probed"),
	ROW("COMANDA_RPC_DEADLINE",      SET_DURATION, rpc_deadline_us,     "2s", 10 * MS_US, 60 * SECOND_US,
	    "longest wait for a service"),
	ROW("COMANDA_RPC_IN_FLIGHT",     SET_INT,      rpc_in_flight,       "2000", 1, 100000,
	    "requests in progress at one lane; more are answered 503"),
	ROW("COMANDA_RPC_WINDOW",        SET_INT,      rpc_window,          "3", 1, 64,
	    "unanswered messages at one lane; what comes meanwhile goes together as the next"),
	ROW("COMANDA_SHUTDOWN",          SET_DURATION, shutdown_us,         "8s", 100 * MS_US, 120 * SECOND_US,
	    "longest orderly stop after SIGTERM"),
	{.name = NULL},
	/* clang-format on */
};
