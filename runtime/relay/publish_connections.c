/* The relay's connections to the broker. */
#include "relay/publish_connections.h"

#include <stdio.h>
#include <string.h>

enum publish_connection publish_connection_of(const char *exchange)
{
	return strcmp(exchange, "events") == 0 ? CONNECTION_EVENTS : CONNECTION_OTHER;
}

void publish_connections_init(struct publish_connections *connections, const struct broker_config *config)
{
	struct broker_config one = *config;
	char name[64];

	one.confirms = true;
	connections->brokers[CONNECTION_EVENTS] = broker_new(&one);
	snprintf(name, sizeof(name), "%s-other", config->connection_name);
	one.connection_name = name;
	connections->brokers[CONNECTION_OTHER] = broker_new(&one);
}

void publish_connections_done(struct publish_connections *connections)
{
	for (enum publish_connection connection = 0; connection < CONNECTIONS; connection++)
		broker_free(connections->brokers[connection]);
}

enum status publish_connections_ensure(struct publish_connections *connections, const char **ret_detail)
{
	for (enum publish_connection connection = 0; connection < CONNECTIONS; connection++) {
		if (broker_ensure(connections->brokers[connection]) == OK)
			continue;
		*ret_detail = broker_detail(connections->brokers[connection]);
		return E_UNAVAILABLE;
	}
	return OK;
}

bool publish_connections_connected(const struct publish_connections *connections)
{
	for (enum publish_connection connection = 0; connection < CONNECTIONS; connection++)
		if (!broker_connected(connections->brokers[connection]))
			return false;
	return true;
}

bool publish_connections_blocked(const struct publish_connections *connections)
{
	for (enum publish_connection connection = 0; connection < CONNECTIONS; connection++)
		if (broker_blocked(connections->brokers[connection]))
			return true;
	return false;
}

enum status publish_connections_tick(struct publish_connections *connections)
{
	for (enum publish_connection connection = 0; connection < CONNECTIONS; connection++) {
		const enum status status = broker_tick(connections->brokers[connection], 0);

		if (status != OK)
			return status;
	}
	return OK;
}

const char *publish_connections_drop(struct publish_connections *connections, bool ret_closed[static CONNECTIONS])
{
	const char *reason = NULL;

	for (enum publish_connection connection = 0; connection < CONNECTIONS; connection++) {
		ret_closed[connection] = broker_close_code(connections->brokers[connection]) != 0;
		if (ret_closed[connection])
			reason = broker_detail(connections->brokers[connection]);
		broker_drop(connections->brokers[connection]);
	}
	return reason;
}

void publish_connections_close(struct publish_connections *connections)
{
	for (enum publish_connection connection = 0; connection < CONNECTIONS; connection++)
		broker_close(connections->brokers[connection]);
}

bool publish_connections_poll(const struct publish_connections *connections, struct pollfd ret_fds[static CONNECTIONS])
{
	bool pending = false;

	for (enum publish_connection connection = 0; connection < CONNECTIONS; connection++) {
		ret_fds[connection] =
			(struct pollfd){.fd = broker_fd(connections->brokers[connection]), .events = POLLIN};
		pending = pending || broker_pending(connections->brokers[connection]);
	}
	return pending;
}
