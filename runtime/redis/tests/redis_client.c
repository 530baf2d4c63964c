/* A plain client of Redis: inline commands over a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/url.h"
#include "redis/tests/redis_client.h"

static void tell_line(int redis, const char *line)
{
	char answer[256] = "";
	const size_t size = strlen(line);

	assert_int_equal(write(redis, line, size), size);
	for (size_t got = 0; got < sizeof answer - 1 && strchr(answer, '\n') == NULL; got++)
		assert_int_equal(read(redis, answer + got, 1), 1);
	if (answer[0] == '-')
		fail_msg("%s: %s", line, answer);
}

void redis_tell(int redis, const char *format, ...)
{
	struct arena arena;
	va_list list;

	arena_init(&arena);
	va_start(list, format);
	const char *command = arena_vformat(&arena, format, list);
	va_end(list);
	/* In one write: two would wait for each other's acknowledgement. */
	tell_line(redis, arena_format(&arena, "%s\r\n", command));
	arena_done(&arena);
}

int redis_outside(const char *text, struct arena *arena)
{
	struct addrinfo *found, wanted = {.ai_socktype = SOCK_STREAM};
	struct url url;

	assert_int_equal(url_parse(text, arena, &url), OK);
	const char *port = arena_format(arena, "%d", url.port == 0 ? 6379 : url.port);
	assert_int_equal(getaddrinfo(url.host, port, &wanted, &found), 0);
	int redis = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(redis, found->ai_addr, found->ai_addrlen), 0);
	freeaddrinfo(found);
	if (url.password[0] != '\0')
		redis_tell(redis, "AUTH %s %s", url.user, url.password);
	if (url.path[0] != '\0')
		redis_tell(redis, "SELECT %s", url.path);
	return redis;
}
