/* One libcurl handle, one call at a time. */
#include "ctl/lib/management.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "config/url.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/connect.h"

struct management {
	CURL *curl;
	struct arena arena;
	struct url url;
	const char *vhost;
	char *vhost_encoded;
	struct buffer answer;
	char error[CURL_ERROR_SIZE];
};

struct management *management_open(void)
{
	static const char example[] = "http://user:password@127.0.0.1:15672";
	const char *text = setting_value("COMANDA_MANAGEMENT_URL", example), *vhost = getenv("COMANDA_VHOST");
	struct management *management = mem_new(1, sizeof(*management));

	arena_init(&management->arena);
	buffer_init(&management->answer);
	if (text == NULL || url_parse(text, &management->arena, &management->url) != OK || management->url.port == 0) {
		if (text != NULL)
			print_error("COMANDA_MANAGEMENT_URL must be as in %s", example);
		management_close(management);
		return NULL;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	management->curl = curl_easy_init();
	management->vhost = arena_text(&management->arena, vhost != NULL ? vhost : "comanda");
	management->vhost_encoded = curl_easy_escape(management->curl, management->vhost, 0);
	return management;
}

void management_close(struct management *management)
{
	if (management == NULL)
		return;
	curl_free(management->vhost_encoded);
	curl_easy_cleanup(management->curl);
	buffer_done(&management->answer);
	arena_done(&management->arena);
	free(management);
}

const char *management_vhost(const struct management *management)
{
	return management->vhost;
}

const char *management_user(const struct management *management)
{
	return management->url.user;
}

const char *management_answer(const struct management *management)
{
	return management->answer.bytes == NULL ? "" : management->answer.bytes;
}

const char *management_encode(struct management *management, const char *name, struct arena *arena)
{
	char *encoded = curl_easy_escape(management->curl, name, 0);
	const char *copy = arena_text(arena, encoded);

	curl_free(encoded);
	return copy;
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
	buffer_add(context, bytes, size * count);
	return size * count;
}

/* scheme://host:port/api/path with {vhost} filled in. */
static void write_address(const struct management *management, const char *path, struct buffer *out)
{
	const char *mark = strstr(path, "{vhost}");

	buffer_format(out, "%s://%s:%d/api/", management->url.scheme, management->url.host, management->url.port);
	if (mark == NULL) {
		buffer_text(out, path);
		return;
	}
	buffer_add(out, path, (size_t)(mark - path));
	buffer_text(out, management->vhost_encoded);
	buffer_text(out, mark + strlen("{vhost}"));
}

int management_call(struct management *management, const char *method, const char *path, const char *body)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	struct buffer address;
	long status = 0;

	buffer_init(&address);
	buffer_clear(&management->answer);
	write_address(management, path, &address);
	curl_easy_reset(management->curl);
	curl_easy_setopt(management->curl, CURLOPT_URL, address.bytes);
	curl_easy_setopt(management->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(management->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(management->curl, CURLOPT_USERNAME, management->url.user);
	curl_easy_setopt(management->curl, CURLOPT_PASSWORD, management->url.password);
	curl_easy_setopt(management->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(management->curl, CURLOPT_TIMEOUT, 10L);
	curl_easy_setopt(management->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(management->curl, CURLOPT_ERRORBUFFER, management->error);
	curl_easy_setopt(management->curl, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(management->curl, CURLOPT_WRITEDATA, &management->answer);
	if (body != NULL)
		curl_easy_setopt(management->curl, CURLOPT_POSTFIELDS, body);
	if (curl_easy_perform(management->curl) == CURLE_OK)
		curl_easy_getinfo(management->curl, CURLINFO_RESPONSE_CODE, &status);
	else
		print_error("the management API at %s:%d did not answer: %s", management->url.host,
			    management->url.port, management->error);
	curl_slist_free_all(headers);
	buffer_done(&address);
	return (int)status;
}

const struct json *management_get(struct management *management, const char *path, struct arena *arena)
{
	struct faults faults = {0};
	const struct json *json = NULL;

	const int status = management_call(management, "GET", path, NULL);
	if (status == 404 || status == 0)
		return NULL;
	if (status != 200) {
		print_error("GET /api/%s answered %d: %s", path, status, management_answer(management));
		return NULL;
	}
	const struct span text = {management->answer.bytes, management->answer.size};
	if (json_parse(arena, text, &faults, &json) != OK)
		print_error("GET /api/%s answered something that is not JSON", path);
	return json;
}
