/* Messages, their ids, and where they are read. */
#include "tests/model/messages.h"

#include <assert.h>
#include <string.h>

#include "orders/usecases/decisions.h"
#include "proto/messages.h"
#include "rpc/cloudevent.h"
#include "tests/model/rows.h"

/* The time of an event is in its id and text. No decision reads it, so that here it is constant. */
#define ALL_TIMES phase_moment(PHASE_OPEN)

/* ---- ids ---- */

number_t id_number(struct model *model, const struct uuid *id)
{
	bool is_new;
	const uint32_t number = table_number(&model->ids, id, sizeof(*id), &is_new);

	if (is_new)
		((struct id_origin *)table_value(&model->ids, number))->id = *id;
	return number_of(number);
}

struct id_origin id_origin(const struct model *model, number_t id)
{
	return *(const struct id_origin *)table_value(&model->ids, id);
}

bool id_descends(const struct model *model, number_t id, number_t ancestor)
{
	while (id != 0 && id != ancestor)
		id = ((const struct id_origin *)table_value(&model->ids, id))->cause;
	return id != 0;
}

/* ---- messages ---- */

struct sent sent_message_of(const struct model *model, number_t sent)
{
	return *(const struct sent *)table_value(&model->messages, sent);
}

static struct sent *message_made(struct model *model, const char *key, number_t *ret_number)
{
	bool is_new;
	const uint32_t number = table_number(&model->messages, key, strlen(key), &is_new);

	*ret_number = number_of(number);
	return is_new ? table_value(&model->messages, number) : NULL;
}

number_t message_request(struct model *model, const struct message *message)
{
	/* Constant terms, which svc-orders' handlers.c takes from its settings. */
	static struct place_settings terms;
	char id[UUID_TEXT + 1];
	number_t number;

	uuid_text(&message->id, id);
	const char *key = arena_format(&model->scratch, "%s %s %lld", comanda_contract.types[message->type].name, id,
				       (long long)message->time_us);
	struct sent *sent = message_made(model, key, &number);
	if (sent == NULL)
		return number;
	terms.deadline_us = order_time_limit();
	sent->message = *message;
	if (message->type == ORDERS_PLACE)
		sent->message.prepared = &terms;
	sent->id = id_number(model, &message->id);
	return number;
}

/* The event as its consumer reads it. */
static struct message read_back(struct model *model, const char *text)
{
	struct faults faults = {0};
	struct message message;
	const struct json *json, *data;

	enum status status = json_parse(&model->kept, span_of(text), &faults, &json);
	if (status == OK)
		status = cloudevent_read(json, &comanda_contract, &model->kept, &faults, &message, &data);
	assert(status == OK);
	const struct schema *schema = comanda_contract.types[message.type].schema;
	void *body = arena_new(&model->kept, 1, schema->size);
	schema_blank(schema, body);
	status = json_read(data, schema, UNKNOWN_IGNORED, &model->kept, &faults, body);
	assert(status == OK && "a decision says what its consumer can read");
	(void)status;
	message.body = body;
	return message;
}

static number_t message_written(struct model *model, enum service_name service, const struct cloudevent *event)
{
	struct buffer text;
	number_t number;

	buffer_init(&text);
	cloudevent_write(&text, event);
	struct sent *sent = message_made(model, text.bytes, &number);
	if (sent != NULL) {
		const char *kept = arena_text(&model->kept, text.bytes);

		*sent = (struct sent){.service = (uint8_t)service, .message = read_back(model, kept), .text = kept};
		sent->id = id_number(model, &sent->message.id);
		sent->subject = id_number(model, &sent->message.subject);
		/* An event goes where it is bound, a timer to who wrote it. */
		sent->receivers =
			(uint8_t)(event->type->kind == TIMER ? 1U << service : services_bound_to(sent->message.type));
	}
	buffer_done(&text);
	return number;
}

/* What a product has after an event is for those who read the log: no decision looks at it. */
static const void *without_levels(struct model *model, const struct output *output)
{
	if (output->type != STOCK_RESERVED && output->type != STOCK_RELEASED && output->type != STOCK_SOLD)
		return output->body;
	struct stock_event *accepted = arena_new(&model->scratch, 1, sizeof(*accepted));
	*accepted = *(const struct stock_event *)output->body;
	const struct stock_level *levels = accepted->stock.items;
	struct stock_level *blank = arena_new(&model->scratch, accepted->stock.count, sizeof(*blank));
	for (size_t i = 0; i < accepted->stock.count; i++)
		blank[i].product_id = levels[i].product_id;
	accepted->stock.items = blank;
	return accepted;
}

