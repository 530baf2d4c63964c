/* Makes decisions in batches, as a consumer does. */
#include "ctl/sandbox/run.h"

#include <string.h>

#include "ctl/cli/terminal.h"
#include "ctl/sandbox/envelope.h"
#include "proto/messages.h"
#include "rpc/cloudevent.h"
#include "service/replay.h"

enum { BATCH = 500 };

struct running {
	const struct plan *plan;
	const struct replay_spec *spec;
	struct replay *replay;
	struct arena arena; /* of a batch's messages */
	struct work_step steps[BATCH];
	struct buffer text;
	struct replay_result *result;
	int64_t started_us;
};

static const struct decision *decision_at(const struct plan *plan, size_t index)
{
	return &plan->decisions[plan->in_order[index]];
}

/* ---- inputs ---- */

/* A derived id carries the time of its cause, in milliseconds. */
static int64_t cause_time_us(const struct history_event *output)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | output->id.bytes[i];
	return ms * MS_US;
}

static bool print_unknown_cause(const struct history_event *event)
{
	print_error(
		"nothing that this build knows leads to the %s at offset %lld, and what caused it is not in the log",
		comanda_contract.types[event->type].name, (long long)event->offset);
	return false;
}

/* A request or a timer is not in the log: it is inferred from the event that it caused. */
static bool infer_step(struct running *running, const struct decision *decision, struct work_step *step)
{
	const struct history_event *output = running->plan->outputs[decision->first_output];
	struct message event, before;
	const bool has_before =
		decision->before != NULL && history_event_message(decision->before, &running->arena, &before);

	if (!history_event_message(output, &running->arena, &event))
		return print_unknown_cause(output);
	const struct external_event external = {.event = &event, .previous = has_before ? &before : NULL};
	const struct inferred_request inferred = running->spec->cause(&external, &running->arena);
	if (inferred.type < 0)
		return print_unknown_cause(output);
	const struct handler *handler = service_decider(running->spec->service, inferred.type);
	step->decide = inferred.decide != NULL || handler == NULL ? inferred.decide : handler->decide;
	step->keys = inferred.keys != NULL || handler == NULL ? inferred.keys : handler->keys;
	step->message = (struct message){
		.type = inferred.type,
		.id = output->cause,
		.subject = output->subject,
		.time_us = cause_time_us(output),
		.deadline_us = INT64_MAX,
		.caller = inferred.caller,
		.traceparent = event.traceparent,
		.body = inferred.body,
		.prepared = inferred.prepared,
	};
	return step->decide != NULL || print_unknown_cause(output);
}

static bool read_step(struct running *running, const struct decision *decision, struct work_step *step)
{
	const struct handler *handler = service_decider(running->spec->service, decision->input->type);

	if (handler == NULL || !history_event_message(decision->input, &running->arena, &step->message)) {
		print_error("this build has no handler for the %s at offset %lld, or cannot read it",
			    comanda_contract.types[decision->input->type].name, (long long)decision->input->offset);
		return false;
	}
	step->decide = handler->decide;
	step->keys = handler->keys;
	return true;
}

static bool fill_steps(struct running *running, size_t first, size_t count)
{
	bool fine = true;

	arena_reset(&running->arena);
	for (size_t i = 0; i < count && fine; i++) {
		const struct decision *decision = decision_at(running->plan, first + i);

		running->steps[i] = (struct work_step){.now_us = decision->now_us};
		fine = decision->input != NULL ? read_step(running, decision, &running->steps[i])
					       : infer_step(running, decision, &running->steps[i]);
	}
	return fine;
}

/* ---- outputs ---- */

/* The span id in traceparent is random, and no part of the decision: the recorded one is used. */
static const char *traceparent_of(struct running *running, const struct history_event *recorded)
{
	static const char name[] = "\"traceparent\":\"";
	const char *start = recorded == NULL ? NULL : strstr(recorded->text.bytes, name);

	if (start == NULL)
		return NULL;
	start += sizeof(name) - 1;
	return arena_copy(&running->arena, start, strcspn(start, "\""));
}

static void write_output(struct running *running, const struct work_step *step, const struct output *output,
			 const struct history_event *recorded)
{
	buffer_clear(&running->text);
	cloudevent_write(&running->text, &(struct cloudevent){
						 .id = output->id,
						 .type = &comanda_contract.types[output->type],
						 .source = running->spec->service->name,
						 .subject = output->subject,
						 .sequence = output->sequence,
						 .time_us = output->time_us,
						 .cause = step->message.id,
						 .traceparent = traceparent_of(running, recorded),
						 .body = output->body,
					 });
}

/* JSON has several spellings of a number or an escape. This build's text is normalized before it counts as different.
 */
static bool same_text(struct running *running, struct span recorded)
{
	struct faults faults = {0};
	const struct json *json;
	struct buffer normalized;

	if (running->text.size == recorded.size && memcmp(running->text.bytes, recorded.bytes, recorded.size) == 0)
		return true;
	if (json_parse(&running->arena, (struct span){running->text.bytes, running->text.size}, &faults, &json) != OK)
		return false;
	buffer_init(&normalized);
	json_print(&normalized, json);
	const bool same =
		normalized.size == recorded.size && memcmp(normalized.bytes, recorded.bytes, recorded.size) == 0;
	buffer_done(&normalized);
	return same;
}

