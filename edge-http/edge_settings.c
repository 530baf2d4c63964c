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
	ROW("COMANDA_HTTP_IDLE",         SET_DURATION, http_idle_us,        "30s", 100 * MS_US, HOUR_US,
	    "an idle connection is closed after this"),
	ROW("COMANDA_HTTP_PORT",         SET_PORT,     http_port,           "8080", 0, 0,
	    "port of the REST API"),
	ROW("COMANDA_HTTP_RECEIVE",      SET_DURATION, http_receive_us,     "10s", 100 * MS_US, HOUR_US,
	    "a request must have arrived, and its answer been taken, within this"),
	ROW("COMANDA_HTTP_THREADS",      SET_INT,      http_threads,        "160", 4, 4096,
	    "connections served at once; a quarter may wait for an order's outcome"),
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
