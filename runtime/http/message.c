/* HTTP messages without a socket: checks, header access, printing. */
#include "http/message.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

const char *http_header(const struct http_request *request, const char *name)
{
	for (int i = 0; i < request->header_count; i++)
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return NULL;
}

const char *http_header_list(const struct http_request *request, const char *name)
{
	const char *list = NULL;

	for (int i = 0; i < request->header_count; i++) {
		const char *value = request->headers[i].value;

		if (strcasecmp(request->headers[i].name, name) == 0)
			list = list == NULL ? value : arena_format(request->arena, "%s, %s", list, value);
	}
	return list;
}

void http_add_header(struct http_response *response, struct arena *arena, const char *name, const char *value)
{
	size_t size = strlen(value), length = 0;
	char *clean = arena_new(arena, size + 1, 1);

	assert((size_t)response->header_count < sizeof(response->headers) / sizeof(response->headers[0]));
	/* A value may come from a client. A line break in it would begin another header or response. */
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)value[i] >= ' ' && value[i] != 0x7f)
			clean[length++] = value[i];
	response->headers[response->header_count++] = (struct http_header){name, clean};
}

static int count_headers(const struct http_request *request, const char *name)
{
	int count = 0;

	for (int i = 0; i < request->header_count; i++)
		count += strcasecmp(request->headers[i].name, name) == 0;
	return count;
}

bool http_list_has(const char *list, const char *token)
{
	size_t size = strlen(token);

	while (list != NULL && *list != '\0') {
		list += strspn(list, " \t,");
		if (strncasecmp(list, token, size) == 0 && strchr(" \t,;", list[size]) != NULL)
			return true; /* strchr also finds the terminating NUL */
		list += strcspn(list, ",");
	}
	return false;
}

bool http_wants_keep_alive(const struct http_request *request, bool http_11)
{
	const char *connection = http_header_list(request, "Connection");

	if (connection == NULL)
		return http_11;
	return http_list_has(connection, "keep-alive") && !http_list_has(connection, "close");
}

/* Reads 1*DIGIT, at most 18 digits so that it fits. -1: anything else, such as a sign, a list or a space. */
static int64_t read_length(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	int64_t length = 0;

	if (digits == 0 || digits > 18 || text[digits] != '\0')
		return -1;
	for (size_t i = 0; i < digits; i++)
		length = length * 10 + (text[i] - '0');
	return length;
}

/* Fields that are not lists. With two of them, a proxy and the server could use different ones. */
static bool repeats_a_single_field(const struct http_request *request)
{
	static const char *const single[] = {"Authorization", "Content-Type", "Idempotency-Key"};

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (count_headers(request, single[i]) > 1)
			return true;
	return false;
}

/* uri-host [":" port] (RFC 9110 section 7.2, RFC 3986 section 3.2.2). */
static bool is_host(const char *text)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()*+,;=";
	size_t size = text[0] == '[' ? strspn(text + 1, "0123456789abcdefABCDEF:.") : strspn(text, name);

	if (size == 0)
		return false;
	if (text[0] == '[' && text[++size] != ']')
		return false;
	text += text[0] == '[' ? size + 1 : size;
	return *text == '\0' || (*text == ':' && text[1 + strspn(text + 1, "0123456789")] == '\0');
}

static struct http_refusal check_fields(const struct http_request *request, bool http_11, bool has_body)
{
	const char *host = http_header(request, "Host"), *encoding = http_header_list(request, "Content-Encoding");

	if (count_headers(request, "Host") > 1 || (host == NULL && http_11))
		return (struct http_refusal){400, "must have exactly one Host header"};
	if (host != NULL && !is_host(host))
		return (struct http_refusal){400, "has a Host header that is not a host"};
	if (repeats_a_single_field(request))
		return (struct http_refusal){400, "has a header twice that may occur once"};
	if (has_body && encoding != NULL && strcasecmp(encoding, "identity") != 0)
		return (struct http_refusal){415, "has a Content-Encoding, and none is accepted"};
	return (struct http_refusal){0};
}

struct http_refusal http_read_framing(const struct http_request *request, bool http_11,
				      struct http_framing *ret_framing)
{
	const char *length = http_header(request, "Content-Length");
	const char *coding = http_header(request, "Transfer-Encoding");
	const char *expect = http_header(request, "Expect");
	struct http_refusal refusal = {0};
	struct http_framing framing = {.chunked = coding != NULL, .expects_continue = expect != NULL && http_11};

