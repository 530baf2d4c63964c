/* The unit of work: what decisions see of each other, and the undo of a refused one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit/unit.h"

struct account {
	int64_t balance;
	const char *note;
};

static const struct aggregate account_kind = {"account", sizeof(struct account)};
static const struct aggregate other_kind = {"other", sizeof(int64_t)};

enum { DEPOSITED = 1, OPENED, REMINDER, CLOSING };

/* What the test's messages ask for. */
struct order {
	struct uuid account;
	int64_t amount;
	enum status answer;
};

static struct uuid id_of(unsigned number)
{
	struct uuid id = {.bytes = {[0] = 1}};

	id.bytes[14] = (uint8_t)(number >> 8);
	id.bytes[15] = (uint8_t)number;
	return id;
}

struct fixture {
	struct arena arena;
	struct unit *unit;
	struct order order;
	struct message message;
};

static int make(void **state)
{
	struct fixture *fixture = mem_new(1, sizeof *fixture);

	arena_init(&fixture->arena);
	fixture->unit = unit_make(&fixture->arena, "svc-test");
	*state = fixture;
	return 0;
}

static int drop(void **state)
{
	struct fixture *fixture = *state;

	arena_done(&fixture->arena);
	free(fixture);
	return 0;
}

static void put_account(struct fixture *fixture, unsigned number, int64_t balance)
{
	struct account *account = arena_new(&fixture->arena, 1, sizeof *account);
	struct uuid id = id_of(number);

	account->balance = balance;
	account->note = "loaded";
	unit_put(fixture->unit, &account_kind, &id, account);
}

static int64_t balance_of(struct fixture *fixture, unsigned number)
{
	struct uuid id = id_of(number);
	const struct account *account = unit_get(fixture->unit, &account_kind, &id);

	return account != NULL ? account->balance : -1;
}

/* Message number `item` about account `number`. */
static struct decision_result run(struct fixture *fixture, decide_function *decide, struct order order, size_t item)
{
	fixture->order = order;
	fixture->message = (struct message){
		.id = id_of(0x4000U + (unsigned)item),
		.time_us = 1732238428123456,
		.body = &fixture->order,
	};
	return unit_decide(fixture->unit, decide, &fixture->message, 1732238429000000, item);
}

/* ---- decisions ---- */

static enum status deposit(struct unit *unit, const struct message *message)
{
	const struct order *order = message->body;
	struct account *account = unit_edit(unit, &account_kind, &order->account);

	if (account == NULL)
		return unit_refuse(unit, E_NOT_FOUND, "account_unknown", "account", "there is no account %d",
				   order->account.bytes[15]);
	account->balance += order->amount;
	account->note = "changed";
	unit_event(unit, DEPOSITED, &order->account, 7, account);
	unit_deadline(unit, REMINDER, &order->account, unit_now(unit) + SECOND_US);
	unit_reply(unit, account);
	if (order->answer != OK)
		return unit_refuse(unit, order->answer, "refused", NULL, "not today");
	return OK;
}

static enum status open_account(struct unit *unit, const struct message *message)
{
	const struct order *order = message->body;
	struct account *account = unit_new(unit, &account_kind, &order->account);

	assert_int_equal(account->balance, 0);
	account->balance = order->amount;
	unit_event(unit, OPENED, &order->account, 1, account);
	unit_event(unit, DEPOSITED, &order->account, 1, account);
	return order->answer;
}

static enum status close_quietly(struct unit *unit, const struct message *message)
{
	const struct order *order = message->body;

	unit_deadline_clear(unit, REMINDER, &order->account);
	unit_deadline(unit, CLOSING, &order->account, 5);
	return order->answer;
}

static struct uuid made_ids[2];

static enum status make_ids(struct unit *unit, const struct message *message)
{
	(void)message;
	made_ids[0] = unit_id(unit, 0);
	made_ids[1] = unit_id(unit, 1);
	return OK;
}

static enum status reply_secretly(struct unit *unit, const struct message *message)
{
	unit_reply_secret(unit, message->body);
	return OK;
}

static enum status refuse_and_keep(struct unit *unit, const struct message *message)
{
	const struct order *order = message->body;
	struct account *account = unit_edit(unit, &account_kind, &order->account);

	account->balance = 0;
	(void)unit_refuse(unit, E_UNAUTHENTICATED, "stolen", NULL, "this token was used before");
	return OK;
}

/* ---- what holds ---- */

