/* Goes through the dead letters of all services. */
#include "ctl/dead/print.h"

#include "ctl/cli/json_object.h"

static void print_json(const struct dead_letter *letter)
{
	struct json_object object;
	struct buffer body;

	json_object_open(&object);
	json_object_text(&object, "service", letter->service->queue_prefix);
	json_object_id(&object, "event_id", &letter->ids[0]);
	json_object_int(&object, "events", (int64_t)letter->id_count);
	json_object_text(&object, "type", letter->type);
	json_object_id(&object, "order_id", &letter->order);
	json_object_text(&object, "code", letter->code);
	json_object_text(&object, "reason", letter->reason);
	json_object_int(&object, "attempts", letter->attempts);
	json_object_text(&object, "origin", letter->origin);
	json_object_timestamp(&object, "first", letter->first_us);
	json_object_timestamp(&object, "last", letter->last_us);
	buffer_init(&body);
	if (letter->json != NULL)
		json_print(&body, letter->json);
	else
		buffer_text(&body, "null");
	json_object_json(&object, "body", (struct span){body.bytes, body.size});
	json_object_print(&object);
	buffer_done(&body);
}

static void print_service(const struct service *service, const struct dead_filter *filter, bool json,
			  void (*print)(const struct dead_letter *letter), struct dead_letters_printed *printed)
{
	struct dead_queue queue;

	if (!dead_queue_open(service, filter, &queue)) {
		printed->failed = true;
		return;
	}
	for (size_t i = 0; i < queue.count; i++)
		if (json)
			print_json(&queue.letters[i]);
		else
			print(&queue.letters[i]);
	printed->count += (int64_t)queue.count;
	printed->incomplete = printed->incomplete || queue.incomplete;
	dead_queue_close(&queue);
}

struct dead_letters_printed dead_letters_print(const struct dead_filter *filter, bool json,
					       void (*print)(const struct dead_letter *letter))
{
	struct dead_letters_printed printed = {.count = 0};

	for (const struct service *const *service = services; *service != NULL && !printed.failed; service++)
		if (filter->service == NULL || filter->service == *service)
			print_service(*service, filter, json, print, &printed);
	return printed;
}
