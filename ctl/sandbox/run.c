/* Decides in batches, as a consumer would. */
#include "ctl/sandbox/run.h"

#include <string.h>

#include "ctl/cli/terminal.h"
#include "proto/messages.h"
#include "rpc/cloudevent.h"
#include "service/replay.h"

enum { BATCH = 500 };

struct running {
	const struct plan *plan;
	const struct replay_spec *spec;
	struct replay *rebuild;
	struct arena arena; /* of a batch's messages */
	struct replay_step steps[BATCH];
	struct buffer text;
	struct replayed *replayed;
	int64_t started_us;
};

static const struct decision *decision_at(const struct plan *plan, size_t log_position)
{
	return &plan->decisions[plan->in_order[log_position]];
}

/* ---- what was decided on ---- */

/* Ids that a decision derives carry its cause's time, in milliseconds. */
static int64_t cause_time_us(const struct happened *output)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | output->id.bytes[i];
	return ms * MS_US;
}

static bool no_message(const struct happened *event)
{
	complain("nothing that this build knows leads to the %s at offset %lld, and what caused it is not in the log",
		 comanda_contract.types[event->type].name, (long long)event->offset);
	return false;
}

/* A request, or a note: known by what it led to. */
static bool infer_step(struct running *running, const struct decision *decision, struct replay_step *step)
{
	const struct happened *output = running->plan->outputs[decision->first_output];
	struct message event, before;
	const bool has_before =
		decision->before != NULL && happened_message(decision->before, &running->arena, &before);

	if (!happened_message(output, &running->arena, &event))
		return no_message(output);
	const struct external_event root = {.event = &event, .before = has_before ? &before : NULL};
	const struct inferred_request recalled = running->spec->cause(&root, &running->arena);
	if (recalled.type < 0)
		return no_message(output);
	const struct handler *handler = service_decider(running->spec->service, recalled.type);
	step->decide = recalled.decide != NULL || handler == NULL ? recalled.decide : handler->decide;
	step->keys = recalled.keys != NULL || handler == NULL ? recalled.keys : handler->keys;
	step->message = (struct message){
		.type = recalled.type,
		.id = output->cause,
		.subject = output->subject,
		.time_us = cause_time_us(output),
		.deadline_us = INT64_MAX,
		.caller = recalled.caller,
		.traceparent = event.traceparent,
		.body = recalled.body,
		.prepared = recalled.prepared,
	};
	return step->decide != NULL || no_message(output);
}