static void a_later_message_sees_what_an_earlier_one_changed(void **state)
{
	struct fixture *fixture = *state;

	put_account(fixture, 1, 100);
	assert_int_equal(run(fixture, deposit, (struct order){id_of(1), 10, OK}, 0).status, OK);
	assert_int_equal(run(fixture, deposit, (struct order){id_of(1), 5, OK}, 1).status, OK);
	assert_int_equal(balance_of(fixture, 1), 115);
}

static void of_a_refused_decision_only_the_refusal_stays(void **state)
{
	struct fixture *fixture = *state;
	const struct output *outputs = NULL;
	const struct deadline *deadlines = NULL;
	struct entry **entries = NULL;
	struct uuid id = id_of(1);
	struct decision_result decision;

	put_account(fixture, 1, 100);
	decision = run(fixture, deposit, (struct order){id_of(1), 10, E_CONFLICT}, 0);
	assert_int_equal(decision.status, E_CONFLICT);
	assert_null(decision.reply);
	assert_int_equal(decision.refusal.status, E_CONFLICT);
	assert_string_equal(decision.refusal.code, "refused");
	assert_string_equal(decision.refusal.detail, "not today");
	assert_null(decision.refusal.field);

	assert_int_equal(balance_of(fixture, 1), 100);
	assert_string_equal(((const struct account *)unit_get(fixture->unit, &account_kind, &id))->note, "loaded");
	assert_int_equal(unit_changed(fixture->unit, &account_kind, &entries), 0);
	assert_int_equal(unit_outputs(fixture->unit, &outputs), 0);
	assert_int_equal(unit_deadlines(fixture->unit, &deadlines), 0);
}

static void a_refusal_undoes_its_own_changes_and_not_those_before(void **state)
{
	struct fixture *fixture = *state;
	const struct output *outputs = NULL;
	struct entry **entries = NULL;

	put_account(fixture, 1, 100);
	(void)run(fixture, deposit, (struct order){id_of(1), 10, OK}, 0);
	(void)run(fixture, deposit, (struct order){id_of(1), 1000, E_STALE}, 1);
	(void)run(fixture, deposit, (struct order){id_of(1), 5, OK}, 2);
	assert_int_equal(balance_of(fixture, 1), 115);
	assert_int_equal(unit_changed(fixture->unit, &account_kind, &entries), 1);
	assert_int_equal(unit_outputs(fixture->unit, &outputs), 2);
	assert_int_equal(outputs[0].item, 0);
	assert_int_equal(outputs[1].item, 2);
}

static void a_refused_decision_creates_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct entry **entries = NULL;

	(void)run(fixture, open_account, (struct order){id_of(3), 50, E_INVALID}, 0);
	assert_int_equal(balance_of(fixture, 3), -1);
	assert_int_equal(unit_changed(fixture->unit, &account_kind, &entries), 0);

	/* The next one may make it. */
	assert_int_equal(run(fixture, open_account, (struct order){id_of(3), 60, OK}, 1).status, OK);
	assert_int_equal(balance_of(fixture, 3), 60);
	assert_int_equal(unit_changed(fixture->unit, &account_kind, &entries), 1);
	assert_false(entries[0]->found);
}

static void a_refused_change_of_a_new_aggregate_is_undone(void **state)
{
	struct fixture *fixture = *state;
	struct entry **entries = NULL;

	(void)run(fixture, open_account, (struct order){id_of(3), 50, OK}, 0);
	(void)run(fixture, deposit, (struct order){id_of(3), 10, E_CONFLICT}, 1);
	assert_int_equal(balance_of(fixture, 3), 50);
	assert_int_equal(unit_changed(fixture->unit, &account_kind, &entries), 1);
}

static void creating_a_loaded_aggregate_ends_with_a_retry(void **state)
{
	struct fixture *fixture = *state;
	struct entry **entries = NULL;

	put_account(fixture, 1, 100);
	assert_int_equal(run(fixture, open_account, (struct order){id_of(1), 50, OK}, 0).status, E_RETRY);
	assert_int_equal(run(fixture, open_account, (struct order){id_of(1), 50, E_CONFLICT}, 1).status, E_RETRY);
	assert_int_equal(balance_of(fixture, 1), 100);
	assert_int_equal(unit_changed(fixture->unit, &account_kind, &entries), 0);
	assert_int_equal(run(fixture, deposit, (struct order){id_of(1), 5, OK}, 2).status, OK);
	assert_int_equal(balance_of(fixture, 1), 105);
}

