/* A small world for decisions. */
#include "users/tests/fixture.h"

#include <stdlib.h>
#include <string.h>

const struct act registering = {registration_keys, register_user}, installing = {registration_keys, install_admin},
		 changing = {user_change_keys, change_user}, disabling = {disable_keys, disable_user},
		 signing_in = {sign_in_keys, sign_in}, refreshing = {refresh_keys, refresh_session},
		 signing_out = {sign_out_keys, sign_out}, answering = {buyer_keys, verify_buyer};

static const struct aggregate *const kinds[] = {&email_claim_kind, &user_kind, &buyer_kind, &session_kind};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

int scene_open(void **state)
{
	struct scene *scene = mem_new(1, sizeof(*scene));

	arena_init(&scene->arena);
	scene->now_us = 1700000000 * SECOND_US;
	*state = scene;
	return 0;
}

int scene_close(void **state)
{
	struct scene *scene = *state;

	arena_done(&scene->arena);
	free(scene);
	return 0;
}

/* ---- the world ---- */

const void *scene_find(const struct scene *scene, const struct aggregate *kind, const struct uuid *id)
{
	if (kind == &buyer_kind) /* the same rows, looked at */
		kind = &user_kind;
	for (size_t i = 0; i < scene->count; i++)
		if (scene->things[i].kind == kind && uuid_equal(&scene->things[i].id, id))
			return scene->things[i].data;
	return NULL;
}

static void load(struct scene *scene, const struct aggregate *kind)
{
	const struct uuid *ids;
	const size_t count = keys_sorted(unit_keys(scene->unit), kind, &ids);

	for (size_t i = 0; i < count; i++) {
		const void *found = scene_find(scene, kind, &ids[i]);

		if (found != NULL)
			unit_put(scene->unit, kind, &ids[i], arena_copy(&scene->arena, found, kind->size));
	}
}

static void save(struct scene *scene, const struct entry *entry)
{
	size_t at = 0;

	while (at < scene->count &&
	       !(scene->things[at].kind == entry->kind && uuid_equal(&scene->things[at].id, &entry->id)))
		at++;
	assert_true(at < SCENE_ROOM);
	scene->things[at].kind = entry->kind;
	scene->things[at].id = entry->id;
	scene->things[at].data = entry->data;
	if (at == scene->count)
		scene->count++;
}

struct decision_result scene_act(struct scene *scene, struct act act, struct caller caller, const void *body,
				 const void *prepared)
{
	const unsigned number = ++scene->messages;
	const struct message message = {
		.id = uuid_of_text("message", (const char *)&number, sizeof(number)),
		.time_us = scene->now_us,
		.deadline_us = INT64_MAX,
		.caller = caller,
		.body = body,
		.prepared = prepared,
	};

	scene->unit = unit_make(&scene->arena, "svc-users");
	act.keys(unit_keys(scene->unit), &message);
	for (size_t i = 0; i < KINDS; i++)
		load(scene, kinds[i]);
	const struct decision_result decision = unit_decide(scene->unit, act.decide, &message, scene->now_us, 0);
	for (size_t i = 0; i < KINDS; i++) {
		struct entry **changed;
		const size_t count = unit_changed(scene->unit, kinds[i], &changed);

		for (size_t j = 0; j < count; j++)
			save(scene, changed[j]);
	}
	return decision;
}

size_t scene_events(const struct scene *scene, const struct output **ret_events)
{
	return unit_outputs(scene->unit, ret_events);
}

/* ---- people ---- */

const struct caller nobody = {.role = CALLER_NOBODY};

struct caller caller_of(const struct user *user)
{
	return (struct caller){.user_id = user->id, .role = user->admin ? CALLER_ADMIN : CALLER_CUSTOMER};
}

static const struct user *make_user(struct scene *scene, const char *name, struct act act)
{
	const struct users_register wanted = {
		.email = arena_format(&scene->arena, "%s@example.org", name),
		.name = name,
		.password = "not looked at",
	};
	const struct registration_facts facts = {arena_format(&scene->arena, "hash of %s", name)};
	const struct decision_result decision = scene_act(scene, act, nobody, &wanted, &facts);

	assert_int_equal(decision.status, OK);
	return scene_find(scene, &user_kind, &((const struct user_view *)decision.reply)->id);
}

const struct user *scene_user(struct scene *scene, const char *name)
{
	return make_user(scene, name, registering);
}

const struct user *scene_admin(struct scene *scene, const char *name)
{
	return make_user(scene, name, installing);
}

const struct user *again(const struct scene *scene, const struct user *user)
{
	return scene_find(scene, &user_kind, &user->id);
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

struct uuid scene_session(struct scene *scene, const struct user *user, uint8_t mark)
{
	const struct uuid id = uuid_of_text("session", (const char *)&mark, 1);
	const struct sign_in_facts facts = {
		.user_id = user->id,
		.user_version = again(scene, user)->version,
		.matches = true,
		.issued = tokens_marked(id, mark),
	};

	assert_int_equal(scene_act(scene, signing_in, nobody, NULL, &facts).status, OK);
	return id;
}

/* ---- what was said ---- */

void assert_refused(const struct scene *scene, struct decision_result decision, enum status status, const char *code)
{
	assert_int_equal(decision.refusal.status, status);
	assert_string_equal(decision.refusal.code, code);
	assert_true(strlen(decision.refusal.detail) > 0);
	assert_null(decision.reply);
	assert_nothing_told(scene);
}

void assert_told(const struct scene *scene, int type, const struct user *user)
{
	const struct output *events;

	assert_int_equal(scene_events(scene, &events), 1);
	assert_int_equal(events[0].type, type);
	assert_true(uuid_equal(&events[0].subject, &user->id));
	assert_int_equal(events[0].sequence, again(scene, user)->version);
}

void assert_nothing_told(const struct scene *scene)
{
	const struct output *events;

	assert_int_equal(scene_events(scene, &events), 0);
}
