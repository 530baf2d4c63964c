/* Whether a person may buy: the answer of svc-users to order.placed. Changes no aggregate. */
#include "users/usecases/decisions.h"

const struct aggregate buyer_kind = {.name = "buyer", .size = sizeof(struct user)};

void buyer_keys(struct keys *keys, const struct message *message)
{
	const struct order_event *order = message->body;

	keys_add(keys, &buyer_kind, &order->user_id);
}

/* The subject is the order, so that its events share one queue order and one log search. */
static void publish_answer(struct unit *unit, int type, const struct user *user, struct user_answer answer)
{
	struct user_answer *body = arena_new(unit_arena(unit), 1, sizeof(*body));

	*body = answer;
	unit_event(unit, type, &answer.order_id, user == NULL ? 0 : user->version, body);
}

enum status verify_buyer(struct unit *unit, const struct message *message)
{
	const struct order_event *order = message->body;
	const struct user *user = unit_get(unit, &buyer_kind, &order->user_id);
	struct user_answer answer = {.order_id = order->order_id, .user_id = order->user_id};

	if (order->expires_at != INT_ABSENT && order->expires_at <= unit_now(unit))
		return E_STALE;
	if (user != NULL && !user->disabled) {
		publish_answer(unit, USER_VERIFIED, user, answer);
		return OK;
	}
	answer.code = user == NULL ? "user_unknown" : "user_disabled";
	answer.detail =
		user == NULL ? "There is no account for this order's buyer." : "The buyer's account is disabled.";
	publish_answer(unit, USER_REFUSED, user, answer);
	return OK;
}
