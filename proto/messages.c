/* The field tables and the contract: one table per struct, one row per message. */
#include "proto/messages.h"

const char *const user_status_names[] = {"active", "disabled", NULL};
const char *const caller_role_names[] = {"nobody", "customer", "admin", NULL};
const char *const user_role_names[] = {"customer", "admin", NULL};
const char *const product_status_names[] = {"active", "withdrawn", NULL};
const char *const order_status_names[] = {"pending", "confirmed", "rejected", "expired", "cancelled", NULL};

#define SCHEMA(name_, type_, ...)                                                                                      \
	const struct schema name_ = {                                                                                  \
		.name = #name_, .size = sizeof(type_), .fields = (const struct field[]){__VA_ARGS__, field_end}}

/* clang-format off */
/* ---- shared ---- */

SCHEMA(by_id_schema, struct by_id,
	field_uuid(struct by_id, id, REQUIRED),
	field_int(struct by_id, expected_version, 0, 0, 0));

SCHEMA(users_list_schema, struct page_query,
	field_int(struct page_query, limit, REQUIRED, 1, PAGE_MAX),
	field_text(struct page_query, cursor, 0, 1, 300));
SCHEMA(products_list_schema, struct page_query,
	field_int(struct page_query, limit, REQUIRED, 1, PAGE_MAX),
	field_text(struct page_query, cursor, 0, 1, 300),
	field_text(struct page_query, q, TRIMMED, 0, 200),
	field_enum(struct page_query, status, 0, product_status_names));
SCHEMA(orders_list_schema, struct page_query,
	field_int(struct page_query, limit, REQUIRED, 1, PAGE_MAX),
	field_text(struct page_query, cursor, 0, 1, 300),
	field_enum(struct page_query, status, 0, order_status_names),
	field_uuid(struct page_query, user_id, 0));

/* ---- users ---- */

#define USER_VIEW_FIELDS                                                                                               \
	field_uuid(struct user_view, id, REQUIRED), field_text(struct user_view, email, REQUIRED, 0, 0),               \
		field_text(struct user_view, name, REQUIRED, 0, 0),                                                    \
		field_enum(struct user_view, role, REQUIRED, user_role_names),                                         \
		field_enum(struct user_view, status, REQUIRED, user_status_names),                                     \
		field_timestamp(struct user_view, created_at, REQUIRED),                                                  \
		field_timestamp(struct user_view, updated_at, REQUIRED),                                                  \
		field_int(struct user_view, version, REQUIRED, 0, 0)

SCHEMA(user_view_schema, struct user_view, USER_VIEW_FIELDS);
_Static_assert(offsetof(struct user_event, user) == 0, "the account's fields lie where they do in an account");
SCHEMA(user_event_schema, struct user_event, USER_VIEW_FIELDS,
	field_uuid(struct user_event, by, 0));
SCHEMA(user_page_schema, struct user_page,
	field_array(struct user_page, items, REQUIRED, &user_view_schema, 0, PAGE_MAX),
	field_text(struct user_page, next, NULLABLE, 0, 0));
SCHEMA(users_register_schema, struct users_register,
	field_format(struct users_register, email, REQUIRED | TRIMMED | LOWER, "email", 254),
	field_text(struct users_register, name, REQUIRED | TRIMMED | PRINTABLE, 1, NAME_MAX_CHARS),
	field_format(struct users_register, password, REQUIRED | SECRET, "password", 0));
static SCHEMA(password_change_schema, struct password_change,
	{.name = "old", .type = F_TEXT, .rules = REQUIRED | SECRET, .max = PASSWORD_MAX, .offset = offsetof(struct password_change, old_password)},
	{.name = "new", .type = F_TEXT, .rules = REQUIRED | SECRET, .format = "password", .offset = offsetof(struct password_change, new_password)});
SCHEMA(users_change_schema, struct users_change,
	field_uuid(struct users_change, id, REQUIRED),
	field_text(struct users_change, name, TRIMMED | PRINTABLE, 1, NAME_MAX_CHARS),
	field_object(struct users_change, password, 0, &password_change_schema),
	field_enum(struct users_change, status, 0, user_status_names),
	field_enum(struct users_change, role, 0, user_role_names));
SCHEMA(tokens_grant_schema, struct tokens_grant,
	field_text(struct tokens_grant, email, REQUIRED | TRIMMED | LOWER, 1, 254),
	field_text(struct tokens_grant, password, REQUIRED | SECRET, 1, PASSWORD_MAX));
SCHEMA(tokens_refresh_schema, struct tokens_refresh,
	field_text(struct tokens_refresh, refresh_token, REQUIRED | SECRET, 1, 200));
SCHEMA(tokens_revoke_schema, struct tokens_refresh,
	field_text(struct tokens_refresh, refresh_token, SECRET, 1, 200));
SCHEMA(token_view_schema, struct token_view,
	field_text(struct token_view, access_token, REQUIRED, 0, 0),
	field_text(struct token_view, token_type, REQUIRED, 0, 0),
	field_int(struct token_view, expires_in, REQUIRED, 0, 0),
	field_text(struct token_view, refresh_token, REQUIRED, 0, 0));
SCHEMA(keys_view_schema, struct keys_view,
	field_json(struct keys_view, keys, REQUIRED));
SCHEMA(user_verified_schema, struct user_answer,
	field_uuid(struct user_answer, order_id, REQUIRED),
	field_uuid(struct user_answer, user_id, REQUIRED));
SCHEMA(user_refused_schema, struct user_answer,
	field_uuid(struct user_answer, order_id, REQUIRED),
	field_uuid(struct user_answer, user_id, REQUIRED),
	field_text(struct user_answer, code, REQUIRED, 1, 40),
	field_text(struct user_answer, detail, REQUIRED, 0, 1000));

/* ---- products ---- */

#define PRODUCT_VIEW_FIELDS                                                                                            \
	field_uuid(struct product_view, id, REQUIRED), field_text(struct product_view, sku, REQUIRED, 0, 0),           \
		field_text(struct product_view, name, REQUIRED, 0, 0),                                                 \
		field_text(struct product_view, description, REQUIRED, 0, 0),                                          \
		field_int(struct product_view, price_cents, REQUIRED, 0, PRICE_MAX),                                   \
		field_text(struct product_view, currency, REQUIRED, 3, 3),                                             \
		field_int(struct product_view, on_hand, REQUIRED, 0, STOCK_MAX),                                       \
		field_int(struct product_view, reserved, REQUIRED, 0, STOCK_MAX),                                      \
		field_int(struct product_view, available, REQUIRED, 0, STOCK_MAX),                                     \
		field_enum(struct product_view, status, REQUIRED, product_status_names),                               \
		field_timestamp(struct product_view, created_at, REQUIRED),                                               \
		field_timestamp(struct product_view, updated_at, REQUIRED),                                               \
		field_int(struct product_view, version, REQUIRED, 0, 0)

SCHEMA(product_view_schema, struct product_view, PRODUCT_VIEW_FIELDS);
_Static_assert(offsetof(struct stock_adjusted, product) == 0, "the product's fields lie where they do in a product");
SCHEMA(stock_adjusted_schema, struct stock_adjusted, PRODUCT_VIEW_FIELDS,
	field_int(struct stock_adjusted, delta, 0, -STOCK_MAX, STOCK_MAX),
	field_text(struct stock_adjusted, reason, 0, 1, 200));
SCHEMA(product_page_schema, struct product_page,
	field_array(struct product_page, items, REQUIRED, &product_view_schema, 0, PAGE_MAX),
	field_text(struct product_page, next, NULLABLE, 0, 0));
SCHEMA(products_create_schema, struct products_create,
	field_format(struct products_create, sku, REQUIRED | TRIMMED, "sku", 64),
	field_text(struct products_create, name, REQUIRED | TRIMMED | PRINTABLE, 1, NAME_MAX_CHARS),
	field_text(struct products_create, description, 0, 0, 4000),
	field_int(struct products_create, price_cents, REQUIRED, 0, PRICE_MAX),
	field_format(struct products_create, currency, REQUIRED, "currency", 3),
	field_int(struct products_create, on_hand, 0, 0, STOCK_MAX));
SCHEMA(products_change_schema, struct products_change,
	field_uuid(struct products_change, id, REQUIRED),
	field_int(struct products_change, expected_version, 0, 0, 0),
	field_format(struct products_change, sku, TRIMMED, "sku", 64),
	field_text(struct products_change, name, TRIMMED | PRINTABLE, 1, NAME_MAX_CHARS),
	field_text(struct products_change, description, 0, 0, 4000),
	field_int(struct products_change, price_cents, 0, 0, PRICE_MAX),
	field_format(struct products_change, currency, 0, "currency", 3),
	field_enum(struct products_change, status, 0, product_status_names));
SCHEMA(products_adjust_stock_schema, struct products_adjust_stock,
	field_uuid(struct products_adjust_stock, id, REQUIRED),
	field_int(struct products_adjust_stock, expected_version, 0, 0, 0),
	field_int(struct products_adjust_stock, delta, REQUIRED, -STOCK_MAX, STOCK_MAX),
	field_text(struct products_adjust_stock, reason, TRIMMED | PRINTABLE, 1, 200));

/* ---- orders ---- */

SCHEMA(order_line_schema, struct order_line,
	field_uuid(struct order_line, product_id, REQUIRED),
	field_text(struct order_line, name, NULLABLE, 0, 0),
	field_int(struct order_line, quantity, REQUIRED, 1, QUANTITY_MAX),
	field_int(struct order_line, unit_price_cents, NULLABLE, 0, PRICE_MAX));
SCHEMA(wanted_line_schema, struct order_line,
	field_uuid(struct order_line, product_id, REQUIRED),
	field_int(struct order_line, quantity, REQUIRED, 1, QUANTITY_MAX));
SCHEMA(order_reason_schema, struct order_reason,
	field_text(struct order_reason, code, REQUIRED, 1, 40),
	field_text(struct order_reason, detail, REQUIRED, 0, 1000),
	field_uuid(struct order_reason, product_id, 0));
SCHEMA(order_view_schema, struct order_view,
	field_uuid(struct order_view, id, REQUIRED),
	field_uuid(struct order_view, user_id, REQUIRED),
	field_enum(struct order_view, status, REQUIRED, order_status_names),
	field_object(struct order_view, reason, 0, &order_reason_schema),
	field_array(struct order_view, items, REQUIRED, &order_line_schema, 1, LINES_MAX),
	field_int(struct order_view, total_cents, NULLABLE, 0, 0),
	field_text(struct order_view, currency, NULLABLE, 3, 3),
	field_text(struct order_view, note, 0, 0, 500),
	field_timestamp(struct order_view, created_at, REQUIRED),
	field_timestamp(struct order_view, updated_at, REQUIRED),
	field_int(struct order_view, version, REQUIRED, 0, 0));
SCHEMA(order_page_schema, struct order_page,
	field_array(struct order_page, items, REQUIRED, &order_view_schema, 0, PAGE_MAX),
	field_text(struct order_page, next, NULLABLE, 0, 0));
SCHEMA(orders_place_schema, struct orders_place,
	field_array(struct orders_place, items, REQUIRED, &wanted_line_schema, 1, LINES_MAX),
	field_text(struct orders_place, note, TRIMMED, 0, 500));
SCHEMA(order_event_schema, struct order_event,
	field_uuid(struct order_event, order_id, REQUIRED),
	field_uuid(struct order_event, user_id, REQUIRED),
	field_enum(struct order_event, status, REQUIRED, order_status_names),
	field_object(struct order_event, reason, 0, &order_reason_schema),
	field_array(struct order_event, items, REQUIRED, &order_line_schema, 1, LINES_MAX),
	field_int(struct order_event, total_cents, NULLABLE, 0, 0),
	field_text(struct order_event, currency, NULLABLE, 3, 3),
	field_text(struct order_event, note, 0, 0, 500),
	field_timestamp(struct order_event, created_at, REQUIRED),
	field_timestamp(struct order_event, expires_at, 0));
static SCHEMA(timeline_event_schema, struct timeline_event,
	field_uuid(struct timeline_event, id, REQUIRED),
	field_text(struct timeline_event, type, REQUIRED, 0, 0),
	field_text(struct timeline_event, source, REQUIRED, 0, 0),
	field_timestamp(struct timeline_event, time, REQUIRED),
	field_int(struct timeline_event, sequence, REQUIRED, 0, 0),
	field_json(struct timeline_event, data, REQUIRED));
SCHEMA(timeline_view_schema, struct timeline_view,
	field_uuid(struct timeline_view, order_id, REQUIRED),
	field_array(struct timeline_view, events, REQUIRED, &timeline_event_schema, 0, 0));

/* ---- stock ---- */

static SCHEMA(stock_level_schema, struct stock_level,
	field_uuid(struct stock_level, product_id, REQUIRED),
	field_int(struct stock_level, on_hand, REQUIRED, 0, STOCK_MAX),
	field_int(struct stock_level, reserved, REQUIRED, 0, STOCK_MAX),
	field_int(struct stock_level, sequence, REQUIRED, 0, 0));
SCHEMA(stock_event_schema, struct stock_event,
	field_uuid(struct stock_event, order_id, REQUIRED),
	field_array(struct stock_event, items, REQUIRED, &order_line_schema, 1, LINES_MAX),
	field_int(struct stock_event, total_cents, REQUIRED, 0, 0),
	field_text(struct stock_event, currency, REQUIRED, 3, 3),
	field_timestamp(struct stock_event, expires_at, 0),
	field_array(struct stock_event, stock, REQUIRED, &stock_level_schema, 1, LINES_MAX));
SCHEMA(stock_refused_schema, struct stock_refused,
	field_uuid(struct stock_refused, order_id, REQUIRED),
	field_text(struct stock_refused, code, REQUIRED, 1, 40),
	field_text(struct stock_refused, detail, REQUIRED, 0, 1000),
	field_uuid(struct stock_refused, product_id, 0),
	field_array(struct stock_refused, stock, 0, &stock_level_schema, 0, LINES_MAX));

/* ---- actions of an operator ---- */

SCHEMA(operator_replayed_schema, struct operator_replayed,
	field_text(struct operator_replayed, by, REQUIRED, 1, 200),
	field_text(struct operator_replayed, host, REQUIRED, 1, 200),
	field_text(struct operator_replayed, reason, REQUIRED, 1, 1000),
	{.name = "queues", .type = F_TEXTS, .rules = REQUIRED, .max = 20, .offset = offsetof(struct operator_replayed, queues)},
	{.name = "events", .type = F_TEXTS, .rules = REQUIRED, .max = REPLAYED_MAX, .offset = offsetof(struct operator_replayed, events)});

/* ---- timers ---- */

SCHEMA(order_timer_schema, struct order_timer,
	field_uuid(struct order_timer, order_id, REQUIRED));
/* clang-format on */

/* ---- the contract ---- */

#define COMMAND_ROW(name_, queue_, schema_, reply_)                                                                    \
	{                                                                                                              \
		.name = (name_), .kind = REQUEST, .version = 1, .producer = "edge-http", .queue = (queue_),            \
		.schema = (schema_), .reply = (reply_)                                                                 \
	}
#define QUERY_ROW(name_, queue_, schema_, reply_)                                                                      \
	{                                                                                                              \
		.name = (name_), .kind = REQUEST, .version = 1, .producer = "edge-http", .queue = (queue_),            \
		.schema = (schema_), .reply = (reply_), .read_only = true                                              \
	}
#define EVENT_ROW(name_, by_, about_, schema_)                                                                         \
	{                                                                                                              \
		.name = (name_), .kind = EVENT, .version = 1, .producer = (by_), .about = (about_),                    \
		.schema = (schema_)                                                                                    \
	}
#define TIMER_ROW(name_, by_, about_, schema_)                                                                         \
	{                                                                                                              \
		.name = (name_), .kind = TIMER, .version = 1, .producer = (by_), .about = (about_),                    \
		.schema = (schema_)                                                                                    \
	}

static const struct message_type types[MESSAGE_COUNT] = {
	/* clang-format off */
	[USERS_REGISTER]        = COMMAND_ROW("users.register",       "users.password",   &users_register_schema,        &user_view_schema),
	[USERS_GET]             = QUERY_ROW(  "users.get",            "users.query",      &by_id_schema,                 &user_view_schema),
	[USERS_LIST]            = QUERY_ROW(  "users.list",           "users.query",      &users_list_schema,            &user_page_schema),
	[USERS_CHANGE]          = COMMAND_ROW("users.change",         "users.command",    &users_change_schema,          &user_view_schema),
	[USERS_DISABLE]         = COMMAND_ROW("users.disable",        "users.command",    &by_id_schema,                 &user_view_schema),
	[USERS_KEYS]            = QUERY_ROW(  "users.keys",           "users.query",      NULL,                          &keys_view_schema),
	[TOKENS_GRANT]          = COMMAND_ROW("tokens.grant",         "users.password",   &tokens_grant_schema,          &token_view_schema),
	[TOKENS_REFRESH]        = COMMAND_ROW("tokens.refresh",       "users.command",    &tokens_refresh_schema,        &token_view_schema),
	[TOKENS_REVOKE]         = COMMAND_ROW("tokens.revoke",        "users.command",    &tokens_revoke_schema,         NULL),

	[PRODUCTS_CREATE]       = COMMAND_ROW("products.create",      "products.command", &products_create_schema,       &product_view_schema),
	[PRODUCTS_GET]          = QUERY_ROW(  "products.get",         "products.query",   &by_id_schema,                 &product_view_schema),
	[PRODUCTS_LIST]         = QUERY_ROW(  "products.list",        "products.query",   &products_list_schema,         &product_page_schema),
	[PRODUCTS_CHANGE]       = COMMAND_ROW("products.change",      "products.command", &products_change_schema,       &product_view_schema),
	[PRODUCTS_WITHDRAW]     = COMMAND_ROW("products.withdraw",    "products.command", &by_id_schema,                 &product_view_schema),
	[PRODUCTS_ADJUST_STOCK] = COMMAND_ROW("products.adjust_stock","products.command", &products_adjust_stock_schema, &product_view_schema),

	[ORDERS_PLACE]          = COMMAND_ROW("orders.place",         "orders.command",   &orders_place_schema,          &order_view_schema),
	[ORDERS_GET]            = QUERY_ROW(  "orders.get",           "orders.query",     &by_id_schema,                 &order_view_schema),
	[ORDERS_LIST]           = QUERY_ROW(  "orders.list",          "orders.query",     &orders_list_schema,           &order_page_schema),
	[ORDERS_CANCEL]         = COMMAND_ROW("orders.cancel",        "orders.command",   &by_id_schema,                 &order_view_schema),
	[ORDERS_TIMELINE]       = QUERY_ROW(  "orders.timeline",      "orders.query",     &by_id_schema,                 &timeline_view_schema),

	[USER_REGISTERED]       = EVENT_ROW(  "user.registered",      "svc-users",        "user_id",    &user_event_schema),
	[USER_CHANGED]          = EVENT_ROW(  "user.changed",         "svc-users",        "user_id",    &user_event_schema),
	[USER_DISABLED]         = EVENT_ROW(  "user.disabled",        "svc-users",        "user_id",    &user_event_schema),
	[USER_VERIFIED]         = EVENT_ROW(  "user.verified",        "svc-users",        "order_id",   &user_verified_schema),
	[USER_REFUSED]          = EVENT_ROW(  "user.refused",         "svc-users",        "order_id",   &user_refused_schema),

	[PRODUCT_CREATED]       = EVENT_ROW(  "product.created",      "svc-products",     "product_id", &product_view_schema),
	[PRODUCT_CHANGED]       = EVENT_ROW(  "product.changed",      "svc-products",     "product_id", &product_view_schema),
	[PRODUCT_WITHDRAWN]     = EVENT_ROW(  "product.withdrawn",    "svc-products",     "product_id", &product_view_schema),
	[STOCK_ADJUSTED]        = EVENT_ROW(  "stock.adjusted",       "svc-products",     "product_id", &stock_adjusted_schema),
	[STOCK_RESERVED]        = EVENT_ROW(  "stock.reserved",       "svc-products",     "order_id",   &stock_event_schema),
	[STOCK_REFUSED]         = EVENT_ROW(  "stock.refused",        "svc-products",     "order_id",   &stock_refused_schema),
	[STOCK_RELEASED]        = EVENT_ROW(  "stock.released",       "svc-products",     "order_id",   &stock_event_schema),
	[STOCK_SOLD]            = EVENT_ROW(  "stock.sold",           "svc-products",     "order_id",   &stock_event_schema),
	[RESERVATION_OVERDUE]   = EVENT_ROW(  "reservation.overdue",  "svc-products",     "order_id",   &order_timer_schema),

	[ORDER_PLACED]          = EVENT_ROW(  "order.placed",         "svc-orders",       "order_id",   &order_event_schema),
	[ORDER_CONFIRMED]       = EVENT_ROW(  "order.confirmed",      "svc-orders",       "order_id",   &order_event_schema),
	[ORDER_REJECTED]        = EVENT_ROW(  "order.rejected",       "svc-orders",       "order_id",   &order_event_schema),
	[ORDER_EXPIRED]         = EVENT_ROW(  "order.expired",        "svc-orders",       "order_id",   &order_event_schema),
	[ORDER_CANCELLED]       = EVENT_ROW(  "order.cancelled",      "svc-orders",       "order_id",   &order_event_schema),

	[OPERATOR_REPLAYED]     = EVENT_ROW(  "operator.replayed",    "operator",         "replay_id",  &operator_replayed_schema),

	[ORDER_DEADLINE]        = TIMER_ROW(  "order.deadline",       "svc-orders",       "order_id",   &order_timer_schema),
	[RESERVATION_DEADLINE]  = TIMER_ROW(  "reservation.deadline", "svc-products",     "order_id",   &order_timer_schema),
	/* clang-format on */
};

static const struct responder responders[] = {
	{.queues = "users.", .user = "svc-users"},
	{.queues = "products.", .user = "svc-products"},
	{.queues = "orders.", .user = "svc-orders"},
	{0},
};

const struct contract comanda_contract = {
	.types = types,
	.count = MESSAGE_COUNT,
	.responders = responders,
	.roles = caller_role_names,
	.operator= "operator",
};