static const char *describe_refusal(struct replay_result *result, const struct work_step *step)
{
	const struct refusal *refusal = &step->decision.refusal;

	if (step->decision.status == OK)
		return NULL;
	return arena_format(&result->arena, "%s%s%s",
			    refusal->code != NULL ? refusal->code : status_rule(step->decision.status)->code,
			    refusal->detail != NULL ? ": " : "", refusal->detail != NULL ? refusal->detail : "");
}

static void add_difference(struct running *running, size_t index, const struct work_step *step,
			   const struct history_event *recorded, bool published)
{
	struct replay_result *result = running->result;

	if (result->difference_count++ >= DIFFERENCES_KEPT)
		return;
	result->differences[result->kept++] = (struct difference){
		.index = index,
		.recorded = recorded,
		.rebuilt = published ? arena_text(&result->arena, running->text.bytes) : NULL,
		.refusal = describe_refusal(result, step),
		.input = decision_at(running->plan, index)->input,
		.after_us = monotonic_now() - running->started_us,
	};
}

/* Both sides have the outputs of one decision in the order in which it made them. */
static void compare_step(struct running *running, size_t index, const struct work_step *step,
			 const struct output *outputs)
{
	const struct decision *decision = decision_at(running->plan, index);
	const size_t most = step->output_count > decision->output_count ? step->output_count : decision->output_count;

	for (size_t i = 0; i < most; i++) {
		const struct history_event *recorded =
			i >= decision->output_count ? NULL : running->plan->outputs[decision->first_output + i];
		const bool published = i < step->output_count;

		if (published)
			write_output(running, step, &outputs[i], recorded);
		if (recorded != NULL && published && same_text(running, recorded->text))
			continue;
		if (recorded != NULL && published &&
		    envelope_only_differs(recorded->text, (struct span){running->text.bytes, running->text.size}))
			running->result->envelopes++;
		else
			add_difference(running, index, step, recorded, published);
	}
	running->result->events += decision->output_count;
}

/* Whether a stateless consumer makes the decision. It reads what others have committed. */
static bool is_stateless(const struct running *running, size_t index)
{
	const struct history_event *input = decision_at(running->plan, index)->input;

	for (const struct consumer_config *consumer = running->spec->service->consumers;
	     consumer->name != NULL && input != NULL; consumer++)
		if (consumer->kind == CONSUMER_STATELESS && consumer_decider(consumer, input->type) != NULL)
			return true;
	return false;
}

/* How many decisions form the next batch. Stateless decisions read committed rows, so they have batches of their own.
 */
static size_t batch_size(const struct running *running, size_t first)
{
	const bool stateless = is_stateless(running, first);
	size_t count = 1;

	while (count < BATCH && first + count < running->plan->count &&
	       is_stateless(running, first + count) == stateless)
		count++;
	return count;
}

static bool run_batch(struct running *running, size_t first, size_t count, struct db *db)
{
	const struct output *outputs;

	if (!fill_steps(running, first, count))
		return false;
	const enum status status = replay_batch(running->replay, running->steps, count, &outputs);
	if (status != OK) {
		print_error("the sandbox's database refused the decisions of %s: %s", running->spec->service->name,
			    db_detail(db));
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		compare_step(running, first + i, &running->steps[i], outputs);
		outputs += running->steps[i].output_count;
	}
	return true;
}

static bool run_batches(struct running *running, struct db *db)
{
	const size_t all = running->plan->count;
	bool fine = true;

	for (size_t first = 0, count; first < all && fine; first += count) {
		count = batch_size(running, first);
		fine = run_batch(running, first, count, db) && !interrupted();
		progress(running->spec->service->name, (int64_t)first, (int64_t)all);
	}
	progress_end();
	running->result->decisions = all;
	running->result->took_us = monotonic_now() - running->started_us;
	return fine;
}

bool run_plan(const struct plan *plan, const struct replay_spec *spec, struct db *db, struct replay_result *ret_result)
{
	struct running *running = mem_new(1, sizeof(*running));
	bool fine = true;

	*ret_result = (struct replay_result){.decisions = 0};
	arena_init(&ret_result->arena);
	*running = (struct running){.plan = plan, .spec = spec, .result = ret_result};
	arena_init(&running->arena);
	buffer_init(&running->text);
	if (replay_open(spec->service, db, &running->replay) != OK) {
		print_error("the sandbox's database cannot be set up: %s", db_detail(db));
		fine = false;
	}
	running->started_us = monotonic_now();
	fine = fine && run_batches(running, db);
	replay_free(running->replay);
	buffer_done(&running->text);
	arena_done(&running->arena);
	free(running);
	return fine;
}

void replay_result_done(struct replay_result *result)
{
	arena_done(&result->arena);
}
