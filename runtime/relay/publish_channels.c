/* The relay's connections to the broker. */
#include "relay/publish_channels.h"

#include <stdio.h>
#include <string.h>

enum publish_channel publish_channel_of(const char *exchange)
{
	return strcmp(exchange, "events") == 0 ? CHANNEL_EVENTS : CHANNEL_OTHER;
}

void publish_channels_init(struct publish_channels *channels, const struct broker_config *config)
{
	struct broker_config one = *config;
	char name[64];

	one.confirms = true;
	channels->brokers[CHANNEL_EVENTS] = broker_new(&one);
	snprintf(name, sizeof(name), "%s-other", config->connection_name);
	one.connection_name = name;
	channels->brokers[CHANNEL_OTHER] = broker_new(&one);
}

void publish_channels_done(struct publish_channels *channels)
{
	for (enum publish_channel channel = 0; channel < CHANNELS; channel++)
		broker_free(channels->brokers[channel]);
}

enum status publish_channels_ensure(struct publish_channels *channels, const char **ret_detail)
{
	for (enum publish_channel channel = 0; channel < CHANNELS; channel++) {
		if (broker_ensure(channels->brokers[channel]) == OK)
			continue;
		*ret_detail = broker_detail(channels->brokers[channel]);
		return E_UNAVAILABLE;
	}
	return OK;
}

bool publish_channels_connected(const struct publish_channels *channels)
{
	for (enum publish_channel channel = 0; channel < CHANNELS; channel++)
		if (!broker_connected(channels->brokers[channel]))
			return false;
	return true;
}

bool publish_channels_blocked(const struct publish_channels *channels)
{
	for (enum publish_channel channel = 0; channel < CHANNELS; channel++)
		if (broker_blocked(channels->brokers[channel]))
			return true;
	return false;
}

enum status publish_channels_tick(struct publish_channels *channels)
{
	for (enum publish_channel channel = 0; channel < CHANNELS; channel++) {
		const enum status status = broker_tick(channels->brokers[channel], 0);

		if (status != OK)
			return status;
	}
	return OK;
}

const char *publish_channels_drop(struct publish_channels *channels, bool ret_closed[static CHANNELS])
{
	const char *reason = NULL;

	for (enum publish_channel channel = 0; channel < CHANNELS; channel++) {
		ret_closed[channel] = broker_close_code(channels->brokers[channel]) != 0;
		if (ret_closed[channel])
			reason = broker_detail(channels->brokers[channel]);
		broker_drop(channels->brokers[channel]);
	}
	return reason;
}

void publish_channels_close(struct publish_channels *channels)
{
	for (enum publish_channel channel = 0; channel < CHANNELS; channel++)
		broker_close(channels->brokers[channel]);
}

bool publish_channels_poll(const struct publish_channels *channels, struct pollfd ret_fds[static CHANNELS])
{
	bool pending = false;

	for (enum publish_channel channel = 0; channel < CHANNELS; channel++) {
		ret_fds[channel] = (struct pollfd){.fd = broker_fd(channels->brokers[channel]), .events = POLLIN};
		pending = pending || broker_pending(channels->brokers[channel]);
	}
	return pending;
}
