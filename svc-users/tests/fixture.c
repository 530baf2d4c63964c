/* The fixture for tests of decisions. */
#include "users/tests/fixture.h"

#include <stdlib.h>
#include <string.h>

const struct act registering = {.keys = registration_keys, .decide = register_user};
const struct act installing = {.keys = registration_keys, .decide = install_admin};
const struct act changing = {.keys = user_change_keys, .decide = change_user};
const struct act disabling = {.keys = disable_keys, .decide = disable_user};
const struct act signing_in = {.keys = sign_in_keys, .decide = sign_in};
const struct act refreshing = {.keys = refresh_keys, .decide = refresh_session};
const struct act signing_out = {.keys = sign_out_keys, .decide = sign_out};
const struct act answering = {.keys = buyer_keys, .decide = verify_buyer};

static const struct aggregate *const kinds[] = {&email_claim_kind, &user_kind, &buyer_kind, &session_kind};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

int fixture_open(void **state)
{
	struct fixture *fixture = mem_new(1, sizeof(*fixture));

	arena_init(&fixture->arena);
	fixture->now_us = 1700000000 * SECOND_US;
	*state = fixture;
	return 0;
}

int fixture_close(void **state)
{
	struct fixture *fixture = *state;

	arena_done(&fixture->arena);
	free(fixture);
	return 0;
}

/* ---- rows ---- */

const void *fixture_find(const struct fixture *fixture, const struct aggregate *kind, const struct uuid *id)
{
	if (kind == &buyer_kind) /* the same rows */
		kind = &user_kind;
	for (size_t i = 0; i < fixture->count; i++)
		if (fixture->rows[i].kind == kind && uuid_equal(&fixture->rows[i].id, id))
			return fixture->rows[i].data;
	return NULL;
}

static void load(struct fixture *fixture, const struct aggregate *kind)
{
	const struct uuid *ids;
	const size_t count = keys_sorted(unit_keys(fixture->unit), kind, &ids);

	for (size_t i = 0; i < count; i++) {
		const void *found = fixture_find(fixture, kind, &ids[i]);

		if (found != NULL)
			unit_put(fixture->unit, kind, &ids[i], arena_copy(&fixture->arena, found, kind->size));
	}
}

static void save(struct fixture *fixture, const struct entry *entry)
{
	size_t at = 0;

	while (at < fixture->count &&
	       !(fixture->rows[at].kind == entry->kind && uuid_equal(&fixture->rows[at].id, &entry->id)))
		at++;
	assert_true(at < FIXTURE_ROWS);
	fixture->rows[at].kind = entry->kind;
	fixture->rows[at].id = entry->id;
	fixture->rows[at].data = entry->data;
	if (at == fixture->count)
		fixture->count++;
}

struct decision_result fixture_decide(struct fixture *fixture, struct act act, struct caller caller, const void *body,
				      const void *prepared)
{
	const unsigned number = ++fixture->messages;
	const struct message message = {
		.id = uuid_of_text("message", (const char *)&number, sizeof(number)),
		.time_us = fixture->now_us,
		.deadline_us = INT64_MAX,
		.caller = caller,
		.body = body,
		.prepared = prepared,
	};

	fixture->unit = unit_make(&fixture->arena, "svc-users");
	act.keys(unit_keys(fixture->unit), &message);
	for (size_t i = 0; i < KINDS; i++)
		load(fixture, kinds[i]);
	const struct decision_result decision = unit_decide(fixture->unit, act.decide, &message, fixture->now_us, 0);
	for (size_t i = 0; i < KINDS; i++) {
		struct entry **changed;
		const size_t count = unit_changed(fixture->unit, kinds[i], &changed);

		for (size_t j = 0; j < count; j++)
			save(fixture, changed[j]);
	}
	return decision;
}

size_t fixture_events(const struct fixture *fixture, const struct output **ret_events)
{
	return unit_outputs(fixture->unit, ret_events);
}

/* ---- people ---- */

const struct caller nobody = {.role = CALLER_NOBODY};

struct caller caller_of(const struct user *user)
{
	return (struct caller){.user_id = user->id, .role = user->admin ? CALLER_ADMIN : CALLER_CUSTOMER};
}

static const struct user *make_user(struct fixture *fixture, const char *name, struct act act)
{
	const struct users_register wanted = {
		.email = arena_format(&fixture->arena, "%s@example.org", name),
		.name = name,
		.password = "not looked at",
	};
	const struct registration_facts facts = {.password_hash = arena_format(&fixture->arena, "hash of %s", name)};
	const struct decision_result decision = fixture_decide(fixture, act, nobody, &wanted, &facts);

	assert_int_equal(decision.status, OK);
	return fixture_find(fixture, &user_kind, &((const struct user_view *)decision.reply)->id);
}

const struct user *fixture_user(struct fixture *fixture, const char *name)
{
	return make_user(fixture, name, registering);
}

const struct user *fixture_admin(struct fixture *fixture, const char *name)
{
	return make_user(fixture, name, installing);
}

const struct user *user_now(const struct fixture *fixture, const struct user *user)
{
	return fixture_find(fixture, &user_kind, &user->id);
}

/* ---- sessions ---- */

struct token_hash hash_marked(uint8_t mark)
{
	struct token_hash hash;

	memset(hash.bytes, mark, sizeof(hash.bytes));
	return hash;
}

struct issued_tokens tokens_marked(struct uuid session_id, uint8_t mark)
{
	static const struct token_view view = {"access", "Bearer", 900, "refresh"};

	return (struct issued_tokens){
		.session_id = session_id, .hash = hash_marked(mark), .lifetime_us = 30 * DAY_US, .view = &view};
}

struct uuid fixture_session(struct fixture *fixture, const struct user *user, uint8_t mark)
{
	const struct uuid id = uuid_of_text("session", (const char *)&mark, 1);
	const struct sign_in_facts facts = {
		.user_id = user->id,
		.user_version = user_now(fixture, user)->version,
		.matches = true,
		.issued = tokens_marked(id, mark),
	};

	assert_int_equal(fixture_decide(fixture, signing_in, nobody, NULL, &facts).status, OK);
	return id;
}

/* ---- results ---- */

void assert_refused(const struct fixture *fixture, struct decision_result decision, enum status status,
		    const char *code)
{
	assert_int_equal(decision.refusal.status, status);
	assert_string_equal(decision.refusal.code, code);
	assert_true(strlen(decision.refusal.detail) > 0);
	assert_null(decision.reply);
	assert_nothing_published(fixture);
}

void assert_published(const struct fixture *fixture, int type, const struct user *user)
{
	const struct output *events;

	assert_int_equal(fixture_events(fixture, &events), 1);
	assert_int_equal(events[0].type, type);
	assert_true(uuid_equal(&events[0].subject, &user->id));
	assert_int_equal(events[0].sequence, user_now(fixture, user)->version);
}

void assert_nothing_published(const struct fixture *fixture)
{
	const struct output *events;

	assert_int_equal(fixture_events(fixture, &events), 0);
}