static void loaded_and_created_aggregates_are_distinguished(void **state)
{
	struct fixture *fixture = *state;
	struct entry **entries = NULL;

	put_account(fixture, 9, 1);
	(void)run(fixture, deposit, (struct order){id_of(9), 1, OK}, 0);
	(void)run(fixture, open_account, (struct order){id_of(2), 1, OK}, 1);
	assert_int_equal(unit_changed(fixture->unit, &account_kind, &entries), 2);
	assert_int_equal(entries[0]->id.bytes[15], 2);
	assert_false(entries[0]->found);
	assert_int_equal(entries[1]->id.bytes[15], 9);
	assert_true(entries[1]->found);
}

static void changed_aggregates_are_sorted_and_exclude_those_that_were_only_read(void **state)
{
	struct fixture *fixture = *state;
	struct entry **entries = NULL;
	size_t count = 0;

	for (unsigned i = 0; i < 500; i++)
		put_account(fixture, i, (int64_t)i);
	for (unsigned i = 0; i < 500; i += 2)
		(void)run(fixture, deposit, (struct order){id_of((i * 7) % 500), 1, OK}, i);
	count = unit_changed(fixture->unit, &account_kind, &entries);
	assert_int_equal(count, 250);
	for (size_t i = 1; i < count; i++)
		assert_true(uuid_compare(&entries[i - 1]->id, &entries[i]->id) < 0);
	assert_int_equal(unit_changed(fixture->unit, &other_kind, &entries), 0);
}

static void put_kept_account(struct fixture *fixture, unsigned number)
{
	struct account *account = arena_new(&fixture->arena, 1, sizeof *account);
	struct uuid id = id_of(number);

	unit_put(fixture->unit, &account_kind, &id, account)->from_cache = true;
}

static void finds_cached_aggregates_that_were_not_changed(void **state)
{
	struct fixture *fixture = *state;
	const struct uuid looked_at = id_of(2);
	struct entry **entries = NULL;

	put_account(fixture, 1, 10);
	for (unsigned i = 2; i <= 4; i++)
		put_kept_account(fixture, i);
	(void)run(fixture, deposit, (struct order){id_of(1), 1, OK}, 1);
	(void)run(fixture, deposit, (struct order){id_of(3), 1, OK}, 2);
	(void)run(fixture, deposit, (struct order){id_of(4), 1, E_CONFLICT}, 3);
	assert_int_equal(unit_unvalidated(fixture->unit, &account_kind, &entries), 2);
	assert_true(uuid_equal(&entries[0]->id, &looked_at) || uuid_equal(&entries[1]->id, &looked_at));
	(void)run(fixture, deposit, (struct order){id_of(4), 1, OK}, 4);
	assert_int_equal(unit_unvalidated(fixture->unit, &account_kind, &entries), 1);
	assert_true(uuid_equal(&entries[0]->id, &looked_at));
	assert_int_equal(unit_unvalidated(fixture->unit, &other_kind, &entries), 0);
}

static void finds_named_aggregates_that_are_not_loaded_yet(void **state)
{
	struct fixture *fixture = *state;
	struct keys *keys = unit_keys(fixture->unit);
	const struct uuid *missing;

	for (unsigned i = 5; i >= 1; i--) {
		const struct uuid id = id_of(i);

		keys_add(keys, &account_kind, &id);
	}
	put_account(fixture, 2, 10);
	put_account(fixture, 9, 10);
	assert_int_equal(keys_missing(keys, &account_kind, &missing), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct uuid id = id_of(i == 0 ? 1 : (unsigned)i + 2);

		assert_true(uuid_equal(&missing[i], &id));
	}
	assert_int_equal(keys_missing(keys, &other_kind, &missing), 0);
}