static bool hear_step(struct running *running, const struct decision *decision, struct replay_step *step)
{
	const struct handler *handler = service_decider(running->spec->service, decision->input->type);

	if (handler == NULL || !happened_message(decision->input, &running->arena, &step->message)) {
		complain("this build cannot hear the %s at offset %lld",
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

		running->steps[i] = (struct replay_step){.now_us = decision->now_us};
		fine = decision->input != NULL ? hear_step(running, decision, &running->steps[i])
					       : infer_step(running, decision, &running->steps[i]);
	}
	return fine;
}

/* ---- what was said ---- */

/* Which span published an event is chosen anew each time, and no part of what was decided. */
static const char *traceparent_of(struct running *running, const struct happened *recorded)
{
	static const char name[] = "\"traceparent\":\"";
	const char *start = recorded == NULL ? NULL : strstr(recorded->text.bytes, name);

	if (start == NULL)
		return NULL;
	start += sizeof(name) - 1;
	return arena_copy(&running->arena, start, strcspn(start, "\""));
}

static void write_output(struct running *running, const struct replay_step *step, const struct output *output,
			 const struct happened *recorded)
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

/* Numbers and escapes have several spellings: both texts are brought into one before they count as different. */
static bool same_text(struct running *running, struct span recorded)
{
	struct faults faults = {0};
	const struct json *json;
	struct buffer again;

	if (running->text.size == recorded.size && memcmp(running->text.bytes, recorded.bytes, recorded.size) == 0)
		return true;
	if (json_parse(&running->arena, (struct span){running->text.bytes, running->text.size}, &faults, &json) != OK)
		return false;
	buffer_init(&again);
	json_print(&again, json);
	const bool same = again.size == recorded.size && memcmp(again.bytes, recorded.bytes, recorded.size) == 0;
	buffer_done(&again);
	return same;
}

static const char *why_refused(struct replayed *replayed, const struct replay_step *step)
{
	const struct refusal *refusal = &step->decision.refusal;

	if (step->decision.status == OK)
		return NULL;
	return arena_format(&replayed->arena, "%s%s%s",
			    refusal->code != NULL ? refusal->code : status_rule(step->decision.status)->code,
			    refusal->detail != NULL ? ": " : "", refusal->detail != NULL ? refusal->detail : "");
}

static void note_difference(struct running *running, size_t log_position, const struct replay_step *step,
			    const struct happened *recorded, bool says)
{
	struct replayed *replayed = running->replayed;

	if (replayed->difference_count++ >= DIFFERENCES_KEPT)
		return;
	replayed->differences[replayed->kept++] = (struct difference){
		.log_position = log_position,
		.recorded = recorded,
		.now = says ? arena_text(&replayed->arena, running->text.bytes) : NULL,
		.why = why_refused(replayed, step),
		.input = decision_at(running->plan, log_position)->input,
		.after_us = monotonic_now() - running->started_us,
	};
}

/* Outputs of one decision come in the order of their making on both sides. */
static void compare_step(struct running *running, size_t log_position, const struct replay_step *step,
			 const struct output *outputs)
{
	const struct decision *decision = decision_at(running->plan, log_position);
	const size_t most = step->output_count > decision->output_count ? step->output_count : decision->output_count;

	for (size_t i = 0; i < most; i++) {
		const struct happened *recorded =
			i >= decision->output_count ? NULL : running->plan->outputs[decision->first_output + i];
		const bool says = i < step->output_count;

		if (says)
			write_output(running, step, &outputs[i], recorded);
		if (recorded == NULL || !says || !same_text(running, recorded->text))
			note_difference(running, log_position, step, recorded, says);
	}
	running->replayed->events += decision->output_count;
}

/* Decided in a consumer that only answers: from what others have committed. */
static bool only_answers(const struct running *running, size_t log_position)
{
	const struct happened *input = decision_at(running->plan, log_position)->input;

	for (const struct consumer_config *consumer = running->spec->service->consumers;
	     consumer->name != NULL && input != NULL; consumer++)
		if (consumer->kind == CONSUMER_STATELESS && consumer_decider(consumer, input->type) != NULL)
			return true;
	return false;
}

/* How many go together. An answer looks at rows that others write, and so comes after their commit. */
static size_t batch_from(const struct running *running, size_t first)
{
	const bool answers = only_answers(running, first);
	size_t count = 1;

	while (count < BATCH && first + count < running->plan->count && only_answers(running, first + count) == answers)
		count++;
	return count;
}

static bool run_batch(struct running *running, size_t first, size_t count, struct db *db)
{
	const struct output *outputs;

	if (!fill_steps(running, first, count))
		return false;
	const enum status status = replay_batch(running->rebuild, running->steps, count, &outputs);
	if (status != OK) {
		complain("the sandbox's database refused what %s decided: %s", running->spec->service->name,
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
		count = batch_from(running, first);
		fine = run_batch(running, first, count, db) && !interrupted();
		progress(running->spec->service->name, (int64_t)first, (int64_t)all);
	}
	progress_end();
	running->replayed->decisions = all;
	running->replayed->took_us = monotonic_now() - running->started_us;
	return fine;
}

bool run_plan(const struct plan *plan, const struct replay_spec *spec, struct db *db, struct replayed *ret_replayed)
{
	struct running *running = mem_new(1, sizeof(*running));
	bool fine = true;

	*ret_replayed = (struct replayed){.decisions = 0};
	arena_init(&ret_replayed->arena);
	*running = (struct running){.plan = plan, .spec = spec, .replayed = ret_replayed};
	arena_init(&running->arena);
	buffer_init(&running->text);
	if (replay_open(spec->service, db, &running->rebuild) != OK) {
		complain("the sandbox's database cannot be set up: %s", db_detail(db));
		fine = false;
	}
	running->started_us = monotonic_now();
	fine = fine && run_batches(running, db);
	replay_free(running->rebuild);
	buffer_done(&running->text);
	arena_done(&running->arena);
	free(running);
	return fine;
}

void replayed_done(struct replayed *replayed)
{
	arena_done(&replayed->arena);
}
