/* traceparent: "00-" trace id "-" span id "-" flags, in lower-case hexadecimal (W3C Trace Context, section 3.2). */
#include "telemetry/trace.h"

#include <string.h>

#include "core/hex.h"
#include "core/random.h"

/* Only lower case is allowed. */
static int digit_of(char c)
{
	return c >= 'A' && c <= 'F' ? -1 : hex_value(c);
}

static bool read_bytes(const char *text, uint8_t *ret_bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_bytes[i] = (uint8_t)(high * 16 + low);
	}
	return true;
}

static bool all_zero(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

bool trace_parse(const char *traceparent, struct trace *ret_trace)
{
	struct trace read = {.sampled = false};
	uint8_t flags = 0;

	*ret_trace = read;
	if (traceparent == NULL || strlen(traceparent) != TRACEPARENT_TEXT || strncmp(traceparent, "00-", 3) != 0 ||
	    traceparent[35] != '-' || traceparent[52] != '-')
		return false;
	if (!read_bytes(traceparent + 3, read.id, sizeof(read.id)) ||
	    !read_bytes(traceparent + 36, read.span, sizeof(read.span)) || !read_bytes(traceparent + 53, &flags, 1))
		return false;
	if (all_zero(read.id, sizeof(read.id)) || all_zero(read.span, sizeof(read.span)))
		return false;
	read.sampled = (flags & 1) != 0;
	*ret_trace = read;
	return true;
}

static char *put_bytes(char *text, const uint8_t *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
	return text;
}

void trace_text(const struct trace *trace, char ret_text[static TRACEPARENT_TEXT + 1])
{
	memcpy(ret_text, "00-", 3);
	char *end = put_bytes(ret_text + 3, trace->id, sizeof(trace->id));
	*end++ = '-';
	end = put_bytes(end, trace->span, sizeof(trace->span));
	memcpy(end, trace->sampled ? "-01" : "-00", 4);
}

const char *trace_id_of(const char *traceparent, char ret_text[static TRACE_ID_TEXT + 1])
{
	struct trace read;

	if (!trace_parse(traceparent, &read))
		return NULL;
	*put_bytes(ret_text, read.id, sizeof(read.id)) = '\0';
	return ret_text;
}

/* Never zero: an id of zeros is not valid (W3C Trace Context, section 3.2.2). */
static uint64_t next_random(void)
{
	static _Thread_local uint64_t state;

	if (state == 0)
		state = random_seed();
	const uint64_t random = random_next(&state);
	return random != 0 ? random : 1;
}

static void new_span(struct trace *trace)
{
	const uint64_t span = next_random();

	memcpy(trace->span, &span, sizeof(trace->span));
}

struct trace trace_child(const struct trace *parent)
{
	struct trace child = *parent;

	new_span(&child);
	return child;
}

struct trace trace_root(const uint8_t *id)
{
	struct trace root = {.sampled = true};
	const uint64_t halves[2] = {next_random(), next_random()};

	memcpy(root.id, id != NULL ? (const void *)id : halves, sizeof(root.id));
	new_span(&root);
	return root;
}
