/* The unique claims of e-mail addresses in PostgreSQL: inserted, never changed. */
#include "users/store/stores.h"
#include "users/usecases/decisions.h"

static void claim_read(const struct rows *rows, int row, struct arena *arena, void *ret_claim)
{
	(void)arena;
	*(struct email_claim *)ret_claim =
		(struct email_claim){.id = row_uuid(rows, row, 0), .user_id = row_uuid(rows, row, 1)};
}

static void claim_write(struct args *args, const void *aggregate)
{
	const struct email_claim *claim = aggregate;

	put_uuid(args, &claim->id);
	put_uuid(args, &claim->user_id);
}

#define UNNEST "unnest($1::uuid[], $2::uuid[]) AS given (id, user_id)"

#define INSERT "INSERT INTO email_claims (id, user_id) SELECT * FROM " UNNEST

static const struct store_update updates[] = {
	{.sql = {"email_claim_update",
		 "UPDATE email_claims SET user_id = given.user_id FROM " UNNEST " WHERE email_claims.id = given.id"},
	 .write = claim_write,
	 .columns = 2},
};

const struct store email_claim_store = {
	.kind = &email_claim_kind,
	.load = {"email_claim_load",
		 "SELECT id, user_id FROM email_claims WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"},
	.read = claim_read,
	.insert_new = {"email_claim_insert_new", INSERT},
	.insert_missing = {"email_claim_insert", INSERT " ON CONFLICT DO NOTHING"},
	.write = claim_write,
	.columns = 2,
	.updates = updates,
};