number_t message_event(struct model *model, enum service_name service, const struct output *output, number_t cause,
		       unsigned index)
{
	const struct sent because = sent_message_of(model, cause);
	const number_t number = message_written(model, service,
						&(struct cloudevent){
							.id = output->id,
							.type = &comanda_contract.types[output->type],
							.source = service_of(service)->name,
							.subject = output->subject,
							.sequence = output->sequence,
							.time_us = ALL_TIMES,
							.cause = because.message.id,
							.body = without_levels(model, output),
						});
	struct id_origin *origin = table_value(&model->ids, sent_message_of(model, number).id);

	origin->cause = because.id;
	origin->service = (uint8_t)service;
	origin->index = (uint8_t)index;
	return number;
}

number_t message_timer(struct model *model, enum service_name service, int type, number_t subject, unsigned attempts)
{
	const struct uuid about = id_origin(model, subject).id;

	/* As runtime/store/deadlines.c writes it. */
	const number_t number = message_written(
		model, service,
		&(struct cloudevent){
			.id = uuid_derive(comanda_contract.types[type].name, &about, attempts, ALL_TIMES),
			.type = &comanda_contract.types[type],
			.source = comanda_contract.types[type].producer,
			.subject = about,
			.sequence = attempts,
			.time_us = ALL_TIMES,
			.body = &(struct order_timer){about},
		});
	struct id_origin *origin = table_value(&model->ids, sent_message_of(model, number).id);

	origin->timer_type = number_of((size_t)type);
	origin->timer_subject = subject;
	return number;
}

/* ---- deliveries ---- */

struct delivery delivery_of(const struct model *model, number_t delivery)
{
	return *(const struct delivery *)table_value(&model->deliveries, delivery);
}

static decide_function *decision_of(const struct model *model, enum service_name service, const struct handler *handler)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct replaced *replaced = &model->mutation->replaced[i];

		if (replaced->decide != NULL && replaced->service == service && replaced->type == handler->type)
			return replaced->decide;
	}
	return handler->decide;
}

static bool is_idempotent(const struct model *model, enum service_name service, const struct handler *handler)
{
	if (!service_of(service)->transactional || comanda_contract.types[handler->type].kind == REQUEST)
		return false;
	return handler->idempotent || model_mutated(model, MUTATE_ALL_IDEMPOTENT);
}

static void name_aggregates(struct model *model, struct delivery *delivery, const struct message *message)
{
	struct unit *unit = unit_make(&model->scratch, service_of(delivery->service)->name);

	if (delivery->keys != NULL)
		delivery->keys(unit_keys(unit), message);
	for (const struct aggregate *const *kind = service_of(delivery->service)->kinds; *kind != NULL; kind++) {
		const struct uuid *ids;
		const size_t count = keys_sorted(unit_keys(unit), *kind, &ids);

		for (size_t i = 0; i < count; i++) {
			assert(delivery->named_count < NAMED_MAX);
			delivery->named[delivery->named_count++] = aggregate_number(model, *kind, &ids[i]);
		}
	}
}

number_t delivery_number(struct model *model, enum service_name service, number_t sent)
{
	const number_t key[] = {(number_t)service, sent};
	bool is_new;
	const uint32_t number = table_number(&model->deliveries, key, sizeof(key), &is_new);

	if (!is_new)
		return number_of(number);
	const struct message message = sent_message_of(model, sent).message;
	const struct handler *handler = service_handler(service_of(service), message.type);
	assert(handler != NULL && "what is bound to a queue is handled there");
	struct delivery delivery = {.sent = sent,
				    .id = id_number(model, &message.id),
				    .type = message.type,
				    .request = comanda_contract.types[message.type].kind == REQUEST,
				    .idempotent = is_idempotent(model, service, handler),
				    .service = (uint8_t)service,
				    .keys = handler->keys,
				    .decide = decision_of(model, service, handler)};
	name_aggregates(model, &delivery, &message);
	*(struct delivery *)table_value(&model->deliveries, number) = delivery;
	return number_of(number);
}