static void new_aggregates_are_not_looked_up_when_assumed_new(void **state)
{
	struct fixture *fixture = *state;
	struct keys *keys = unit_keys(fixture->unit);
	const struct uuid made = id_of(1), made_and_wanted = id_of(2);
	const struct uuid *missing;

	keys_add_new(keys, &account_kind, &made);
	keys_add(keys, &account_kind, &made_and_wanted);
	keys_add_new(keys, &account_kind, &made_and_wanted);
	assert_int_equal(keys_missing(keys, &account_kind, &missing), 2);
	assert_true(unit_assumptions_hold(fixture->unit));
	keys_assume_new(keys);
	assert_int_equal(keys_missing(keys, &account_kind, &missing), 1);
	assert_true(uuid_equal(&missing[0], &made_and_wanted));
	assert_false(unit_assumptions_hold(fixture->unit));
	assert_int_equal(run(fixture, open_account, (struct order){made, 1, E_CONFLICT}, 1).status, E_CONFLICT);
	assert_false(unit_assumptions_hold(fixture->unit));
	assert_int_equal(run(fixture, open_account, (struct order){made, 1, OK}, 2).status, OK);
	assert_true(unit_assumptions_hold(fixture->unit));
}

static void a_missing_aggregate_is_not_found(void **state)
{
	struct fixture *fixture = *state;
	struct decision_result decision = run(fixture, deposit, (struct order){id_of(5), 1, OK}, 0);

	assert_int_equal(decision.status, E_NOT_FOUND);
	assert_string_equal(decision.refusal.field, "account");
	assert_string_equal(decision.refusal.detail, "there is no account 5");
	assert_int_equal(balance_of(fixture, 5), -1);
}

static void named_ids_are_sorted_by_kind_without_duplicates(void **state)
{
	struct fixture *fixture = *state;
	struct keys *keys = unit_keys(fixture->unit);
	const struct uuid *ids = NULL;
	struct uuid id;

	for (unsigned i = 0; i < 1000; i++) {
		id = id_of((i * 37) % 100);
		keys_add(keys, &account_kind, &id);
	}
	id = id_of(7);
	keys_add(keys, &other_kind, &id);
	assert_int_equal(keys_sorted(keys, &account_kind, &ids), 100);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ids[i].bytes[15], i);
	assert_int_equal(keys_sorted(keys, &other_kind, &ids), 1);
	assert_int_equal(ids[0].bytes[15], 7);
}

static void an_event_has_its_cause_and_time(void **state)
{
	struct fixture *fixture = *state;
	const struct output *outputs = NULL;
	struct uuid cause = id_of(0x4000U + 3), expected;

	put_account(fixture, 1, 100);
	(void)run(fixture, deposit, (struct order){id_of(1), 10, OK}, 3);
	assert_int_equal(unit_outputs(fixture->unit, &outputs), 1);
	expected = uuid_derive("svc-test", &cause, 0, 1732238428123456);
	assert_true(uuid_equal(&outputs[0].id, &expected));
	assert_int_equal(outputs[0].type, DEPOSITED);
	assert_int_equal(outputs[0].subject.bytes[15], 1);
	assert_int_equal(outputs[0].sequence, 7);
	assert_int_equal(outputs[0].time_us, 1732238429000000);
	assert_int_equal(outputs[0].item, 3);
	assert_int_equal(((const struct account *)outputs[0].body)->balance, 110);
}

static void a_repeated_decision_gives_the_same_ids(void **state)
{
	struct fixture *fixture = *state;
	const struct output *outputs = NULL;
	struct uuid alone[2];

	(void)run(fixture, open_account, (struct order){id_of(1), 1, OK}, 8);
	(void)unit_outputs(fixture->unit, &outputs);
	alone[0] = outputs[0].id;
	alone[1] = outputs[1].id;
	assert_false(uuid_equal(&alone[0], &alone[1]));

	/* The same message, in another batch behind another message. */
	fixture->unit = unit_make(&fixture->arena, "svc-test");
	(void)run(fixture, open_account, (struct order){id_of(2), 1, OK}, 7);
	(void)run(fixture, open_account, (struct order){id_of(1), 1, OK}, 8);
	assert_int_equal(unit_outputs(fixture->unit, &outputs), 4);
	assert_true(uuid_equal(&outputs[2].id, &alone[0]));
	assert_true(uuid_equal(&outputs[3].id, &alone[1]));
}

static void ids_of_new_aggregates_are_stable_and_differ_from_those_of_events(void **state)
{
	struct fixture *fixture = *state;
	struct uuid cause = id_of(0x4000U), first, event;

	(void)run(fixture, make_ids, (struct order){.answer = OK}, 0);
	first = made_ids[0];
	assert_false(uuid_equal(&made_ids[0], &made_ids[1]));
	(void)run(fixture, make_ids, (struct order){.answer = OK}, 0);
	assert_true(uuid_equal(&made_ids[0], &first));
	event = uuid_derive("svc-test", &cause, 0, 1732238428123456);
	assert_false(uuid_equal(&made_ids[0], &event));
}

