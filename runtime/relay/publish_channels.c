/* The relay's connections to the broker. */
#include "relay/publish_channels.h"

#include <stdio.h>
#include <string.h>

enum road road_of(const char *exchange)
{
	return strcmp(exchange, "events") == 0 ? ROAD_EVENTS : ROAD_OTHER;
}

void roads_init(struct roads *roads, const struct broker_config *config)
{
	struct broker_config one = *config;
	char name[64];

	one.confirms = true;
	roads->brokers[ROAD_EVENTS] = broker_new(&one);
	snprintf(name, sizeof(name), "%s-other", config->lane);
	one.lane = name;
	roads->brokers[ROAD_OTHER] = broker_new(&one);
}

void roads_done(struct roads *roads)
{
	for (enum road road = 0; road < ROADS; road++)
		broker_free(roads->brokers[road]);
}

enum status roads_ensure(struct roads *roads, const char **ret_detail)
{
	for (enum road road = 0; road < ROADS; road++) {
		if (broker_ensure(roads->brokers[road]) == OK)
			continue;
		*ret_detail = broker_detail(roads->brokers[road]);
		return E_UNAVAILABLE;
	}
	return OK;
}

bool roads_connected(const struct roads *roads)
{
	for (enum road road = 0; road < ROADS; road++)
		if (!broker_connected(roads->brokers[road]))
			return false;
	return true;
}

bool roads_blocked(const struct roads *roads)
{
	for (enum road road = 0; road < ROADS; road++)
		if (broker_blocked(roads->brokers[road]))
			return true;
	return false;
}

enum status roads_tick(struct roads *roads)
{
	for (enum road road = 0; road < ROADS; road++) {
		const enum status status = broker_tick(roads->brokers[road], 0);

		if (status != OK)
			return status;
	}
	return OK;
}

const char *roads_drop(struct roads *roads, bool ret_blamed[static ROADS])
{
	const char *said = NULL;

	for (enum road road = 0; road < ROADS; road++) {
		ret_blamed[road] = broker_close_code(roads->brokers[road]) != 0;
		if (ret_blamed[road])
			said = broker_detail(roads->brokers[road]);
		broker_drop(roads->brokers[road]);
	}
	return said;
}

void roads_close(struct roads *roads)
{
	for (enum road road = 0; road < ROADS; road++)
		broker_close(roads->brokers[road]);
}

bool roads_poll(const struct roads *roads, struct pollfd ret_fds[static ROADS])
{
	bool pending = false;

	for (enum road road = 0; road < ROADS; road++) {
		ret_fds[road] = (struct pollfd){.fd = broker_fd(roads->brokers[road]), .events = POLLIN};
		pending = pending || broker_pending(roads->brokers[road]);
	}
	return pending;
}
