/* Letters, their ids, and where they are read. */
#include "tests/model/letters.h"

#include <assert.h>
#include <string.h>

#include "orders/usecases/decisions.h"
#include "proto/messages.h"
#include "rpc/cloudevent.h"
#include "tests/model/rows.h"

/* When an event was decided is in its id and in its text, and no decision asks for it: here it is always now. */
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

/* ---- letters ---- */

struct letter letter_of(const struct model *model, number_t letter)
{
	return *(const struct letter *)table_value(&model->letters, letter);
}

static struct letter *letter_made(struct model *model, const char *key, number_t *ret_number)
{
	bool is_new;
	const uint32_t number = table_number(&model->letters, key, strlen(key), &is_new);

	*ret_number = number_of(number);
	return is_new ? table_value(&model->letters, number) : NULL;
}

number_t letter_request(struct model *model, const struct message *message)
{
	/* The same terms for everyone: what svc-orders' handlers.c takes from its settings. */
	static struct place_terms terms;
	char id[UUID_TEXT + 1];
	number_t number;

	uuid_text(&message->id, id);
	const char *key = arena_format(&model->scratch, "%s %s %lld", comanda_contract.types[message->type].name, id,
				       (long long)message->time_us);
	struct letter *letter = letter_made(model, key, &number);
	if (letter == NULL)
		return number;
	terms.deadline_us = model_patience();
	letter->message = *message;
	if (message->type == ORDERS_PLACE)
		letter->message.prepared = &terms;
	letter->id = id_number(model, &message->id);
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

static number_t letter_written(struct model *model, enum side_name side, const struct cloudevent *event)
{
	struct buffer text;
	number_t number;

	buffer_init(&text);
	cloudevent_write(&text, event);
	struct letter *letter = letter_made(model, text.bytes, &number);
	if (letter != NULL) {
		const char *kept = arena_text(&model->kept, text.bytes);

		*letter = (struct letter){.side = (uint8_t)side, .message = read_back(model, kept), .text = kept};
		letter->id = id_number(model, &letter->message.id);
		letter->subject = id_number(model, &letter->message.subject);
		/* An event goes where it is bound, a note to who wrote it. */
		letter->heard_by =
			(uint8_t)(event->type->kind == TIMER ? 1U << side : sides_hearing(letter->message.type));
	}
	buffer_done(&text);
	return number;
}

/* What a product has after an event is for those who read the log: no decision looks at it. */
static const void *without_levels(struct model *model, const struct output *output)
{
	if (output->type != STOCK_RESERVED && output->type != STOCK_RELEASED && output->type != STOCK_SOLD)
		return output->body;
	struct stock_event *told = arena_new(&model->scratch, 1, sizeof(*told));
	*told = *(const struct stock_event *)output->body;
	const struct stock_level *levels = told->stock.items;
	struct stock_level *blank = arena_new(&model->scratch, told->stock.count, sizeof(*blank));
	for (size_t i = 0; i < told->stock.count; i++)
		blank[i].product_id = levels[i].product_id;
	told->stock.items = blank;
	return told;
}

number_t letter_event(struct model *model, enum side_name side, const struct output *output, number_t cause,
		      unsigned index)
{
	const struct letter because = letter_of(model, cause);
	const number_t number = letter_written(model, side,
					       &(struct cloudevent){
						       .id = output->id,
						       .type = &comanda_contract.types[output->type],
						       .source = side_of(side)->name,
						       .subject = output->subject,
						       .sequence = output->sequence,
						       .time_us = ALL_TIMES,
						       .cause = because.message.id,
						       .body = without_levels(model, output),
					       });
	struct id_origin *origin = table_value(&model->ids, letter_of(model, number).id);

	origin->cause = because.id;
	origin->side = (uint8_t)side;
	origin->index = (uint8_t)index;
	return number;
}

number_t letter_note(struct model *model, enum side_name side, int type, number_t subject, unsigned attempts)
{
	const struct uuid about = id_origin(model, subject).id;

	/* As runtime/store/deadlines.c writes it. */
	const number_t number = letter_written(
		model, side,
		&(struct cloudevent){
			.id = uuid_derive(comanda_contract.types[type].name, &about, attempts, ALL_TIMES),
			.type = &comanda_contract.types[type],
			.source = comanda_contract.types[type].producer,
			.subject = about,
			.sequence = attempts,
			.time_us = ALL_TIMES,
			.body = &(struct order_timer){about},
		});
	struct id_origin *origin = table_value(&model->ids, letter_of(model, number).id);

	origin->note_type = number_of((size_t)type);
	origin->note_subject = subject;
	return number;
}

/* ---- deliveries ---- */

struct delivery delivery_of(const struct model *model, number_t delivery)
{
	return *(const struct delivery *)table_value(&model->deliveries, delivery);
}

static decide_function *decision_of(const struct model *model, enum side_name side, const struct handler *handler)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct replaced *replaced = &model->mutation->replaced[i];

		if (replaced->decide != NULL && replaced->side == side && replaced->type == handler->type)
			return replaced->decide;
	}
	return handler->decide;
}

static bool is_remembered(const struct model *model, enum side_name side, const struct handler *handler)
{
	if (!side_of(side)->keeps || comanda_contract.types[handler->type].kind == REQUEST)
		return false;
	return handler->idempotent || model_twisted(model, TWIST_ALL_REMEMBERED);
}

static void name_aggregates(struct model *model, struct delivery *delivery, const struct message *message)
{
	struct unit *unit = unit_make(&model->scratch, side_of(delivery->side)->name);

	if (delivery->keys != NULL)
		delivery->keys(unit_keys(unit), message);
	for (const struct aggregate *const *kind = side_of(delivery->side)->kinds; *kind != NULL; kind++) {
		const struct uuid *ids;
		const size_t count = keys_sorted(unit_keys(unit), *kind, &ids);

		for (size_t i = 0; i < count; i++) {
			assert(delivery->named_count < NAMED_MAX);
			delivery->named[delivery->named_count++] = aggregate_number(model, *kind, &ids[i]);
		}
	}
}

number_t delivery_number(struct model *model, enum side_name side, number_t letter)
{
	const number_t key[] = {(number_t)side, letter};
	bool is_new;
	const uint32_t number = table_number(&model->deliveries, key, sizeof(key), &is_new);

	if (!is_new)
		return number_of(number);
	const struct message message = letter_of(model, letter).message;
	const struct handler *handler = side_handler(side_of(side), message.type);
	assert(handler != NULL && "what is bound to a queue is handled there");
	struct delivery delivery = {.letter = letter,
				    .id = id_number(model, &message.id),
				    .type = message.type,
				    .request = comanda_contract.types[message.type].kind == REQUEST,
				    .remembered = is_remembered(model, side, handler),
				    .side = (uint8_t)side,
				    .keys = handler->keys,
				    .decide = decision_of(model, side, handler)};
	name_aggregates(model, &delivery, &message);
	*(struct delivery *)table_value(&model->deliveries, number) = delivery;
	return number_of(number);
}
