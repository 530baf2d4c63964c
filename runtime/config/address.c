/* IP addresses and networks. */
#include "config/address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENT_MAX = ADDRESS_CLIENT };

/* An address is a network with all bits. */
struct network {
	int family, bits;
	unsigned char bytes[16];
};

/* ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
static void unmap(struct network *network)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (network->family != AF_INET6 || network->bits < 96 || memcmp(network->bytes, mapped, sizeof(mapped)) != 0)
		return;
	network->family = AF_INET;
	network->bits -= 96;
	memmove(network->bytes, network->bytes + sizeof(mapped), 4);
}

static bool network_read(const char *text, struct network *ret_network)
{
	char address[ELEMENT_MAX];
	const char *slash = strchr(text, '/');
	const size_t size = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct network network = {.family = AF_INET, .bits = 32};
	char *end = NULL;

	if (size >= sizeof(address))
		return false;
	memcpy(address, text, size);
	address[size] = '\0';
	if (inet_pton(AF_INET, address, network.bytes) != 1) {
		network = (struct network){.family = AF_INET6, .bits = 128};
		if (inet_pton(AF_INET6, address, network.bytes) != 1)
			return false;
	}
	if (slash != NULL) {
		const long bits = strtol(slash + 1, &end, 10);

		if (end == slash + 1 || *end != '\0' || bits < 0 || bits > network.bits)
			return false;
		network.bits = (int)bits;
	}
	unmap(&network);
	*ret_network = network;
	return true;
}

static bool network_has(const struct network *network, const struct network *address)
{
	const size_t whole = (size_t)network->bits / 8;
	const unsigned char mask = (unsigned char)(0xff00 >> (network->bits % 8));

	if (network->family != address->family || memcmp(network->bytes, address->bytes, whole) != 0)
		return false;
	return network->bits % 8 == 0 || ((network->bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

/* The next element of a list; NULL at its end. */
static const char *next_element(const char *at, char ret_element[ELEMENT_MAX])
{
	size_t size = 0;

	at += strspn(at, " ,");
	size = strcspn(at, " ,");
	if (size == 0)
		return NULL;
	memset(ret_element, 0, ELEMENT_MAX);
	memcpy(ret_element, at, size < ELEMENT_MAX ? size : ELEMENT_MAX - 1);
	return at + size;
}

/* The address in "address", "[address]", "[address]:port" and "IPv4 address:port". */
static void copy_bare(const char *text, char ret_bare[ELEMENT_MAX])
{
	const bool brackets = text[0] == '[';
	const char *colon = strchr(text, ':');
	size_t size = brackets ? strcspn(++text, "]") : strlen(text);

	if (!brackets && colon != NULL && strchr(colon + 1, ':') == NULL)
		size = (size_t)(colon - text);
	memset(ret_bare, 0, ELEMENT_MAX);
	memcpy(ret_bare, text, size < ELEMENT_MAX ? size : ELEMENT_MAX - 1);
}

void address_client(const char *address, char ret_client[static ADDRESS_CLIENT])
{
	struct network network;
	char bare[ELEMENT_MAX];

	copy_bare(address, bare);
	if (!network_read(bare, &network)) {
		memcpy(ret_client, bare, ELEMENT_MAX);
		return;
	}
	if (network.family == AF_INET6)
		memset(network.bytes + 8, 0, 8);
	(void)inet_ntop(network.family, network.bytes, ret_client, ADDRESS_CLIENT);
	if (network.family == AF_INET6)
		memcpy(ret_client + strlen(ret_client), "/64", sizeof("/64"));
}

bool address_listed(const char *list, const char *address)
{
	struct network wanted, network;
	char element[ELEMENT_MAX];

	copy_bare(address, element);
	if (!network_read(element, &wanted))
		return false;
	while ((list = next_element(list, element)) != NULL)
		if (network_read(element, &network) && network_has(&network, &wanted))
			return true;
	return false;
}

const char *address_list_fault(const char *list)
{
	struct network network;
	char element[ELEMENT_MAX];

	while ((list = next_element(list, element)) != NULL)
		if (!network_read(element, &network))
			return "must be addresses or networks, such as 127.0.0.1, 10.0.0.0/8, separated by commas";
	return NULL;
}
