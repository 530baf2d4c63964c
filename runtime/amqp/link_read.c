/* Reading an AMQP connection, frame by frame.
 *
 * The library reads several frames at once and returns them one by one. A delivery has three or more frames: method,
 * header, body. Decoded frames live until the next read, so events are copied. */
#include "amqp/amqp_library.h"

#include <string.h>
#include <sys/time.h>

enum { BODY_MAX = 32 * 1024 * 1024 }; /* a longer body is delivered as an empty one */

static char *copy(struct arena *arena, amqp_bytes_t bytes)
{
	return arena_copy(arena, bytes.len > 0 ? bytes.bytes : "", bytes.len);
}

/* ---- reading ---- */

static enum status read_frame(struct link *link, int64_t wait_us, amqp_frame_t *ret_frame)
{
	int64_t left = wait_us > 0 ? wait_us : 0;
	struct timeval wait = {.tv_sec = left / SECOND_US, .tv_usec = left % SECOND_US};
	int error = amqp_simple_wait_frame_noblock(link->state, ret_frame, &wait);

	if (error == AMQP_STATUS_OK)
		return OK;
	if (error == AMQP_STATUS_TIMEOUT)
		return E_TIMEOUT;
	return link_failed(link, "reading", error);
}

/* A method without content frames. OK: it gave an event. E_TIMEOUT: it gave none. */
static enum status take_method(struct link *link, const amqp_method_t *method, struct arena *arena,
			       struct link_event *ret_event)
{
	if (method->id == AMQP_BASIC_ACK_METHOD) {
		const amqp_basic_ack_t *ack = method->decoded;

		*ret_event = (struct link_event){LINK_ACK, .tag = ack->delivery_tag, .multiple = ack->multiple};
	} else if (method->id == AMQP_BASIC_NACK_METHOD) {
		const amqp_basic_nack_t *nack = method->decoded;

		*ret_event = (struct link_event){LINK_NACK, .tag = nack->delivery_tag, .multiple = nack->multiple};
	} else if (method->id == AMQP_CONNECTION_BLOCKED_METHOD) {
		const amqp_connection_blocked_t *blocked = method->decoded;

		*ret_event = (struct link_event){LINK_BLOCKED, .text = copy(arena, blocked->reason)};
	} else if (method->id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
		*ret_event = (struct link_event){.kind = LINK_UNBLOCKED};
	} else if (method->id == AMQP_BASIC_CANCEL_METHOD) {
		*ret_event = (struct link_event){.kind = LINK_CANCELLED};
	} else if (method->id == AMQP_CHANNEL_CLOSE_METHOD || method->id == AMQP_CONNECTION_CLOSE_METHOD) {
		amqp_connection_close_ok_t ok = {0};

		link_closed(link, "closed", method);
		if (method->id == AMQP_CONNECTION_CLOSE_METHOD)
			amqp_send_method(link->state, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
		return E_UNAVAILABLE;
	} else {
		return E_TIMEOUT;
	}
	return OK;
}

static void keep_blocking(struct link *link, amqp_method_number_t id)
{
	if (id != AMQP_CONNECTION_BLOCKED_METHOD && id != AMQP_CONNECTION_UNBLOCKED_METHOD)
		return;
	link->got_blocked = id == AMQP_CONNECTION_BLOCKED_METHOD;
	link->got_unblocked = !link->got_blocked;
}

static bool take_noted(struct link *link, struct link_event *ret_event)
{
	if (!link->got_blocked && !link->got_unblocked)
		return false;
	*ret_event = (struct link_event){link->got_blocked ? LINK_BLOCKED : LINK_UNBLOCKED, .text = ""};
	link->got_blocked = link->got_unblocked = false;
	return true;
}

/* The next frame of the present message. Frames of the connection may arrive in between. */
static enum status read_part(struct link *link, uint8_t type, amqp_frame_t *ret_frame)
{
	for (;;) {
		enum status status = read_frame(link, link->heartbeat_us, ret_frame);

		if (status == E_TIMEOUT)
			return link_failed(link, "reading a message", AMQP_STATUS_TIMEOUT);
		if (status != OK)
			return status;
		if (ret_frame->channel == LINK_CHANNEL && ret_frame->frame_type == type)
			return OK;
		if (ret_frame->channel == LINK_CHANNEL || ret_frame->frame_type != AMQP_FRAME_METHOD)
			return link_failed(link, "reading a message", AMQP_STATUS_UNEXPECTED_STATE);
		if (ret_frame->payload.method.id == AMQP_CONNECTION_CLOSE_METHOD) {
			link_closed(link, "closed", &ret_frame->payload.method);
			return E_UNAVAILABLE;
		}
		keep_blocking(link, ret_frame->payload.method.id);
	}
}

static enum status read_body(struct link *link, uint64_t size, struct arena *arena, struct span *ret_body)
{
	bool keep = size <= BODY_MAX;
	char *bytes = arena_new(arena, keep ? size + 1 : 1, 1);
	uint64_t got = 0;

