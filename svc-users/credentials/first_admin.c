/* The first admin, from the settings. Decided like every registration, and saved by the same statements. */
#include "users/credentials/first_admin.h"

#include "store/outbox.h"
#include "users/credentials/credentials.h"
#include "users/store/stores.h"
#include "users/usecases/decisions.h"

#include <ctype.h>
#include <string.h>

static const struct sql find_claim = {"first_admin_find", "SELECT user_id FROM email_claims WHERE id = $1"};

static enum status is_known(struct db *db, const char *email, bool *ret_known)
{
	const struct uuid claim_id = email_claim_id(email);
	struct rows rows;

	arg_uuid(db_args(db), &claim_id);
	const enum status status = db_run(db, &find_claim, &rows);
	if (status == OK)
		*ret_known = rows.count > 0;
	return status;
}

static enum status check(const char *setting, const char *fault)
{
	if (fault == NULL)
		return OK;
	log_error("settings.first_admin", kv_text("setting", setting), kv_text("detail", fault));
	return E_INVALID;
}

static const char *lower_case(const char *text, struct arena *arena)
{
	char *lower = arena_copy(arena, text, strlen(text));

	for (char *at = lower; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	return lower;
}

/* ---- saving ---- */

/* Queues the insert of what the unit made of one kind. */
static void insert_send(struct db *db, struct unit *unit, const struct store *store)
{
	struct entry **made;
	const size_t count = unit_changed(unit, store->kind, &made);
	struct args *args = db_args(db);

	args_columns(args, store->columns);
	for (size_t i = 0; i < count; i++)
		store->write(args, made[i]->data);
	db_send(db, &store->insert_missing);
}

static void outputs_send(struct db *db, const struct unit *unit, const struct message *cause)
{
	const struct output *outputs;
	const size_t count = unit_outputs(unit, &outputs);
	scoped(outbox_batch_free) struct outbox_batch *batch = outbox_batch_new();
	struct buffer body;

	buffer_init(&body);
	for (size_t i = 0; i < count; i++) {
		const struct message_type *type = &comanda_contract.types[outputs[i].type];
		const struct cloudevent event = {
			.id = outputs[i].id,
			.type = type,
			.source = USERS_SERVICE,
			.subject = outputs[i].subject,
			.sequence = outputs[i].sequence,
			.time_us = outputs[i].time_us,
			.cause = cause->id,
			.body = outputs[i].body,
		};

		buffer_clear(&body);
		cloudevent_write(&body, &event);
		outbox_batch_add(batch, &(struct outbox_row){
						.id = event.id,
						.subject = event.subject,
						.exchange = "events",
						.routing_key = type->name,
						.type = type->name,
						.body = {body.bytes, body.size},
						.created_us = event.time_us,
						.due_us = event.time_us,
					});
	}
	outbox_insert_send(db, batch, false);
	buffer_done(&body);
}

/* Takes `count` results; *ret_touched: rows that the last one touched. */
static enum status results(struct db *db, int count, int64_t *ret_touched)
{
	struct rows rows;

	for (int i = 0; i < count; i++) {
		const enum status status = db_result(db, &rows);
		if (status != OK)
			return status;
	}
	*ret_touched = rows.touched;
	return OK;
}

/* *ret_made: false where another replica was faster. */
static enum status save(struct db *db, struct unit *unit, const struct message *cause, bool *ret_made)
{
	int64_t touched = 0;

	db_send_text(db, "BEGIN");
	insert_send(db, unit, &email_claim_store);
	insert_send(db, unit, &user_store);
	enum status status = db_flush(db);
	if (status == OK)
		status = results(db, 3, &touched);
	if (status != OK)
		return status;
	*ret_made = touched > 0;
	if (*ret_made)
		outputs_send(db, unit, cause);
	db_send_text(db, *ret_made ? "COMMIT" : "ROLLBACK");
	status = db_sync(db);
	if (status == OK)
		status = results(db, *ret_made ? 2 : 1, &touched);
	return status != OK ? status : db_synced(db);
}

/* ---- installing ---- */

static enum status install(const struct users_register *wanted, struct db *db, struct arena *arena)
{
	struct registration_facts facts;
	const int64_t now_us = timestamp_now();
	struct unit *unit = unit_make(arena, USERS_SERVICE);
	const enum status hashed = password_hash(wanted->password, arena, &facts.password_hash);
	const struct message message = {
		.type = USERS_REGISTER,
		.id = uuid_new(now_us),
		.time_us = now_us,
		.deadline_us = INT64_MAX,
		.body = wanted,
		.prepared = &facts,
	};

	if (hashed != OK)
		return hashed;
	const struct decision_result decision = unit_decide(unit, install_admin, &message, now_us, 0);
	if (decision.status != OK)
		return decision.status;
	bool made = false;
	const enum status status = save(db, unit, &message, &made);
	if (status != OK)
		db_recover(db);
	else if (made)
		log_info("first_admin.installed");
	return status;
}

enum status first_admin_install(const struct first_admin *admin, struct db *db)
{
	struct arena arena;
	bool known = false;

	if (admin->email[0] == '\0')
		return OK;
	arena_init(&arena);
	const struct users_register wanted = {
		.email = lower_case(admin->email, &arena),
		.name = "Admin",
		.password = admin->password,
	};
	enum status status = check("COMANDA_FIRST_ADMIN_EMAIL", format_fault("email", wanted.email));
	if (status == OK)
		status = is_known(db, wanted.email, &known);
	if (status == OK && !known)
		status = check("COMANDA_FIRST_ADMIN_PASSWORD", format_fault("password", wanted.password));
	if (status == OK && !known)
		status = install(&wanted, db, &arena);
	arena_done(&arena);
	return status;
}