	if (coding != NULL && length != NULL)
		return (struct http_refusal){400, "has both Transfer-Encoding and Content-Length"};
	if (count_headers(request, "Content-Length") > 1)
		return (struct http_refusal){400, "has more than one Content-Length"};
	if (count_headers(request, "Transfer-Encoding") > 1 || (coding != NULL && !http_11))
		return (struct http_refusal){400, "has a Transfer-Encoding that cannot be told apart"};
	if (coding != NULL && strcasecmp(coding, "chunked") != 0)
		return (struct http_refusal){501, "has a Transfer-Encoding other than chunked"};
	if (length != NULL && (framing.length = read_length(length)) < 0)
		return (struct http_refusal){400, "has a Content-Length that is not a number"};
	refusal = check_fields(request, http_11, framing.chunked || framing.length > 0);
	if (refusal.status != 0)
		return refusal;
	if (framing.expects_continue && strcasecmp(expect, "100-continue") != 0)
		return (struct http_refusal){417, "expects something other than 100-continue"};
	*ret_framing = framing;
	return (struct http_refusal){0};
}

/* ---- checks that civetweb does not make ---- */

bool http_headers_whole(const struct http_request *request)
{
	for (int i = 0; i < request->header_count; i++) {
		const char *end = request->headers[i].value + strlen(request->headers[i].value);
		bool last = i == request->header_count - 1;

		if (end[1] != '\0')
			return false;
		if (last ? end[2] != '\r' || end[3] != '\0' : end + 2 != request->headers[i + 1].name)
			return false;
		/* "Name : value": civetweb ends the name at the space, and a zero follows instead of the colon. */
		if (strlen(request->headers[i].name) > 0 &&
		    request->headers[i].name[strlen(request->headers[i].name) + 1] == '\0')
			return false;
	}
	return true;
}

size_t http_header_bytes(const struct http_request *request)
{
	const struct http_header *last = request->headers + request->header_count - 1;

	if (request->header_count == 0)
		return 0;
	return (size_t)(last->value + strlen(last->value) - request->headers[0].name);
}

static bool is_known_method(const char *method)
{
	static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL};

	for (int i = 0; known[i] != NULL; i++)
		if (strcmp(known[i], method) == 0)
			return true;
	return false;
}

static bool is_token(const char *text)
{
	return *text != '\0' && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") == strlen(text);
}

struct http_refusal http_refusal_of_civetweb(const struct http_request *request, int status)
{
	const char *coding = http_header(request, "Transfer-Encoding");

	switch (status) {
	case 400:
		if (coding != NULL && strcasecmp(coding, "chunked") != 0)
			return (struct http_refusal){501, "has a Transfer-Encoding other than chunked"};
		if (is_token(request->method) && !is_known_method(request->method))
			return (struct http_refusal){501, "has a method that this server does not know"};
		return (struct http_refusal){400, "is not as RFC 9112 says"};
	case 408:
		return (struct http_refusal){408, "did not arrive in time"};
	case 411:
		return (struct http_refusal){400, "has a Content-Length that is not a number"};
	case 413:
		return (struct http_refusal){431, "has more or longer headers than are accepted"};
	case 505:
		return (struct http_refusal){505, "is neither HTTP/1.1 nor HTTP/1.0"};
	default:
		return (struct http_refusal){status, "was refused by the server"};
	}
}

/* ---- responses ---- */

static const struct {
	int status;
	const char *words;
} status_words[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{417, "Expectation Failed"},
	{422, "Unprocessable Content"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
};

const char *http_status_words(int status)
{
	for (size_t i = 0; i < sizeof(status_words) / sizeof(status_words[0]); i++)
		if (status_words[i].status == status)
			return status_words[i].words;
	return "Unknown";
}

static void add_line(struct buffer *out, const char *name, const char *value)
{
	buffer_text(out, name);
	buffer_add(out, ": ", 2);
	buffer_text(out, value);
	buffer_add(out, "\r\n", 2);
}

void http_print_response(struct buffer *out, const struct http_response *response, const char *method, const char *date,
			 bool keep_alive)
{
	bool without_body = response->status == 204 || response->status == 304;

	buffer_format(out, "HTTP/1.1 %d %s\r\n", response->status, http_status_words(response->status));
	for (int i = 0; i < response->header_count; i++)
		add_line(out, response->headers[i].name, response->headers[i].value);
	if (response->extra_headers != NULL)
		buffer_text(out, response->extra_headers);
	add_line(out, "Date", date);
	add_line(out, "Connection", keep_alive ? "keep-alive" : "close");
	if (!without_body)
		buffer_format(out, "Content-Length: %zu\r\n", response->body.size);
	buffer_add(out, "\r\n", 2);
	if (!without_body && strcmp(method, "HEAD") != 0 && response->body.size > 0)
		buffer_add(out, response->body.bytes, response->body.size);
}
