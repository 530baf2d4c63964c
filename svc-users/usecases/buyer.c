/* May this person buy? The answer of users to order.placed. Changes nothing here. */
#include "users/domain/users.h"

const struct aggregate buyer_kind = {"buyer", sizeof(struct user)};

void buyer_keys(struct keys *keys, const struct message *message)
{
	const struct order_event *order = message->body;

	keys_add(keys, &buyer_kind, &order->user_id);
}

static void answer(struct unit *unit, int event, const struct user *user, struct user_answer said)
{
	struct user_answer *body = arena_new(unit_arena(unit), 1, sizeof(*body));

	*body = said;
	/* About the order: it travels with the order's other events. */
	unit_event(unit, event, &said.order_id, user == NULL ? 0 : user->version, body);
}

enum status answer_order(struct unit *unit, const struct message *message)
{
	const struct order_event *order = message->body;
	const struct user *user = unit_get(unit, &buyer_kind, &order->user_id);
	struct user_answer said = {.order_id = order->order_id, .user_id = order->user_id};

	if (order->expires_at != INT_ABSENT && order->expires_at <= unit_now(unit))
		return E_STALE;
	if (user != NULL && user->status == USER_ACTIVE) {
		answer(unit, USER_VERIFIED, user, said);
		return OK;
	}
	said.code = user == NULL ? "user_unknown" : "user_disabled";
	said.detail = user == NULL ? "There is no account for this order's buyer." : "The buyer's account is disabled.";
	answer(unit, USER_REFUSED, user, said);
	return OK;
}
