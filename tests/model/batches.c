/* Batches: load, decide, collect, with the unit of work that the runtime uses (compare
 * runtime/consumer/process_batch.c).
 */
#include "tests/model/batches.h"

#include <assert.h>
#include <string.h>

#include "orders/usecases/decisions.h"
#include "proto/messages.h"
#include "tests/model/messages.h"
#include "tests/model/rows.h"
#include "users/usecases/decisions.h"

struct batch batch_of(const struct model *model, number_t batch)
{
	return *(const struct batch *)table_value(&model->batches, batch);
}

bool batch_skips_dedup(const struct model *model, const struct batch *batch, unsigned item)
{
	return !batch->dedup && delivery_of(model, batch->deliveries[item]).idempotent;
}

/* ---- loading ---- */

static void see(struct model *model, const struct bag *state, struct batch *batch, number_t aggregate)
{
	for (unsigned i = 0; i < batch->seen_count; i++)
		if (batch->seen[i].aggregate == aggregate)
			return;
	assert(batch->seen_count < BATCH_ROWS_MAX);
	batch->seen[batch->seen_count].aggregate = aggregate;
	batch->seen[batch->seen_count++].row = bag_row(model, state, aggregate);
}

number_t batch_processed(const struct model *model, const struct bag *state, number_t delivery)
{
	const struct delivery wanted = delivery_of(model, delivery);

	for (unsigned i = 0; i < state->count; i++) {
		const struct fact fact = fact_of(model, state->facts[i]);

		if (fact.kind == FACT_PROCESSED && fact.service == wanted.service && fact.a == wanted.id)
			return state->facts[i];
	}
	return 0;
}

static struct batch batch_begun(struct model *model, const struct bag *state, const number_t *deliveries,
				unsigned count)
{
	struct batch batch = {.service = delivery_of(model, deliveries[0]).service, .count = (uint8_t)count};

	for (unsigned i = 0; i < count; i++) {
		const struct delivery delivery = delivery_of(model, deliveries[i]);

		batch.deliveries[i] = deliveries[i];
		batch.processed[i] = batch_processed(model, state, deliveries[i]);
		for (unsigned named = 0; named < delivery.named_count; named++)
			see(model, state, &batch, delivery.named[named]);
	}
	return batch;
}

static void load(struct model *model, const struct batch *batch, struct unit *unit)
{
	for (unsigned i = 0; i < batch->seen_count; i++) {
		const struct aggregate_value aggregate = aggregate_of(model, batch->seen[i].aggregate);

		keys_add(unit_keys(unit), aggregate.kind, &aggregate.id);
		if (batch->seen[i].row != 0)
			unit_put(
				unit, aggregate.kind, &aggregate.id,
				arena_copy(&model->scratch, row_data(model, batch->seen[i].row), aggregate.kind->size));
	}
}

/* ---- collecting ---- */

static void collect_writes(struct model *model, struct batch *batch, struct unit *unit)
{
	for (const struct aggregate *const *kind = service_of(batch->service)->kinds; *kind != NULL; kind++) {
		struct entry **entries;
		const size_t count = unit_changed(unit, *kind, &entries);

		for (size_t i = 0; i < count; i++) {
			assert(batch->write_count < BATCH_ROWS_MAX);
			batch->writes[batch->write_count].aggregate = aggregate_number(model, *kind, &entries[i]->id);
			batch->writes[batch->write_count].row = row_number(model, *kind, entries[i]->data);
			batch->writes[batch->write_count++].found = entries[i]->found;
		}
	}
}

static void collect_events(struct model *model, struct batch *batch, struct unit *unit)
{
	const struct output *outputs;
	const size_t count = unit_outputs(unit, &outputs);
	unsigned index = 0;

	assert(count <= BATCH_EVENTS_MAX);
	for (size_t i = 0; i < count; i++) {
		index = i > 0 && outputs[i].item == outputs[i - 1].item ? index + 1 : 0;
		batch->events[batch->event_count] =
			message_event(model, batch->service, &outputs[i],
				      delivery_of(model, batch->deliveries[outputs[i].item]).sent, index);
		assert(index == 0 && "a decision says one thing at most");
		batch->event[outputs[i].item] = batch->events[batch->event_count++];
	}
}

static void collect_deadlines(struct model *model, struct batch *batch, struct unit *unit)
{
	const struct deadline *deadlines;
	const size_t count = unit_deadlines(unit, &deadlines);

	assert(count <= BATCH_EVENTS_MAX);
	for (size_t i = 0; i < count; i++) {
		batch->deadlines[i].type = number_of((size_t)deadlines[i].type);
		batch->deadlines[i].subject = id_number(model, &deadlines[i].subject);
		batch->deadlines[i].set = deadlines[i].due_us != INT64_MIN;
	}
	batch->deadline_count = (uint8_t)count;
}

static const struct user *buyer_seen(const struct model *model, const struct batch *batch, const struct uuid *id)
{
	for (unsigned i = 0; i < batch->seen_count; i++) {
		const struct aggregate_value aggregate = aggregate_of(model, batch->seen[i].aggregate);

		if (aggregate.kind == &buyer_kind && uuid_equal(&aggregate.id, id))
			return row_data(model, batch->seen[i].row);
	}
	return NULL;
}

