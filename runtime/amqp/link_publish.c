/* Publishing on an AMQP connection. amqp_basic_publish sends frame by frame with MSG_MORE, so that a message is one
 * packet. */
#include "amqp/amqp_library.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
	SHORT_TEXT_MAX = 255,  /* AMQP 0-9-1 section 4.2.5.3 */
	HEADER_TEXT_MAX = 1024 /* longer texts are cut, because the headers must fit into one frame */
};

/* At most `most` bytes, without a cut inside a UTF-8 character. */
static size_t cut_length(const char *text, size_t most)
{
	size_t length = strnlen(text, most + 1);

	if (length <= most)
		return length;
	for (length = most; length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80;)
		length--;
	return length;
}

static amqp_table_entry_t header_entry(const struct broker_header *header)
{
	if (header->text != NULL)
		return link_text_entry(header->name,
				       link_bytes(header->text, cut_length(header->text, HEADER_TEXT_MAX)));
	return (amqp_table_entry_t){.key = link_text(header->name),
				    .value = {.kind = AMQP_FIELD_KIND_I64, .value.i64 = header->number}};
}

static void set_text(amqp_basic_properties_t *properties, amqp_flags_t flag, amqp_bytes_t *place, const char *text)
{
	if (text == NULL)
		return;
	properties->_flags |= flag;
	*place = link_text(text);
}

static void set_properties(const struct publication *publication, amqp_basic_properties_t *ret)
{
	set_text(ret, AMQP_BASIC_CONTENT_TYPE_FLAG, &ret->content_type, publication->content_type);
	set_text(ret, AMQP_BASIC_TYPE_FLAG, &ret->type, publication->type);
	set_text(ret, AMQP_BASIC_MESSAGE_ID_FLAG, &ret->message_id, publication->message_id);
	set_text(ret, AMQP_BASIC_CORRELATION_ID_FLAG, &ret->correlation_id, publication->correlation_id);
	set_text(ret, AMQP_BASIC_REPLY_TO_FLAG, &ret->reply_to, publication->reply_to);
	ret->_flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
	ret->delivery_mode = publication->persistent ? AMQP_DELIVERY_PERSISTENT : AMQP_DELIVERY_NONPERSISTENT;
	if (publication->time_us > 0) {
		ret->_flags |= AMQP_BASIC_TIMESTAMP_FLAG;
		ret->timestamp = (uint64_t)(publication->time_us / SECOND_US);
	}
}

static bool is_short(const char *text)
{
	return text == NULL || strnlen(text, SHORT_TEXT_MAX + 1) <= SHORT_TEXT_MAX;
}

/* With a longer text the library writes a wrong length, and the broker closes the connection. */
static bool can_be_said(const struct publication *publication)
{
	if (publication->header_count > LINK_HEADERS)
		return false;
	for (int i = 0; i < publication->header_count; i++)
		if (!is_short(publication->headers[i].name))
			return false;
	return is_short(publication->exchange) && is_short(publication->routing_key) &&
	       is_short(publication->content_type) && is_short(publication->type) &&
	       is_short(publication->message_id) && is_short(publication->correlation_id) &&
	       is_short(publication->reply_to);
}

enum status link_publish(struct link *link, const struct publication *publication, const char *user)
{
	amqp_table_entry_t headers[LINK_HEADERS];
	amqp_basic_properties_t properties = {._flags = 0};
	struct pollfd socket = {.fd = link_fd(link), .events = POLLOUT};
	char expiration[24];
	int error;

	if (!can_be_said(publication))
		return E_INVALID;
	if (poll(&socket, 1, 0) == 0)
		return E_BUSY;
	set_properties(publication, &properties);
	set_text(&properties, AMQP_BASIC_USER_ID_FLAG, &properties.user_id, user);
	if (publication->expiration_us > 0) {
		snprintf(expiration, sizeof(expiration), "%lld",
			 (long long)((publication->expiration_us + MS_US - 1) / MS_US));
		set_text(&properties, AMQP_BASIC_EXPIRATION_FLAG, &properties.expiration, expiration);
	}
	for (int i = 0; i < publication->header_count; i++)
		headers[i] = header_entry(&publication->headers[i]);
	if (publication->header_count > 0)
		properties._flags |= AMQP_BASIC_HEADERS_FLAG;
	properties.headers = (amqp_table_t){.num_entries = publication->header_count, .entries = headers};
	error = amqp_basic_publish(link->state, LINK_CHANNEL, link_text(publication->exchange),
				   link_text(publication->routing_key), publication->mandatory, 0, &properties,
				   link_bytes(publication->body.bytes, publication->body.size));
	return error == AMQP_STATUS_OK ? OK : link_failed(link, "publishing", error);
}
