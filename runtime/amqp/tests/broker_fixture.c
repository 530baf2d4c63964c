/* RabbitMQ for component tests. */
#include "amqp/tests/broker_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>

static char vhost[100];
static char url[600];

static size_t keep(char *bytes, size_t size, size_t count, void *answer)
{
	if (answer != NULL)
		buffer_add(answer, bytes, size * count);
	return size * count;
}

long management(const char *method, const char *path, const char *body, struct buffer *ret_answer)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *curl = curl_easy_init();
	const char *place = strstr(path, "%s");
	char address[1000];
	long code = 0;

	snprintf(address, sizeof(address), "%s/api/%.*s%s%s", getenv("COMANDA_TEST_MANAGEMENT_URL"),
		 place != NULL ? (int)(place - path) : (int)strlen(path), path, place != NULL ? vhost : "",
		 place != NULL ? place + 2 : "");
	curl_easy_setopt(curl, CURLOPT_URL, address);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_answer);
	if (body != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	return code;
}

static void must(const char *method, const char *path, const char *body)
{
	long code = management(method, path, body, NULL);

	if (code < 200 || code > 299)
		fail_msg("%s %s: %ld", method, path, code);
}

/* The user's name, out of amqp://user:password@... */
static void user_name(const char *broker_url, char ret_name[static 100])
{
	const char *start = strstr(broker_url, "//");
	size_t length = strcspn(start + 2, ":@");

	snprintf(ret_name, 100, "%.*s", (int)length, start + 2);
}

bool fixture_open(const char *name)
{
	const char *broker_url = getenv("COMANDA_TEST_BROKER_URL");
	char user[100], path[300];

	if (broker_url == NULL || getenv("COMANDA_TEST_MANAGEMENT_URL") == NULL) {
		fprintf(stderr, "skipped: COMANDA_TEST_BROKER_URL and COMANDA_TEST_MANAGEMENT_URL name no RabbitMQ\n");
		return false;
	}
	curl_global_init(CURL_GLOBAL_ALL);
	snprintf(vhost, sizeof(vhost), "%s-%ld", name, (long)getpid());
	snprintf(url, sizeof(url), "%.*s/%s", (int)(strrchr(broker_url, '/') - broker_url), broker_url, vhost);
	user_name(broker_url, user);
	must("PUT", "vhosts/%s", "{}");
	snprintf(path, sizeof(path), "permissions/%s/%s", vhost, user);
	must("PUT", path, "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}");
	return true;
}

void fixture_close(void)
{
	must("DELETE", "vhosts/%s", NULL);
	curl_global_cleanup();
}

const char *fixture_url(void)
{
	return url;
}

void declare_queue(const char *name, const char *arguments)
{
	char path[300], body[500];

	snprintf(path, sizeof(path), "queues/%%s/%s", name);
	snprintf(body, sizeof(body), "{\"durable\":true,\"arguments\":%s}", arguments);
	must("PUT", path, body);
}

void delete_queue(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "queues/%%s/%s", name);
	must("DELETE", path, NULL);
}

void declare_exchange(const char *name, const char *type)
{
	char path[300], body[100];

	snprintf(path, sizeof(path), "exchanges/%%s/%s", name);
	snprintf(body, sizeof(body), "{\"type\":\"%s\",\"durable\":true}", type);
	must("PUT", path, body);
}

void bind_queue(const char *exchange, const char *queue, const char *routing_key)
{
	char path[300], body[200];

	snprintf(path, sizeof(path), "bindings/%%s/e/%s/q/%s", exchange, queue);
	snprintf(body, sizeof(body), "{\"routing_key\":\"%s\"}", routing_key);
	must("POST", path, body);
}

/* The management API's own name of a connection ("127.0.0.1:5 -> 127.0.0.1:6"), percent-encoded; false while the API
 * does not know it. */
static bool connection_path(const char *name, struct buffer *ret_path)
{
	char wanted[200], *entry, *own, *end, *escaped;
	struct buffer list;
	bool found = false;

	buffer_init(&list);
	management("GET", "vhosts/%s/connections?columns=name,user_provided_name", NULL, &list);
	snprintf(wanted, sizeof(wanted), "\"user_provided_name\":\"%s\"", name);
	entry = strstr(list.bytes, wanted);
	while (entry != NULL && entry > list.bytes && *entry != '{')
		entry--;
	own = entry != NULL ? strstr(entry, "\"name\":\"") : NULL;
	end = own != NULL ? strchr(own + 8, '"') : NULL;
	if (end != NULL) {
		escaped = curl_easy_escape(NULL, own + 8, (int)(end - own - 8));
		buffer_format(ret_path, "connections/%s", escaped);
		curl_free(escaped);
		found = true;
	}
	buffer_done(&list);
	return found;
}

void close_connection(const char *name)
{
	int64_t until = monotonic_now() + 30 * SECOND_US;
	struct buffer path;
	char plain[400];

	buffer_init(&path);
	while (!connection_path(name, &path))
		if (monotonic_now() > until)
			fail_msg("the management API does not know the connection %s", name);
	snprintf(plain, sizeof(plain), "%s", path.bytes);
	buffer_done(&path);
	must("DELETE", plain, NULL);
}

bool rabbitmqctl(const char *arguments)
{
	const char *command = getenv("COMANDA_TEST_RABBITMQCTL");
	char line[1000];

	if (command == NULL)
		return false;
	snprintf(line, sizeof(line), "%s %s >/dev/null", command, arguments);
	assert_int_equal(system(line), 0);
	return true;
}

struct broker *connected_broker(const char *consumer, bool confirms)
{
	const struct broker_config config = {.url = url,
					     .program = "component",
					     .connection_name = consumer,
					     .heartbeat_us = 10 * SECOND_US,
					     .confirms = confirms};
	struct broker *broker = broker_new(&config);

	if (broker_ensure(broker) != OK)
		fail_msg("%s", broker_detail(broker));
	return broker;
}
