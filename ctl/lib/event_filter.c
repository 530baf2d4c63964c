/* Compares an event with a filter. */
#include "ctl/lib/event_filter.h"

#include <string.h>

#include "proto/messages.h"

static bool type_fits(const char *wanted, const char *type)
{
	const size_t size = strlen(wanted);

	return size > 0 && wanted[size - 1] == '.' ? strncmp(wanted, type, size) == 0 : strcmp(wanted, type) == 0;
}

const char *option_event_type(const char *text, void *ret_type)
{
	for (int i = 0; i < comanda_contract.count; i++)
		if (comanda_contract.types[i].kind == EVENT && type_fits(text, comanda_contract.types[i].name)) {
			*(const char **)ret_type = text;
			return NULL;
		}
	return "is no event type of this build; docs/reference/messages.md lists them, and order. is all with that "
	       "prefix";
}

/* Whether the event's subject is an aggregate of that kind, "order_id". Of a type that this build does not know, the
 * subject may be of any kind. */
static bool is_about(const struct log_event *event, const char *kind, const struct uuid *wanted)
{
	const int type = contract_find(&comanda_contract, event->type, 0);
	const char *about = type < 0 ? NULL : comanda_contract.types[type].about;

	return uuid_equal(wanted, &event->subject) && (about == NULL || strcmp(about, kind) == 0);
}

static bool names(const struct json *object, const char *name, const struct uuid *wanted)
{
	const struct uuid id = json_id_of(object, name);

	return uuid_equal(&id, wanted);
}

static bool lists(const struct json *data, const char *list, const struct uuid *product)
{
	const struct json *items = data == NULL ? NULL : json_member(data, list);
	const int count = items == NULL ? 0 : json_count(items);

	for (int i = 0; i < count; i++)
		if (names(json_item(items, i), "product_id", product))
			return true;
	return false;
}

static bool about_product(const struct log_event *event, const struct uuid *product)
{
	return is_about(event, "product_id", product) || names(event->data, "product_id", product) ||
	       lists(event->data, "items", product) || lists(event->data, "stock", product);
}

bool filter_passes(const struct event_filter *filter, const struct log_event *event)
{
	if (filter->type != NULL && !type_fits(filter->type, event->type))
		return false;
	if (!uuid_is_nil(&filter->event) && !uuid_equal(&filter->event, &event->id))
		return false;
	if (!uuid_is_nil(&filter->cause) && !uuid_equal(&filter->cause, &event->cause))
		return false;
	if (!uuid_is_nil(&filter->order) && !is_about(event, "order_id", &filter->order) &&
	    !names(event->data, "order_id", &filter->order))
		return false;
	if (!uuid_is_nil(&filter->user) && !is_about(event, "user_id", &filter->user) &&
	    !names(event->data, "user_id", &filter->user))
		return false;
	return uuid_is_nil(&filter->product) || about_product(event, &filter->product);
}
