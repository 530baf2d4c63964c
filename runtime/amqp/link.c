/* An AMQP connection by librabbitmq-c: opening, closing, consuming. */
#include "amqp/amqp_library.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { FRAME_MAX = 131072 }; /* RabbitMQ's default */

/* The limit of connecting, of signing in, and of each call with an answer; the limit of an orderly close. */
static const int64_t open_wait_us = 5 * SECOND_US, close_wait_us = 1 * SECOND_US;

/* The CA certificates of the system: Debian's package ca-certificates. */
static const char system_ca_file[] = "/etc/ssl/certs/ca-certificates.crt";

/* ---- texts ---- */

amqp_bytes_t link_bytes(const char *text, size_t size)
{
	/* The library takes void *, but only reads. */
	return (amqp_bytes_t){.len = size, .bytes = (void *)(uintptr_t)text};
}

amqp_bytes_t link_text(const char *text)
{
	return text != NULL ? link_bytes(text, strlen(text)) : amqp_empty_bytes;
}

amqp_table_entry_t link_text_entry(const char *name, amqp_bytes_t text)
{
	return (amqp_table_entry_t){.key = link_text(name),
				    .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = text}};
}

static struct timeval timeval_of(int64_t us)
{
	if (us < 0)
		us = 0;
	return (struct timeval){.tv_sec = us / SECOND_US, .tv_usec = us % SECOND_US};
}

/* ---- failures ---- */

enum status link_failed(struct link *link, const char *doing, int error)
{
	snprintf(link->detail, sizeof(link->detail), "%s: %s", doing, amqp_error_string2(error));
	return E_UNAVAILABLE;
}

int link_closed(struct link *link, const char *doing, const amqp_method_t *method)
{
	uint16_t code = 0;
	amqp_bytes_t text = amqp_empty_bytes;

	if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
		const amqp_channel_close_t *closed = method->decoded;

		code = closed->reply_code;
		text = closed->reply_text;
	} else if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
		const amqp_connection_close_t *closed = method->decoded;

		code = closed->reply_code;
		text = closed->reply_text;
	}
	snprintf(link->detail, sizeof(link->detail), "%s: broker says %d %.*s", doing, code, (int)text.len,
		 text.len > 0 ? (const char *)text.bytes : "");
	link->close_code = code;
	return code;
}

/* The AMQP reply code with which the server ended the channel; 0 for everything else. */
static int reply_failed(struct link *link, const char *doing, amqp_rpc_reply_t reply)
{
	if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
		int code = link_closed(link, doing, &reply.reply);

		return reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD ? code : 0;
	}
	link_failed(link, doing, reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION ? reply.library_error : 0);
	return 0;
}

/* ---- opening and closing ---- */

