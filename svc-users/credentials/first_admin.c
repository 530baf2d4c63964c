/* The first admin, from the settings: a unit of work, decided and saved like every registration. */
#include "users/credentials/first_admin.h"

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

/* Another replica may install the same admin meanwhile. Then this one has nothing to do. */
static enum status install(const struct users_register *wanted, struct txn *txn)
{
	struct registration_facts facts;
	struct work_step step = {
		.decide = install_admin,
		.now_us = timestamp_now(),
		.message = {.type = USERS_REGISTER, .deadline_us = INT64_MAX, .body = wanted, .prepared = &facts},
	};
	bool known = false;

	step.message.id = uuid_new(step.now_us);
	step.message.time_us = step.now_us;
	enum status status = password_hash(wanted->password, txn_arena(txn), &facts.password_hash);
	if (status == OK)
		status = unit_of_work(txn, &step, 1, OUTPUTS_TO_OUTBOX, NULL);
	if (status == OK && step.decision.status == OK)
		log_info("first_admin.installed");
	if (status == E_RETRY && is_known(txn_db(txn), wanted->email, &known) == OK && known)
		return OK;
	return status == OK ? step.decision.status : status;
}

enum status first_admin_install(const struct first_admin *admin, struct txn *txn)
{
	bool known = false;

	if (admin->email[0] == '\0')
		return OK;
	const struct users_register wanted = {
		.email = lower_case(admin->email, txn_arena(txn)),
		.name = "Admin",
		.password = admin->password,
	};
	enum status status = check("COMANDA_FIRST_ADMIN_EMAIL", format_fault("email", wanted.email));
	if (status == OK)
		status = is_known(txn_db(txn), wanted.email, &known);
	if (status != OK || known)
		return status;
	status = check("COMANDA_FIRST_ADMIN_PASSWORD", format_fault("password", wanted.password));
	return status == OK ? install(&wanted, txn) : status;
}