	while (got < size) {
		amqp_frame_t frame;
		enum status status = read_part(link, AMQP_FRAME_BODY, &frame);

		if (status != OK)
			return status;
		if (frame.payload.body_fragment.len > size - got)
			return link_failed(link, "reading a message", AMQP_STATUS_BAD_AMQP_DATA);
		if (keep)
			memcpy(bytes + got, frame.payload.body_fragment.bytes, frame.payload.body_fragment.len);
		got += frame.payload.body_fragment.len;
	}
	*ret_body = (struct span){bytes, keep ? size : 0};
	return OK;
}

/* False if the value is neither a text nor a whole number. */
static bool take_header(const amqp_table_entry_t *entry, struct arena *arena, struct broker_header *ret_header)
{
	const amqp_field_value_t *value = &entry->value;
	struct broker_header header = {.name = NULL};

	switch (value->kind) {
	case AMQP_FIELD_KIND_UTF8:
	case AMQP_FIELD_KIND_BYTES:
		header.text = copy(arena, value->value.bytes);
		break;
	case AMQP_FIELD_KIND_BOOLEAN:
		header.number = value->value.boolean != 0;
		break;
	case AMQP_FIELD_KIND_I8:
		header.number = value->value.i8;
		break;
	case AMQP_FIELD_KIND_U8:
		header.number = value->value.u8;
		break;
	case AMQP_FIELD_KIND_I16:
		header.number = value->value.i16;
		break;
	case AMQP_FIELD_KIND_U16:
		header.number = value->value.u16;
		break;
	case AMQP_FIELD_KIND_I32:
		header.number = value->value.i32;
		break;
	case AMQP_FIELD_KIND_U32:
		header.number = value->value.u32;
		break;
	case AMQP_FIELD_KIND_I64:
	case AMQP_FIELD_KIND_U64:
	case AMQP_FIELD_KIND_TIMESTAMP:
		header.number = value->value.i64;
		break;
	default:
		return false;
	}
	header.name = copy(arena, entry->key);
	*ret_header = header;
	return true;
}

static void take_headers(const amqp_table_t *table, struct arena *arena, struct delivery *delivery)
{
	size_t count = table->num_entries > 0 ? (size_t)table->num_entries : 0;
	struct broker_header *headers = arena_new(arena, count, sizeof(*headers));
	int taken = 0;

	for (size_t i = 0; i < count; i++) {
		struct broker_header *header = &headers[taken];

		if (!take_header(&table->entries[i], arena, header))
			continue;
		taken++;
		if (header->text == NULL && strcmp(header->name, "x-delivery-count") == 0)
			delivery->delivery_count = header->number;
		if (header->text == NULL && strcmp(header->name, "x-stream-offset") == 0)
			delivery->stream_offset = header->number;
	}
	delivery->headers = headers;
	delivery->header_count = taken;
}

static void take_properties(const amqp_basic_properties_t *from, struct arena *arena, struct delivery *delivery)
{
	amqp_flags_t has = from->_flags;

	if (has & AMQP_BASIC_CONTENT_TYPE_FLAG)
		delivery->content_type = copy(arena, from->content_type);
	if (has & AMQP_BASIC_TYPE_FLAG)
		delivery->type = copy(arena, from->type);
	if (has & AMQP_BASIC_USER_ID_FLAG)
		delivery->user_id = copy(arena, from->user_id);
	if (has & AMQP_BASIC_MESSAGE_ID_FLAG)
		delivery->message_id = copy(arena, from->message_id);
	if (has & AMQP_BASIC_CORRELATION_ID_FLAG)
		delivery->correlation_id = copy(arena, from->correlation_id);
	if (has & AMQP_BASIC_REPLY_TO_FLAG)
		delivery->reply_to = copy(arena, from->reply_to);
	if (has & AMQP_BASIC_HEADERS_FLAG)
		take_headers(&from->headers, arena, delivery);
}

/* The header and the body that follow a method. */
static enum status read_content(struct link *link, struct arena *arena, struct delivery *delivery)
{
	amqp_frame_t frame;
	enum status status = read_part(link, AMQP_FRAME_HEADER, &frame);

	if (status != OK)
		return status;
	take_properties(frame.payload.properties.decoded, arena, delivery);
	return read_body(link, frame.payload.properties.body_size, arena, &delivery->body);
}

static enum status read_delivery(struct link *link, const amqp_basic_deliver_t *method, struct arena *arena,
				 struct link_event *ret_event)
{
	struct link_event event = {.kind = LINK_DELIVERY,
				   .delivery = {.tag = method->delivery_tag,
						.redelivered = method->redelivered,
						.stream_offset = -1,
						.exchange = copy(arena, method->exchange),
						.routing_key = copy(arena, method->routing_key)}};
	enum status status = read_content(link, arena, &event.delivery);

	if (status == OK)
		*ret_event = event;
	return status;
}

static enum status read_return(struct link *link, struct arena *arena, struct link_event *ret_event)
{
	struct delivery back = {.tag = 0};
	enum status status = read_content(link, arena, &back);

	if (status == OK)
		*ret_event = (struct link_event){LINK_RETURN, .text = back.message_id};
	return status;
}

enum status link_next(struct link *link, int64_t wait_us, struct arena *arena, struct link_event *ret_event)
{
	int64_t until = wait_us > 0 ? monotonic_now() + wait_us : 0;

	if (take_noted(link, ret_event))
		return OK;
	for (;;) {
		amqp_frame_t frame;
		enum status status;

		amqp_maybe_release_buffers(link->state);
		status = read_frame(link, until > 0 ? until - monotonic_now() : 0, &frame);
		if (status != OK)
			return status;
		if (frame.frame_type != AMQP_FRAME_METHOD)
			return link_failed(link, "reading", AMQP_STATUS_UNEXPECTED_STATE);
		if (frame.payload.method.id == AMQP_BASIC_DELIVER_METHOD)
			return read_delivery(link, frame.payload.method.decoded, arena, ret_event);
		if (frame.payload.method.id == AMQP_BASIC_RETURN_METHOD)
			return read_return(link, arena, ret_event);
		status = take_method(link, &frame.payload.method, arena, ret_event);
		if (status != E_TIMEOUT)
			return status;
	}
}
