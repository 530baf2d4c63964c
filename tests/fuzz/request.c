/* Request line, headers and body become a message: the whole edge except its sockets. The head is parsed in place like
 * in civetweb. connection.c tests civetweb itself. */
#include <string.h>

#include "http/message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/stubs.h"

enum { HEADERS_MAX = 64, BODY_MAX = 256 * 1024 };

void target_begin(void)
{
	played_begin();
}

/* Cuts at the first blank and returns the rest; NULL without a blank. */
static char *cut(char *text, char mark)
{
	char *at = text != NULL ? strchr(text, mark) : NULL;

	if (at == NULL)
		return NULL;
	*at = '\0';
	return at + 1;
}

/* "Name: value\r\n" lines, up to the empty one. False: not a head. *ret_rest is the data after the head. */
static bool cut_headers(char *at, char *end, struct http_header *headers, int *ret_count, char **ret_rest)
{
	int count = 0;

	for (;;) {
		char *line = at, *stop = memchr(at, '\r', (size_t)(end - at));

		if (stop == NULL || stop + 1 >= end || stop[1] != '\n')
			return false;
		at = stop + 2;
		if (stop == line) {
			stop[1] = '\0'; /* civetweb's parser leaves the CR and terminates the text here */
			break;
		}
		stop[0] = stop[1] = '\0';
		char *value = cut(line, ':');
		if (value == NULL || *line == '\0' || count == HEADERS_MAX)
			return false;
		headers[count++] = (struct http_header){line, value + strspn(value, " \t")};
	}
	*ret_count = count;
	*ret_rest = at;
	return true;
}

static void answer(struct http_request *request, bool http_11, struct span rest)
{
	struct http_response response = {.status = 0};
	struct http_framing framing = {0};
	struct http_refusal refusal = {0};

	if (!http_headers_whole(request))
		refusal = (struct http_refusal){400, "has header lines that are not as RFC 9112 says"};
	else
		refusal = http_read_framing(request, http_11, &framing);
	if (refusal.status == 0 && framing.length > BODY_MAX)
		refusal = (struct http_refusal){413, "has a longer body than is accepted"};
	if (refusal.status == 0 && (framing.chunked || framing.length > (int64_t)rest.size))
		framing.length =
			(int64_t)rest.size; /* the rest is the body, because mutations rarely keep a correct length */
	if (framing.length > 0)
		request->body = (struct span){rest.bytes, (size_t)framing.length};
	if (refusal.status != 0)
		call_refuse(&played_edge, refusal.status, refusal.detail, request, &response);
	else
		call_answer(&played_edge, request, &response);
	played_check(request, &response);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct http_header headers[HEADERS_MAX];
	struct http_request request = {.headers = headers, .peer = "192.0.2.1"};
	unsigned sum = 0;
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < size; i++)
		sum += bytes[i];
	played_choose(sum);
	char *text = arena_copy(&arena, (const char *)bytes, size), *end = text + size, *rest = end;
	char *line_end = memchr(text, '\n', size);
	if (line_end != NULL && line_end > text && line_end[-1] == '\r') {
		line_end[-1] = *line_end = '\0';
		char *path = cut(text, ' '), *version = cut(path, ' '), *query = cut(path, '?');

		request.method = text;
		request.path = path;
		request.query = query;
		request.arena = &arena;
		if (version != NULL && *path == '/' &&
		    cut_headers(line_end + 1, end, headers, &request.header_count, &rest))
			answer(&request, strcmp(version, "HTTP/1.1") == 0, (struct span){rest, (size_t)(end - rest)});
	}
	arena_done(&arena);
	return 0;
}