static void knows_which_aggregates_were_created(void **state)
{
	struct fixture *fixture = *state;
	const struct uuid loaded = id_of(1), made = id_of(2), undone = id_of(3), never = id_of(4);

	put_account(fixture, 1, 100);
	(void)run(fixture, deposit, (struct order){loaded, 10, OK}, 0);
	(void)run(fixture, open_account, (struct order){made, 10, OK}, 1);
	(void)run(fixture, open_account, (struct order){undone, 10, E_STALE}, 2);
	assert_true(unit_made(fixture->unit, &account_kind, &made));
	assert_false(unit_made(fixture->unit, &account_kind, &loaded));
	assert_false(unit_made(fixture->unit, &account_kind, &undone));
	assert_false(unit_made(fixture->unit, &account_kind, &never));
}

static void the_last_change_of_a_deadline_counts(void **state)
{
	struct fixture *fixture = *state;
	const struct deadline *deadlines = NULL;

	put_account(fixture, 1, 100);
	put_account(fixture, 2, 100);
	(void)run(fixture, deposit, (struct order){id_of(2), 10, OK}, 0);
	(void)run(fixture, deposit, (struct order){id_of(1), 10, OK}, 1);
	(void)run(fixture, close_quietly, (struct order){id_of(1), 0, OK}, 2);
	(void)run(fixture, close_quietly, (struct order){id_of(2), 0, E_STALE}, 3);
	assert_int_equal(unit_deadlines(fixture->unit, &deadlines), 3);
	assert_int_equal(deadlines[0].subject.bytes[15], 1);
	assert_int_equal(deadlines[0].type, REMINDER);
	assert_true(deadlines[0].due_us == INT64_MIN);
	assert_int_equal(deadlines[0].item, 2);
	assert_int_equal(deadlines[1].subject.bytes[15], 1);
	assert_int_equal(deadlines[1].type, CLOSING);
	assert_int_equal(deadlines[2].subject.bytes[15], 2);
	assert_true(deadlines[2].due_us == 1732238430000000);
}

static void a_secret_reply_is_marked(void **state)
{
	struct fixture *fixture = *state;
	struct decision_result decision = run(fixture, reply_secretly, (struct order){.answer = OK}, 0);

	assert_ptr_equal(decision.reply, &fixture->order);
	assert_true(decision.secret);
	put_account(fixture, 1, 1);
	assert_false(run(fixture, deposit, (struct order){id_of(1), 1, OK}, 1).secret);
}

static void a_refusal_may_keep_what_it_changed(void **state)
{
	struct fixture *fixture = *state;
	struct decision_result decision;

	put_account(fixture, 1, 100);
	decision = run(fixture, refuse_and_keep, (struct order){id_of(1), 0, OK}, 0);
	assert_int_equal(decision.status, OK);
	assert_int_equal(decision.refusal.status, E_UNAUTHENTICATED);
	assert_int_equal(balance_of(fixture, 1), 0);
}

int main(void)
{
#define held(test) cmocka_unit_test_setup_teardown(test, make, drop)
	const struct CMUnitTest tests[] = {
		held(a_later_message_sees_what_an_earlier_one_changed),
		held(of_a_refused_decision_only_the_refusal_stays),
		held(a_refusal_undoes_its_own_changes_and_not_those_before),
		held(a_refused_decision_creates_nothing),
		held(a_refused_change_of_a_new_aggregate_is_undone),
		held(creating_a_loaded_aggregate_ends_with_a_retry),
		held(loaded_and_created_aggregates_are_distinguished),
		held(changed_aggregates_are_sorted_and_exclude_those_that_were_only_read),
		held(finds_cached_aggregates_that_were_not_changed),
		held(finds_named_aggregates_that_are_not_loaded_yet),
		held(new_aggregates_are_not_looked_up_when_assumed_new),
		held(a_missing_aggregate_is_not_found),
		held(named_ids_are_sorted_by_kind_without_duplicates),
		held(an_event_has_its_cause_and_time),
		held(a_repeated_decision_gives_the_same_ids),
		held(ids_of_new_aggregates_are_stable_and_differ_from_those_of_events),
		held(knows_which_aggregates_were_created),
		held(the_last_change_of_a_deadline_counts),
		held(a_secret_reply_is_marked),
		held(a_refusal_may_keep_what_it_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