/* svc-users may verify only a buyer that is active at that moment. */
static void collect_verified(const struct model *model, struct batch *batch)
{
	for (unsigned i = 0; i < batch->event_count; i++) {
		const struct sent sent = sent_message_of(model, batch->events[i]);
		const struct user_answer *answer = sent.message.body;

		if (sent.message.type != USER_VERIFIED)
			continue;
		const struct user *buyer = buyer_seen(model, batch, &answer->user_id);
		if (buyer != NULL && !buyer->disabled)
			batch->verified[batch->verified_count++] = sent.subject;
	}
}

/* ---- deciding ---- */

struct decided_at {
	size_t item;
	int64_t now_us;
};

static enum status decide_one(struct model *model, struct batch *batch, struct unit *unit, struct decided_at at)
{
	const struct delivery delivery = delivery_of(model, batch->deliveries[at.item]);
	/* A copy: the table of messages may grow while its outputs are written. */
	struct message *message = arena_new(&model->scratch, 1, sizeof(*message));

	*message = sent_message_of(model, delivery.sent).message;
	if (message->deadline_us < at.now_us)
		return E_EXPIRED;
	const struct decision_result decision = unit_decide(unit, delivery.decide, message, at.now_us, at.item);
	if (decision.status == OK && message->type == ORDERS_PLACE)
		batch->accepted =
			aggregate_number(model, &order_kind, &((const struct order_view *)decision.reply)->id);
	return decision.status == OK && decision.refusal.status != OK ? decision.refusal.status : decision.status;
}

/* The intermediate results of the decisions: the new rows, and the number of deadlines. */
struct made {
	number_t rows[BATCH_ROWS_MAX];
	size_t new_rows, deadlines;
};

static unsigned place_of(const struct batch *batch, number_t aggregate)
{
	unsigned place = 0;

	while (place < batch->seen_count && batch->seen[place].aggregate != aggregate)
		place++;
	return place;
}

static struct made made_so_far(struct model *model, const struct batch *batch, struct unit *unit)
{
	const struct deadline *deadlines;
	struct made made = {.deadlines = unit_deadlines(unit, &deadlines)};

	for (unsigned i = 0; i < batch->seen_count; i++)
		made.rows[i] = batch->seen[i].row;
	for (const struct aggregate *const *kind = service_of(batch->service)->kinds; *kind != NULL; kind++) {
		struct entry **entries;
		const size_t count = unit_changed(unit, *kind, &entries);

		for (size_t i = 0; i < count; i++) {
			const unsigned place = place_of(batch, aggregate_number(model, *kind, &entries[i]->id));

			if (place == batch->seen_count)
				made.new_rows++;
			else
				made.rows[place] = row_number(model, *kind, entries[i]->data);
		}
	}
	return made;
}

static bool is_more(const struct made *before, const struct made *after)
{
	return memcmp(before->rows, after->rows, sizeof(before->rows)) != 0 || before->new_rows != after->new_rows ||
	       before->deadlines != after->deadlines;
}

static void decide(struct model *model, struct batch *batch, int64_t now_us, bool other_ids)
{
	const char *consumer = service_of(batch->service)->name;
	struct unit *unit =
		unit_make(&model->scratch, other_ids ? arena_format(&model->scratch, "%s again", consumer) : consumer);

	load(model, batch, unit);
	struct made before = made_so_far(model, batch, unit);
	for (unsigned i = 0; i < batch->count; i++) {
		batch->status[i] = decide_one(model, batch, unit, (struct decided_at){i, now_us});
		const struct made after = made_so_far(model, batch, unit);
		batch->changed[i] = is_more(&before, &after);
		before = after;
	}
	collect_writes(model, batch, unit);
	collect_events(model, batch, unit);
	collect_deadlines(model, batch, unit);
	collect_verified(model, batch);
}

number_t batch_number(struct model *model, const struct bag *state, const number_t *deliveries, unsigned count,
		      unsigned mode)
{
	const enum phase phase = bag_phase(model, state);
	struct batch batch = batch_begun(model, state, deliveries, count);
	number_t key[3 + 2 * BATCH_ITEMS_MAX + 2 * BATCH_ROWS_MAX] = {(number_t)phase, (number_t)mode,
								      batch.seen_count};
	bool is_new;

	batch.dedup = (mode & MODE_DEDUP) != 0;

	memcpy(&key[3], batch.deliveries, sizeof(batch.deliveries));
	memcpy(&key[3 + BATCH_ITEMS_MAX], batch.processed, sizeof(batch.processed));
	memcpy(&key[3 + 2 * BATCH_ITEMS_MAX], batch.seen, sizeof(batch.seen));
	const uint32_t number = table_number(&model->batches, key, sizeof(key), &is_new);
	if (is_new) {
		arena_reset(&model->scratch);
		decide(model, &batch, phase_moment(phase), (mode & MODE_OTHER_IDS) != 0);
		*(struct batch *)table_value(&model->batches, number) = batch;
	}
	return number_of(number);
}