static void tune_socket(int fd, int64_t heartbeat_us)
{
	unsigned dead_ms = (unsigned)(heartbeat_us / MS_US);
	int yes = 1;

	/* A peer that accepts nothing for this time counts as dead. Without this the library waits for ever in a send.
	 */
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

/* At least TLS 1.2, and a certificate that a trusted CA has issued to the broker's host name. */
static int require_certificate(amqp_socket_t *socket, const char *ca_file)
{
	int error;

	amqp_ssl_socket_set_verify_peer(socket, 1);
	amqp_ssl_socket_set_verify_hostname(socket, 1);
	error = amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
	return error != AMQP_STATUS_OK ? error : amqp_ssl_socket_set_cacert(socket, ca_file);
}

static enum status open_socket(struct link *link, const struct link_config *config)
{
	struct timeval wait = timeval_of(open_wait_us);
	amqp_socket_t *socket = config->tls ? amqp_ssl_socket_new(link->state) : amqp_tcp_socket_new(link->state);
	int error = socket == NULL ? AMQP_STATUS_NO_MEMORY : AMQP_STATUS_OK;

	if (error == AMQP_STATUS_OK && config->tls)
		error = require_certificate(socket, config->ca_file != NULL ? config->ca_file : system_ca_file);
	if (error != AMQP_STATUS_OK)
		return link_failed(link, "reading the CA certificates", error);
	error = amqp_socket_open_noblock(socket, config->host, config->port, &wait);
	if (error != AMQP_STATUS_OK)
		return link_failed(link, "connecting", error);
	tune_socket(amqp_get_sockfd(link->state), config->heartbeat_us);
	amqp_set_handshake_timeout(link->state, &wait);
	amqp_set_rpc_timeout(link->state, &wait);
	return OK;
}

static amqp_table_entry_t entry_yes(const char *name)
{
	return (amqp_table_entry_t){.key = link_text(name),
				    .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
}

static enum status log_in(struct link *link, const struct link_config *config)
{
	amqp_table_entry_t able[] = {entry_yes("connection.blocked"), entry_yes("consumer_cancel_notify"),
				     entry_yes("basic.nack"), entry_yes("publisher_confirms")};
	amqp_table_entry_t ok[] = {
		link_text_entry("connection_name", link_text(config->name)),
		{.key = link_text("capabilities"),
		 .value = {.kind = AMQP_FIELD_KIND_TABLE, .value.table = {sizeof(able) / sizeof(*able), able}}}};
	amqp_table_t properties = {sizeof(ok) / sizeof(*ok), ok};
	int64_t seconds = (config->heartbeat_us + SECOND_US - 1) / SECOND_US;
	amqp_rpc_reply_t reply =
		amqp_login_with_properties(link->state, config->vhost, 0, FRAME_MAX, (int)seconds, &properties,
					   AMQP_SASL_METHOD_PLAIN, config->user, config->password);

	if (reply.reply_type == AMQP_RESPONSE_NORMAL)
		return OK;
	reply_failed(link, "logging in", reply);
	return E_UNAVAILABLE;
}

static enum status open_channel(struct link *link)
{
	if (amqp_channel_open(link->state, LINK_CHANNEL) == NULL) {
		reply_failed(link, "opening a channel", amqp_get_rpc_reply(link->state));
		return E_UNAVAILABLE;
	}
	if (link->confirms && amqp_confirm_select(link->state, LINK_CHANNEL) == NULL) {
		reply_failed(link, "asking for confirms", amqp_get_rpc_reply(link->state));
		return E_UNAVAILABLE;
	}
	return OK;
}

static enum status open_all(struct link *link, const struct link_config *config)
{
	enum status status = open_socket(link, config);

	if (status == OK)
		status = log_in(link, config);
	if (status == OK)
		status = open_channel(link);
	return status;
}

enum status link_open(const struct link_config *config, struct link **ret_link, char ret_detail[static LINK_DETAIL])
{
	struct link *link = mem_new(1, sizeof(*link));
	enum status status;

	link->name = config->name;
	link->heartbeat_us = config->heartbeat_us;
	link->confirms = config->confirms;
	link->state = amqp_new_connection();
	if (link->state == NULL)
		abort();
	status = open_all(link, config);
	if (status != OK) {
		snprintf(ret_detail, LINK_DETAIL, "%s:%d: %.200s", config->host, config->port, link->detail);
		link_close(link, false);
		return status;
	}
	*ret_link = link;
	return OK;
}

void link_close(struct link *link, bool orderly)
{
	if (link == NULL)
		return;
	if (orderly) {
		struct timeval wait = timeval_of(close_wait_us);

		amqp_set_rpc_timeout(link->state, &wait);
		amqp_connection_close(link->state, AMQP_REPLY_SUCCESS);
	}
	amqp_destroy_connection(link->state);
	free(link);
}

int link_close_code(const struct link *link)
{
	return link->close_code;
}

const char *link_detail(const struct link *link)
{
	return link->detail;
}

int link_fd(const struct link *link)
{
	return amqp_get_sockfd(link->state);
}

bool link_buffered(const struct link *link)
{
	return amqp_frames_enqueued(link->state) || amqp_data_in_buffer(link->state);
}

void link_wait(struct link *link, int64_t wait_us)
{
	struct pollfd socket = {.fd = link_fd(link), .events = POLLIN | POLLOUT};

	poll(&socket, 1, (int)(wait_us / MS_US));
}

/* ---- consuming ---- */

static enum status reopen_channel(struct link *link)
{
	amqp_channel_close_ok_t ok = {0};
	char reason[LINK_DETAIL];
	enum status status = OK;
	int error;

	memcpy(reason, link->detail, sizeof(reason));
	error = amqp_send_method(link->state, LINK_CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
	if (error != AMQP_STATUS_OK)
		return link_failed(link, "closing a channel", error);
	status = open_channel(link);
	if (status == OK)
		memcpy(link->detail, reason, sizeof(reason));
	link->close_code = 0;
	return status;
}

static amqp_table_entry_t stream_start(const struct broker_consume *consume)
{
	amqp_table_entry_t entry = {.key = link_text("x-stream-offset")};
	const int64_t offset = consume->stream_offset;

	if (consume->stream_since_us > 0) {
		entry.value.kind = AMQP_FIELD_KIND_TIMESTAMP;
		entry.value.value.u64 = (uint64_t)(consume->stream_since_us / SECOND_US);
	} else if (offset >= 0) {
		entry.value.kind = AMQP_FIELD_KIND_I64;
		entry.value.value.i64 = offset;
	} else {
		entry.value.kind = AMQP_FIELD_KIND_UTF8;
		entry.value.value.bytes = link_text(offset == -1 ? "first" : offset == -2 ? "next" : "last");
	}
	return entry;
}

/* RabbitMQ's manual, "Consumer Priorities". */
static amqp_table_entry_t priority(const struct broker_consume *consume)
{
	return (amqp_table_entry_t){.key = link_text("x-priority"),
				    .value = {.kind = AMQP_FIELD_KIND_I64, .value.i64 = consume->priority}};
}

/* After a call that the broker has answered with an error. */
static enum status refused_queue(struct link *link, const char *doing)
{
	if (reply_failed(link, doing, amqp_get_rpc_reply(link->state)) != AMQP_NOT_FOUND)
		return E_UNAVAILABLE;
	return reopen_channel(link) == OK ? E_NOT_FOUND : E_UNAVAILABLE;
}

enum status link_depth(struct link *link, const char *queue, struct queue_depth *ret_depth)
{
	const amqp_queue_declare_ok_t *ok =
		amqp_queue_declare(link->state, LINK_CHANNEL, link_text(queue), 1, 0, 0, 0, amqp_empty_table);

	if (ok == NULL)
		return refused_queue(link, "looking at a queue");
	*ret_depth = (struct queue_depth){.waiting = ok->message_count, .consumers = ok->consumer_count};
	return OK;
}

enum status link_consume(struct link *link, const struct broker_consume *consume)
{
	amqp_table_entry_t entries[2];
	amqp_table_t arguments = {.entries = entries};

	if (consume->stream)
		entries[arguments.num_entries++] = stream_start(consume);
	if (consume->priority != 0)
		entries[arguments.num_entries++] = priority(consume);

	if (amqp_basic_qos(link->state, LINK_CHANNEL, 0, (uint16_t)consume->prefetch, 0) == NULL) {
		reply_failed(link, "setting the prefetch", amqp_get_rpc_reply(link->state));
		return E_UNAVAILABLE;
	}
	if (amqp_basic_consume(link->state, LINK_CHANNEL, link_text(consume->queue), link_text(link->name), 0,
			       consume->no_ack, 0, arguments) != NULL)
		return OK;
	return refused_queue(link, "consuming");
}

enum status link_cancel(struct link *link)
{
	if (amqp_basic_cancel(link->state, LINK_CHANNEL, link_text(link->name)) != NULL)
		return OK;
	reply_failed(link, "cancelling the consumer", amqp_get_rpc_reply(link->state));
	return E_UNAVAILABLE;
}

enum status link_ack(struct link *link, uint64_t tag, bool multiple)
{
	int error = amqp_basic_ack(link->state, LINK_CHANNEL, tag, multiple);

	return error == AMQP_STATUS_OK ? OK : link_failed(link, "acknowledging", error);
}
